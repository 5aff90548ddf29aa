//! Escapes characters that could control a terminal or deceive its reader.

use std::borrow::Cow;
use std::fmt::Write;

/// Most characters of user input that a message quotes.
const QUOTED: usize = 80;

/// Escapes control characters and bidirectional overrides, as in `\u{1b}`. Line breaks and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, |c| c.escape_unicode().to_string())
}

/// Does the same in JSON, where such characters occur only in strings. The value stays the same.
pub fn visible_json(text: &str) -> Cow<'_, str> {
    replaced(text, |c| {
        let mut escape = String::new();
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(escape, "\\u{unit:04x}");
        }
        escape
    })
}

/// Shortens user input that a message quotes.
pub fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(QUOTED - 1).chain(['…']).collect()),
    }
}

/// Shortens a reason that quotes user input: its words, and its middle if it is still long. Its end, which
/// says what was expected, stays.
pub fn elided(text: &str) -> String {
    const REASON: usize = 1_000;
    let text = text.split(' ').map(shortened).collect::<Vec<_>>().join(" ");
    let count = text.chars().count();
    if count <= REASON {
        return text;
    }
    let head = text.chars().take(QUOTED).chain(" … ".chars());
    head.chain(text.chars().skip(count - REASON / 2)).collect()
}

fn replaced(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_deceptive(c) {
            shown += &escape(c);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Returns whether a character does anything but stand for itself.
fn is_deceptive(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Directional marks, embeddings, overrides and isolates.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        // Line and paragraph separators, byte order mark, annotations, tags.
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_overrides_are_escaped_and_nothing_else() {
        for (text, shown) in [
            ("σ, 漢字, é, 👩‍🔬 and\n\ttabs", "σ, 漢字, é, 👩‍🔬 and\n\ttabs"),
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            (
                "nul \0, return \r, bell \u{7}, delete \u{7f}",
                r"nul \u{0}, return \u{d}, bell \u{7}, delete \u{7f}",
            ),
            ("C1 \u{9b}31m", r"C1 \u{9b}31m"),
            ("\u{202e}desrever", r"\u{202e}desrever"),
            ("\u{2066}isolated\u{2069}", r"\u{2066}isolated\u{2069}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        let controls: String = (0..0xa0).filter_map(char::from_u32).collect();
        let shown = visible(&controls);
        assert!(shown.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{shown}");
    }

    #[test]
    fn json_keeps_its_value() {
        let value = ["\u{1b}[31m", "\u{7f}", "\u{9b}", "\u{202e}", "\u{e0001}", "σ\n", "\\u{1b}"];
        let json = serde_json::to_string_pretty(&value).unwrap();
        let shown = visible_json(&json);
        assert!(!shown.contains(is_deceptive), "{shown}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), value);
    }

    #[test]
    fn quoted_input_has_at_most_eighty_characters() {
        assert_eq!(shortened("depths"), "depths");
        let [fits, long] = [80, 81].map(|length| "σ".repeat(length));
        assert_eq!(shortened(&fits), fits);
        assert_eq!(shortened(&long), "σ".repeat(79) + "…");
        for (quoted, most) in [("x".repeat(100_000), 120), ("x ".repeat(100_000), 600)] {
            let told = elided(&format!("string \"{quoted}\", expected a number"));
            assert!(
                told.starts_with("string \"x") && told.ends_with("expected a number"),
                "{told}"
            );
            assert!(told.chars().count() < most, "{told}");
        }
        assert_eq!(elided("expected a number"), "expected a number");
    }
}
