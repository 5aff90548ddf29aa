//! Self-contained HTML pages, which need no network and run only their own script.
//!
//! Text gets into a page as [`Markup`], which escapes it, or as JSON, which scripts show as text.

mod chart;
mod prose;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
pub use chart::LineChart;
use maud::{DOCTYPE, Markup, PreEscaped, html};
pub use prose::prose;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::palette::{DARK, LIGHT};

const STYLE: &str = include_str!("style.css");

/// The libraries of a page's script: scales and lines of `d3`, and the charts in `backdraft`. The head of
/// each file describes it.
const CHARTS: &str = concat!(
    include_str!("vendor/d3.min.js"),
    "\n",
    include_str!("charts/frame.js"),
    include_str!("charts/line.js"),
    include_str!("charts/heat.js"),
    include_str!("charts/bars.js"),
);

/// A page before it is rendered.
pub struct Page<'a> {
    /// Title of the window.
    pub title: &'a str,
    /// Content of `<body>`.
    pub body: Markup,
    /// The page's own script. It finds the charts in `backdraft` and the data in
    /// `JSON.parse(document.getElementById("data").textContent)`.
    pub script: &'a str,
}

impl Page<'_> {
    /// Returns the page as an HTML file with its data.
    ///
    /// # Errors
    ///
    /// An error of the serialiser, if the data cannot be expressed in JSON.
    pub fn to_html(&self, data: &impl Serialize) -> Result<String, serde_json::Error> {
        self.to_styled_html("", data)
    }

    /// Returns the page with an additional style sheet.
    ///
    /// # Errors
    ///
    /// As in [`to_html`](Self::to_html).
    pub fn to_styled_html(
        &self,
        style: &str,
        data: &impl Serialize,
    ) -> Result<String, serde_json::Error> {
        // Within a script element, only `<` could end the data or start a comment.
        let data = serde_json::to_string(data)?.replace('<', "\\u003c");
        let script = format!("{CHARTS}\n{}", self.script);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy(&script));
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) (PreEscaped(series_colors())) (PreEscaped(style)) }
                }
                body {
                    (self.body)
                    script type="application/json" id="data" { (PreEscaped(data)) }
                    script { (PreEscaped(script)) }
                }
            }
        };
        Ok(page.into_string())
    }
}

/// Allows only this script, in case markup ever slips in. A served page may ask its server.
fn policy(script: &str) -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(script.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; \
         img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )
}

fn series_colors() -> String {
    let variables = |palette: [&str; 7]| {
        let list = palette.iter().enumerate();
        list.map(|(i, color)| format!("--series-{i}: {color};")).collect::<String>()
    };
    format!(
        ":root {{ {} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {} }} }}",
        variables(LIGHT),
        variables(DARK)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_in_markup_title_and_data() {
        let hostile = "</script><script>alert(1)</script><!--";
        let page = Page { title: hostile, body: html! { p { (hostile) } }, script: "" };
        let html = page.to_html(&[hostile]).unwrap();
        assert!(!html.contains("<script>alert"), "{html}");
        let data = html.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        assert_eq!(serde_json::from_str::<[String; 1]>(data).unwrap(), [hostile]);
    }

    #[test]
    fn the_style_sheet_and_the_scripts_do_not_end_their_elements() {
        assert!(!STYLE.contains("</style") && !CHARTS.contains("</script"));
    }

    #[test]
    fn a_page_loads_nothing() {
        let html = Page { title: "", body: html! {}, script: "" }.to_html(&()).unwrap();
        for address in ["src=", "@import", "url(", "<link rel=\"stylesheet"] {
            assert!(!html.contains(address), "{address}");
        }
    }
}
