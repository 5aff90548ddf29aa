//! Draws pictures with characters.

use std::ops::ControlFlow;

use backdraft_record::Picture;
use backdraft_text::visible;
use kuva::TerminalBackend;

use super::medium::TERMINAL;
use super::scene::scene;

/// Draws a picture with characters, `columns` wide. With `is_coloured`, it contains ANSI colours.
pub fn to_terminal(picture: &Picture, columns: usize, is_coloured: bool) -> String {
    let rows = (columns / 3).clamp(16, 30);
    let drawing =
        TerminalBackend::new(columns, rows).render_scene(&scene(&upright(picture), &TERMINAL));
    if is_coloured { drawing } else { without_escapes(&drawing) }
}

/// Moves the label of the vertical axis into the heading, because characters cannot be rotated, and escapes
/// control characters.
fn upright(picture: &Picture) -> Picture {
    let symbol = picture.y_label.split(',').next().unwrap_or_default();
    let title = format!("{symbol}: {}", picture.title);
    let mut picture = Picture { title, y_label: String::new(), ..picture.clone() };
    let labels = picture.series.iter_mut().map(|series| &mut series.label);
    for text in labels.chain([&mut picture.title, &mut picture.x_label]) {
        *text = visible(text).into_owned();
    }
    picture
}

/// Removes ANSI colours (`ESC [ … m`).
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            let _ = characters.try_for_each(|c| {
                if c == 'm' { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::fixtures::picture;

    #[test]
    fn without_colour_there_is_no_escape_in_the_terminal_drawing() {
        let plain = to_terminal(&picture(), 90, false);
        assert!(!plain.contains('\u{1b}') && plain.contains("layer"), "{plain}");
        assert!(to_terminal(&picture(), 90, true).contains('\u{1b}'));
    }

    #[test]
    fn control_characters_in_labels_are_escaped() {
        let mut picture = picture();
        picture.series[0].label = "\u{1b}[2Jred\u{202e}".into();
        picture.title = "\u{9b}2J".into();
        let plain = to_terminal(&picture, 90, false);
        assert!(!plain.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{plain}");
        assert!(plain.contains(r"\u{9b}2J") && plain.contains(r"\u{1b}[2Jred"), "{plain}");
    }
}
