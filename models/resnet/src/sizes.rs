//! The number of pixels at each batch normalisation.

use crate::config::ResnetConfig;
use crate::options::{ActivationOrder, StemKind};

impl ResnetConfig {
    /// Returns the path of every batch normalisation, in order, with the number of pixels per
    /// channel there.
    pub(crate) fn normalised_sizes(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        if !self.has_norm() {
            return found;
        }
        let is_pre = self.order == ActivationOrder::Pre;
        let pixels = |[height, width]: [usize; 2]| height * width;
        // Convolutions are padded by half a filter, so a stride divides the sides, rounding up.
        let halved = |sides: [usize; 2]| sides.map(|side| side.div_ceil(2));
        let [_, height, width] = self.input_shape;
        let is_large = self.stem == StemKind::Large;
        let mut sides = if is_large { halved([height, width]) } else { [height, width] };
        if !is_pre {
            found.push(("stem.norm".to_owned(), pixels(sides)));
        }
        if is_large {
            sides = halved(sides);
        }
        for (index, shape) in self.blocks().enumerate() {
            let before = sides;
            if shape.stride == 2 {
                sides = halved(sides);
            }
            let first = if is_pre { before } else { sides };
            found.push((format!("blocks.{index}.norm1"), pixels(first)));
            found.push((format!("blocks.{index}.norm2"), pixels(sides)));
            if self.is_projected(shape) {
                found.push((format!("blocks.{index}.shortcut.normalization"), pixels(sides)));
            }
        }
        if is_pre {
            found.push(("norm".to_owned(), pixels(sides)));
        }
        found
    }
}
