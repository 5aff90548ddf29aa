//! Draws pictures as SVG.

use backdraft_record::Picture;
use kuva::backend::svg::SvgBackend;

use super::clips::name_clips;
use super::medium::PAPER;
use super::scene::scene;

/// Draws a picture as SVG.
pub fn to_svg(picture: &Picture) -> String {
    let mut scene = scene(picture, &PAPER);
    name_clips(&mut scene, &picture.name);
    SvgBackend::default().render_scene(&scene)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::fixtures::picture;

    #[test]
    fn labels_in_an_svg_are_escaped() {
        let svg = to_svg(&picture());
        assert!(svg.contains("<svg") && svg.contains("sigmoid") && svg.contains(">theory<"));
        assert!(svg.contains("10⁻"), "powers of ten on the axis");
        assert!(!svg.contains("<script>"), "text from a configuration must not become markup");
    }

    #[test]
    fn the_same_picture_is_the_same_svg_whatever_was_drawn_before() {
        let svg = to_svg(&picture());
        assert_eq!(svg, to_svg(&picture()));
        assert!(svg.contains("<clipPath id=\"p-clip-1\">"), "{svg}");
        assert!(svg.contains("clip-path=\"url(#p-clip-1)\""), "{svg}");
        let other = to_svg(&Picture { name: "<q>".into(), ..picture() });
        assert!(other.contains("<clipPath id=\"q-clip-1\">"), "{other}");
    }

    #[test]
    fn points_that_a_log_axis_cannot_show_are_left_out() {
        let mut picture = picture();
        picture.series[0].points[3].y = 0.0;
        picture.series[0].points[4].y = f64::NAN;
        assert!(!to_svg(&picture).contains("NaN"));
    }
}
