//! Sentences in which backticks mark what a reader would type.

use maud::{Markup, html};

/// Returns a text with `code` where it is marked; everything in it is escaped, and a backtick without a
/// partner stays one.
pub(crate) fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    let is_paired = |index: usize| index + 1 < parts.len();
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index % 2 == 0 { (part) }
            @else if is_paired(index) { code { (part) } }
            @else { "`" (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_is_code_and_stays_text() {
        for (text, html) in [
            ("plain", "plain"),
            ("Burn's `Linear` and `a<b`.", "Burn's <code>Linear</code> and <code>a&lt;b</code>."),
            ("`<script>`", "<code>&lt;script&gt;</code>"),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
            ("", ""),
        ] {
            assert_eq!(prose(text).into_string(), html);
        }
    }
}
