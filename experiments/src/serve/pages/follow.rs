//! The live view of a run.

use backdraft_record::RunFolder;
use maud::html;
use serde_json::json;

use super::frame::{STYLE, address, navigation, respond};
use crate::serve::response::Response;

const SCRIPT: &str = concat!(include_str!("findings.js"), include_str!("follow.js"));

/// A live view of a run.
pub(in crate::serve) fn follow(experiment: &str, id: &str, run: &RunFolder) -> Response {
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
    respond(&format!("{experiment}, live"), body, SCRIPT, STYLE, &data)
}
