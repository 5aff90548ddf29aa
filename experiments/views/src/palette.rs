//! The colours of series, the same in figures and on pages.
//!
//! Both palettes were searched for the greatest least distance (CIE76, Lab) between any two colours
//! as people without and with protanopia, deuteranopia and tritanopia see them (Machado, Oliveira and
//! Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009, severity
//! 1): it is 28 at least. Okabe and Ito's yellow and sky blue fall short of the contrast of 3 to 1 with
//! white that WCAG 2.2 asks of graphics (1.4.11).

/// On white.
pub const LIGHT: [&str; 7] =
    ["#203886", "#df7903", "#1aa56c", "#ba7fb8", "#772900", "#9780ff", "#543640"];

/// On the dark background of pages.
pub const DARK: [&str; 7] =
    ["#3e86f8", "#c57c00", "#4ce5ab", "#9a78ac", "#e14a5a", "#ffe33a", "#c9e4ff"];

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, "relative luminance".
    fn luminance(color: &str) -> f64 {
        let channel = |start: usize| {
            let value = u8::from_str_radix(&color[start..start + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_colour_stands_out_from_its_background() {
        // The `--paper` of the style sheet.
        let style = include_str!("page/style.css");
        for (palette, paper) in [(LIGHT, "#ffffff"), (DARK, "#14171c")] {
            assert!(style.contains(&format!("--paper: {paper}")));
            for color in palette {
                assert!(contrast(color, paper) >= 3.0, "{color} on {paper}");
            }
        }
    }
}
