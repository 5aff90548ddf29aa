//! The list of runs.

use std::path::Path;

use backdraft_record::Status;
use backdraft_text::{duration, quoted};
use backdraft_verdicts::Ruling;
use maud::{Markup, html};
use serde_json::json;

use super::frame::{STYLE, address, navigation, respond};
use crate::serve::response::Response;
use crate::serve::runs::{Listed, Manifest};

/// The list of runs.
pub(in crate::serve) fn list(out: &Path, runs: &[Listed]) -> Response {
    let body = html! {
        (navigation("runs"))
        header {
            h1 { "Runs" }
            p class="soft" { (runs.len()) " in " span class="path" { (out.display()) } ", newest first" }
        }
        main {
            @if runs.is_empty() {
                p {
                    "There are no runs yet"
                    @if !out.is_dir() { ": this folder does not exist" }
                    ". Make one, and reload this page:"
                }
                pre { "backdraft run sigmoid-vs-relu --out " (quoted(&out.display().to_string())) }
                p { "Or open the " a href="/playground" { "playground" } ", which needs none." }
            } @else {
                label class="search" { "Find " input id="search" type="search" placeholder="experiment, preset, state"; }
                div class="scrolling" tabindex="0" {
                    table id="runs" {
                        thead {
                            tr {
                                th { "experiment" } th { "state" } th { "verdicts" } th { "started" }
                                th { "took" } th { "preset" } th { "run" }
                            }
                        }
                        tbody { @for run in runs { (row(run)) } }
                    }
                }
            }
        }
    };
    respond("Runs of Backdraft", body, include_str!("list.js"), STYLE, &json!(null))
}

fn row(run: &Listed) -> Markup {
    let address = address(&run.experiment, &run.id);
    html! {
        tr {
            td { a href=(address) { (run.experiment) } }
            @match &run.manifest {
                Ok(manifest) => { (cells(manifest, run.has_owner)) }
                Err(reason) => { td colspan="5" class="soft" { "unreadable: " (reason) } }
            }
            td class="path" { (run.id) }
        }
    }
}

fn cells(manifest: &Manifest, has_owner: bool) -> Markup {
    let rulings = [
        (Ruling::Supported, "✓", "supported"),
        (Ruling::Refuted, "✗", "refuted"),
        (Ruling::Inconclusive, "?", "inconclusive"),
    ];
    html! {
        td { (manifest.status.in_words(has_owner)) }
        td class="counts" {
            @for (ruling, sign, name) in rulings {
                @let count = manifest.count(ruling);
                @if count > 0 {
                    span class=(name) title=(name) {
                        span class="ruling" { (count) " " span aria-hidden="true" { (sign) } }
                        span class="visually-hidden" { " " (name) }
                    } " "
                }
            }
        }
        td { time data-unix=(manifest.started_unix) {} }
        td {
            @if manifest.status != Status::Running { (duration(manifest.seconds)) ", " }
            (manifest.trials) " trials"
        }
        td { (manifest.preset) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_shown_as_text() {
        let run = Listed {
            experiment: "<script>alert(1)</script>".to_owned(),
            id: "\"><img src=x onerror=alert(1)>".to_owned(),
            has_owner: false,
            manifest: Err("<b>broken</b>".to_owned()),
        };
        let html = row(&run).into_string();
        for markup in ["<script", "<img", "<b>"] {
            assert!(!html.contains(markup), "{html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
    }
}
