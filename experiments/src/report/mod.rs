//! The report of a run: one page that explains itself, with everything that was measured.

mod conclusions;
mod setup;

use maud::html;
use serde::Serialize;

use crate::experiment::About;
use crate::page::{LineChart, Page};
use crate::picture::Picture;
use crate::record::Manifest;
use crate::results::Results;

/// What a report tells of.
pub(crate) struct Report<'a> {
    /// The experiment.
    pub(crate) about: &'a About,
    /// What was run, and how it ended.
    pub(crate) manifest: &'a Manifest,
    /// The experiment's own pictures.
    pub(crate) pictures: &'a [Picture],
    /// What was measured.
    pub(crate) results: &'a Results,
}

/// What the page's script draws.
#[derive(Serialize)]
struct Data<'a> {
    pictures: Vec<LineChart<'a>>,
}

impl Report<'_> {
    /// Returns the report as an HTML file.
    ///
    /// # Errors
    ///
    /// The serialiser's, if the data have no form in JSON.
    pub(crate) fn to_html(&self) -> Result<String, serde_json::Error> {
        let Self { about, manifest, pictures, results } = self;
        let pictures: Vec<_> = pictures.iter().map(LineChart::from).collect();
        let body = html! {
            (conclusions::header(about, manifest))
            main {
                (conclusions::verdicts(manifest, results))
                h2 { "What was measured" }
                div class="charts" id="pictures" {
                    @for _ in &pictures { figure {} }
                }
                (setup::setup(about, manifest, results))
            }
            footer { "Made by Backdraft " (manifest.versions.backdraft) ". This page needs no network." }
        };
        let title = format!("{}: {}", about.name, about.title);
        let page = Page { title: &title, body, script: include_str!("report.js") };
        page.to_html(&Data { pictures })
    }
}
