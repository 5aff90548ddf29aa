//! Figures for papers and slides: single files with embedded fonts.

use anyhow::anyhow;
use backdraft_record::Picture;
use backdraft_text::Named;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::svg::to_svg;

/// DejaVu Sans, which the layout is made for, with Western European, Greek and mathematical characters. Made by fontTools 4.60.1 from version 2.37:
/// `pyftsubset DejaVuSans.ttf --flavor=woff2 --layout-features= --unicodes=U+0020-007E,U+00A0-00FF,
/// U+0370-03FF,U+2010-2016,U+2018-201D,U+2020,U+2022,U+2026,U+2032,U+2070-209C,U+2190-2193,U+2202,
/// U+2206-2208,U+220F,U+2211,U+2212,U+221A,U+221E,U+2223,U+2225,U+2248,U+2260,U+2264,U+2265,U+22C5`.
const FONT: &[u8] = include_bytes!("font.woff2");
/// The same characters for PNG, whose library does not read woff2: as above without `--flavor`.
#[cfg(feature = "figures")]
const TRUE_TYPE: &[u8] = include_bytes!("font.ttf");

/// Width of a PDF in points: 17 cm, the text width of a page.
#[cfg(feature = "figures")]
const POINTS: f64 = 17.0 / 2.54 * 72.0;
/// Width of a PNG in pixels: 300 dots per inch at that width, 600 in a column of half the width.
#[cfg(feature = "figures")]
const PIXELS: f32 = 2_008.0;

/// A format of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureFormat {
    /// Scalable, with an embedded font.
    Svg,
    /// Pixels; needs the feature `figures`.
    Png,
    /// Scalable, with an embedded font; needs the feature `figures`.
    Pdf,
}

impl Named for FigureFormat {
    const KIND: &'static str = "format";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Svg, "svg", "Scalable, with an embedded font"),
        (Self::Png, "png", "Pixels; needs the feature `figures`"),
        (Self::Pdf, "pdf", "Scalable, with an embedded font; needs the feature `figures`"),
    ];
}

/// Draws a picture in a format.
///
/// # Errors
///
/// If the format is not built in, or the plotting library fails.
pub fn to_figure(picture: &Picture, format: FigureFormat) -> anyhow::Result<Vec<u8>> {
    match format {
        FigureFormat::Svg => Ok(with_font(&to_svg(picture)).into_bytes()),
        #[cfg(feature = "figures")]
        FigureFormat::Png => to_png(&to_svg(picture)),
        #[cfg(feature = "figures")]
        FigureFormat::Pdf => {
            let scene = super::scene::scene(picture, &super::medium::PAPER);
            let page = kuva::PageSize::points(POINTS, POINTS * scene.height / scene.width);
            let backend = kuva::PdfBackend::default().with_page_size(page);
            backend.render_scenes(&[scene]).map_err(|reason| anyhow!(reason))
        }
        #[cfg(not(feature = "figures"))]
        FigureFormat::Png | FigureFormat::Pdf => Err(anyhow!(
            "this build writes figures as svg only: use `cargo run --release --features figures -- \
             figure …` for {}",
            format.name()
        )),
    }
}

/// Draws an SVG as pixels.
///
/// The plotting library's own pixels lack dashes of two lengths and blur rotated text.
#[cfg(feature = "figures")]
fn to_png(svg: &str) -> anyhow::Result<Vec<u8>> {
    use resvg::{tiny_skia, usvg};

    let mut options = usvg::Options::default();
    options.fontdb_mut().load_font_data(TRUE_TYPE.to_vec());
    let tree = usvg::Tree::from_str(svg, &options)?;
    let scale = PIXELS / tree.size().width();
    let height = (tree.size().height() * scale).ceil();
    let mut pixels = tiny_skia::Pixmap::new(PIXELS as u32, height as u32)
        .ok_or_else(|| anyhow!("a picture of {PIXELS} × {height} pixels cannot be held"))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    Ok(pixels.encode_png()?)
}

/// Embeds the font in an SVG, so that it looks the same everywhere.
fn with_font(svg: &str) -> String {
    let font = BASE64_STANDARD.encode(FONT);
    let style = format!(
        "<style>@font-face{{font-family:\"DejaVu Sans\";\
         src:url(data:font/woff2;base64,{font}) format(\"woff2\")}}</style>"
    );
    match svg.split_once('>') {
        Some((root, rest)) => format!("{root}>{style}{rest}"),
        None => svg.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::Point;

    fn picture() -> Picture {
        let points = [1.0, 2.0].map(|x| Point { x, y: 0.1f64.powf(x), interval: None });
        Picture::new("p", "Title", "layer", "‖∂L/∂h‖").logarithmic().measured("a", points)
    }

    #[test]
    fn an_svg_contains_its_font() {
        let svg = to_figure(&picture(), FigureFormat::Svg).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("font/woff2") && svg.contains("‖∂L/∂h‖"));
    }

    #[test]
    #[cfg(feature = "figures")]
    fn a_png_has_its_signature_and_a_pdf_its_font() {
        assert!(to_figure(&picture(), FigureFormat::Png).unwrap().starts_with(b"\x89PNG\r\n"));
        let pdf = to_figure(&picture(), FigureFormat::Pdf).unwrap();
        let has = |part: &[u8]| pdf.windows(part.len()).any(|window| window == part);
        assert!(pdf.starts_with(b"%PDF-") && has(b"/FontFile"));
    }
}
