//! The playground.

use maud::{PreEscaped, html};
use serde_json::json;

use super::frame::{navigation, respond};
use crate::serve::response::Response;

const STYLE: &str = concat!(include_str!("pages.css"), include_str!("playground.css"));
const SCRIPT: &str = concat!(
    include_str!("findings.js"),
    include_str!("playground/presets.js"),
    include_str!("playground/controls.js"),
    include_str!("playground/river.js"),
    include_str!("playground/show.js"),
    include_str!("playground/why.js"),
    include_str!("playground/play.js"),
);
/// The playground.
pub(in crate::serve) fn playground() -> Response {
    let body = html! {
        (navigation("playground"))
        (PreEscaped(include_str!("playground.html")))
    };
    respond("Playground: how the gradient flows", body, SCRIPT, STYLE, &json!(null))
}
