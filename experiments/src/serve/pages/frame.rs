//! What the pages have in common: style, links and addresses.

use backdraft_views::page::Page;
use maud::{Markup, html};

use crate::serve::response::Response;

/// The style sheet of every page.
pub(super) const STYLE: &str = include_str!("pages.css");

/// The address of a run's page.
pub(in crate::serve) fn address(experiment: &str, id: &str) -> String {
    format!("/runs/{}/{}/", encoded(experiment), encoded(id))
}

/// Responds with a page.
pub(super) fn respond(
    title: &str,
    body: Markup,
    script: &str,
    style: &str,
    data: &serde_json::Value,
) -> Response {
    match (Page { title, body, script }).to_styled_html(style, data) {
        Ok(page) => Response::page(page),
        Err(error) => Response::refusal(500, &error.to_string()),
    }
}

/// Links to the other pages; `current` is the page that they are on.
pub(super) fn navigation(current: &str) -> Markup {
    let current = |page| (page == current).then_some("page");
    html! {
        nav aria-label="Backdraft" {
            a class="name" href="/" { "Backdraft" }
            a href="/" aria-current=[current("runs")] { "Runs" }
            a href="/playground" aria-current=[current("playground")] { "Playground" }
        }
    }
}

/// Percent-encodes a part of a path.
fn encoded(part: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    part.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_nothing_but_letters_and_digits() {
        assert_eq!(address("a b", "<script>"), "/runs/a%20b/%3Cscript%3E/");
        assert_eq!(address("σ", "x/../y"), "/runs/%CF%83/x%2F..%2Fy/");
    }
}
