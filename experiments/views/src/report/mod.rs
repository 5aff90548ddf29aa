//! The report of a run: one page that explains itself, with everything that was measured.

mod answer;
mod conclusions;
mod course;
mod diagnosis;
mod logs;
mod profile;
mod quantities;
mod setup;
mod spread;

use backdraft_record::{About, Factors, Manifest, Picture, Results, TrialResult};
use backdraft_rows::Axis;
use maud::{Markup, html};
use serde::Serialize;

use crate::page::{LineChart, Page};
pub use answer::answer;
pub use conclusions::measured;
use course::Course;
pub use logs::logs_page;
use profile::Profile;
pub use quantities::{Shown, shown};

const SCRIPT: &str = concat!(
    include_str!("script/chooser.js"),
    include_str!("script/explorer.js"),
    include_str!("script/report.js"),
);

/// What a report tells of.
pub struct Report<'a> {
    /// The experiment.
    pub about: &'a About,
    /// What was run, and how it ended.
    pub manifest: &'a Manifest,
    /// The experiment's own pictures.
    pub pictures: &'a [Picture],
    /// What was measured.
    pub results: &'a Results,
}

/// What the page's script draws.
#[derive(Serialize)]
struct Data<'a> {
    pictures: Vec<LineChart<'a>>,
    variants: Vec<&'a Factors>,
    profiles: Vec<Profile>,
    courses: Vec<Course>,
}

impl Report<'_> {
    /// Returns the report as an HTML file.
    ///
    /// # Errors
    ///
    /// The serialiser's, if the data have no form in JSON.
    pub fn to_html(&self) -> Result<String, serde_json::Error> {
        let Self { about, manifest, pictures, results } = self;
        let variants = variants(results.trials());
        let data = Data {
            pictures: pictures.iter().map(LineChart::from).collect(),
            variants: variants.iter().map(|(factors, _)| *factors).collect(),
            profiles: profile::profiles(&variants, pictures),
            courses: course::courses(&variants),
        };
        let body = html! {
            (conclusions::header(about, manifest))
            main {
                (conclusions::answered(manifest))
                (pictures_of(&data))
                (conclusions::verdicts(manifest, results))
                (figures(&data))
                (diagnosis::diagnosis(Some(&manifest.id), &variants))
                (setup::setup(about, manifest, results))
            }
            footer {
                "Made by Backdraft " (manifest.versions.backdraft) ". This page needs no network."
            }
        };
        let title = format!("{}: {}", about.name, about.title);
        Page { title: &title, body, script: SCRIPT }.to_html(&data)
    }
}

/// The trials by variant.
fn variants(trials: &[TrialResult]) -> Vec<(&Factors, Vec<&TrialResult>)> {
    let same = |a: &TrialResult, b: &TrialResult| a.factors == b.factors;
    let chunks = trials.chunk_by(same);
    chunks.map(|trials| (&trials[0].factors, trials.iter().collect())).collect()
}

/// Places for the experiment's own pictures.
fn pictures_of(data: &Data) -> Markup {
    html! {
        @if !data.pictures.is_empty() {
            section aria-labelledby="pictures-title" {
                h2 id="pictures-title" { "What the experiment shows" }
                div class="charts" id="pictures" { @for _ in &data.pictures { figure {} } }
            }
        }
    }
}

/// Places for what else the script draws.
fn figures(data: &Data) -> Markup {
    let has = |axis| data.profiles.iter().any(|profile| profile.axis == axis);
    html! {
        @if has(Axis::Depth) {
            section aria-labelledby="layers-title" {
                h2 id="layers-title" { "Layer by layer" }
                div id="layers" {}
            }
        }
        @if has(Axis::Time) {
            section aria-labelledby="lags-title" {
                h2 id="lags-title" { "Back in time" }
                div id="lags" {}
            }
        }
        @if !data.courses.is_empty() {
            section aria-labelledby="courses-title" {
                h2 id="courses-title" { "Through training" }
                div id="courses" {}
            }
        }
        noscript { p { "The charts are drawn by a script; the figures of the run are in " code { "figures/" } "." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::Ending;
    use backdraft_record::Versions;
    use backdraft_record::fixtures::manifest;
    use backdraft_rows::{QuantityName, Row};
    use backdraft_verdicts::{Effect, Ruling, Statement, Verdict};

    const HOSTILE: &str = "</script><script>alert(1)</script>";

    /// A run in which everything that can be a text is hostile.
    fn hostile() -> (Manifest, Vec<Picture>, Results) {
        let claim = Statement { id: HOSTILE, statement: HOSTILE, rule: HOSTILE };
        let effect = Effect { name: HOSTILE.to_owned(), estimate: 1.0, interval: None };
        let verdict = Verdict::new(&claim, Ruling::Refuted, Some(effect), 1, HOSTILE.to_owned());
        let manifest = Manifest {
            experiment: HOSTILE.to_owned(),
            id: HOSTILE.to_owned(),
            settings: toml::Table::from_iter([(HOSTILE.to_owned(), HOSTILE.into())]),
            backend: HOSTILE.to_owned(),
            device: HOSTILE.to_owned(),
            versions: Versions { build: HOSTILE.to_owned(), ..Versions::current() },
            command: HOSTILE.to_owned(),
            verdicts: vec![verdict],
            ..manifest()
        };
        let row = |layer: usize| {
            let norm = 0.1f64.powi(12 - layer as i32);
            let subject = format!("{HOSTILE}.{layer}");
            Row::new(0, QuantityName::ACTIVATION_GRADIENT_NORM, subject, norm)
        };
        let trial = TrialResult {
            factors: Factors::new([(HOSTILE, HOSTILE.to_owned())]),
            seed: 0,
            rows: (0..12).map(row).collect(),
            ending: Ending::Failed { message: HOSTILE.to_owned() },
        };
        let pictures = vec![Picture::new(HOSTILE, HOSTILE, HOSTILE, HOSTILE).measured(HOSTILE, [])];
        (manifest, pictures, Results::new(vec![trial]))
    }

    #[test]
    fn a_script_in_any_text_of_a_run_stays_text() {
        let (manifest, pictures, results) = hostile();
        let claims = &[Statement { id: HOSTILE, statement: HOSTILE, rule: HOSTILE }];
        let about =
            About { name: HOSTILE, title: HOSTILE, question: HOSTILE, sources: &[HOSTILE], claims };
        let about = &about;
        let report = Report { about, manifest: &manifest, pictures: &pictures, results: &results };
        let html = report.to_html().unwrap();
        assert!(!html.contains("<script>alert"), "a text became markup");
        // It is there as text: in the diagnosis, the settings, the endings, the verdicts.
        assert!(html.matches("&lt;script&gt;alert").count() > 10);
        let scripts = html.matches("<script").count();
        assert_eq!((scripts, html.matches("</script>").count()), (2, 2), "data and program");
    }
}
