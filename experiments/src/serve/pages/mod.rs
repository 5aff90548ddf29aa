//! HTML pages.

mod list;

pub(super) use list::list;
use maud::{Markup, PreEscaped, html};
use serde_json::json;

use super::response::Response;
use crate::page::Page;
use crate::record::RunFolder;

const STYLE: &str = include_str!("pages.css");
const PLAYGROUND_STYLE: &str = concat!(include_str!("pages.css"), include_str!("playground.css"));
const PLAYGROUND: &str = concat!(
    include_str!("findings.js"),
    include_str!("playground/presets.js"),
    include_str!("playground/controls.js"),
    include_str!("playground/river.js"),
    include_str!("playground/show.js"),
    include_str!("playground/play.js"),
);
const FOLLOW: &str = concat!(include_str!("findings.js"), include_str!("follow.js"));

/// The playground.
pub(super) fn playground() -> Response {
    let body = html! {
        (navigation("playground"))
        (PreEscaped(include_str!("playground.html")))
    };
    respond("Playground: how the gradient flows", body, PLAYGROUND, PLAYGROUND_STYLE, &json!(null))
}

/// A live view of a run.
pub(super) fn follow(experiment: &str, id: &str, run: &RunFolder) -> Response {
    let command = run.manifest().map(|manifest| manifest.command).unwrap_or_default();
    let body = html! {
        (navigation(""))
        header {
            p class="soft" { "Run " span class="path" { (id) } }
            h1 { (experiment) }
            p id="standing" role="status" { "Reading measurements …" }
            progress id="done" aria-label="Trials that have ended" max="1" value="0" {}
        }
        main {
            section aria-labelledby="trial-title" {
                h2 id="trial-title" { "Trial" }
                div class="controls" {
                    label { "Trial " select id="trial" {} }
                    label { input id="latest" type="checkbox" checked; "always the latest" }
                }
                div class="charts" { figure id="norms" {} figure id="loss" {} figure id="scores" {} }
                ul class="findings" id="findings" {}
            }
            section aria-labelledby="trials-title" {
                h2 id="trials-title" { "All trials" }
                div class="scrolling tall" tabindex="0" {
                    table {
                        thead { tr { th { "trial" } th { "step" } th { "loss" } th { "state" } } }
                        tbody id="trials" {}
                    }
                }
            }
            section aria-labelledby="command-title" {
                h2 id="command-title" { "Command" }
                pre { (command) }
            }
        }
    };
    let data = json!({ "api": format!("/api{}", address(experiment, id).trim_end_matches('/')) });
    respond(&format!("{experiment}, live"), body, FOLLOW, STYLE, &data)
}

/// The address of a run's page.
pub(super) fn address(experiment: &str, id: &str) -> String {
    format!("/runs/{}/{}/", encoded(experiment), encoded(id))
}

fn respond(
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
fn navigation(current: &str) -> Markup {
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
