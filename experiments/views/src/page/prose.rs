//! Text with code in backticks.

use maud::{Markup, html};

/// Converts text to markup with `code` elements for what is in backticks. Everything is escaped, and an
/// unpaired backtick stays.
pub fn prose(text: &str) -> Markup {
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
    fn backticks_become_code_and_everything_is_escaped() {
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
