//! Names for what a drawing refers to inside itself.

use kuva::render::render::{Primitive, Scene};

/// Names the clipped regions of a drawing after its picture. The library numbers them through the life of
/// the process, so that the same picture would be another file each time it is drawn.
pub(super) fn name_clips(scene: &mut Scene, picture: &str) {
    let picture: String =
        picture.chars().filter(|sign| sign.is_ascii_alphanumeric() || *sign == '-').collect();
    let Scene { elements, defs, .. } = scene;
    let ids = elements.iter_mut().filter_map(|element| match element {
        Primitive::ClipStart { id, .. } => Some(id),
        _ => None,
    });
    for (number, id) in (1..).zip(ids) {
        let name = format!("{picture}-clip-{number}");
        let (old, new) = (format!("id=\"{id}\""), format!("id=\"{name}\""));
        defs.iter_mut().for_each(|definition| *definition = definition.replace(&old, &new));
        *id = name;
    }
}
