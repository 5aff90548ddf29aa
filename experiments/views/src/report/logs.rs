//! The page of a diagnosis: findings, profiles and courses of logs.

use backdraft_record::{Ending, Factors, TrialResult};
use backdraft_rows::Row;
use maud::html;

use super::{Data, SCRIPT, course, diagnosis, figures, profile, variants};
use crate::page::Page;

/// Returns a page that tells of logs, each a name and its rows, side by side.
///
/// # Errors
///
/// The serialiser's, if the data have no form in JSON.
pub fn logs_page<'a>(
    logs: impl IntoIterator<Item = (&'a str, &'a [Row])>,
) -> Result<String, serde_json::Error> {
    let trial = |(name, rows): (&str, &[Row])| TrialResult {
        factors: Factors::new([("log", name.to_owned())]),
        seed: 0,
        rows: rows.to_vec(),
        ending: Ending::Finished,
    };
    let trials: Vec<TrialResult> = logs.into_iter().map(trial).collect();
    let variants = variants(&trials);
    let data = Data {
        pictures: Vec::new(),
        variants: variants.iter().map(|(factors, _)| *factors).collect(),
        profiles: profile::profiles(&variants, &[]),
        courses: course::courses(&variants),
    };
    let body = html! {
        header {
            p class="soft" { "Backdraft · " span class="path" { "diagnose" } }
            h1 { "What the gradients of a training say" }
            ul { @for trial in &trials { @for (_, name) in trial.factors.levels() { li { (name) } } } }
        }
        main {
            (diagnosis::diagnosis(None, &variants))
            (figures(&data))
        }
        footer { "Made by Backdraft. This page needs no network." }
    };
    Page { title: "Diagnosis", body, script: SCRIPT }.to_html(&data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::QuantityName;

    #[test]
    fn a_page_tells_the_findings_of_each_log_and_escapes_their_names() {
        let norms = |factor: f64| -> Vec<Row> {
            let row = |layer: i32| {
                let subject = format!("layers.{layer}.weight");
                Row::new(0, QuantityName::GRADIENT_NORM, subject, factor.powi(11 - layer))
            };
            (0..12).map(row).collect()
        };
        let (sick, healthy) = (norms(0.1), norms(0.9));
        let html = logs_page([("<script>sick", &*sick), ("healthy", &*healthy)]).unwrap();
        assert!(html.contains("vanishing") && html.contains("layers.0.weight"));
        assert!(html.contains("log &lt;script&gt;sick") && !html.contains("<script>sick"));
        assert!(!html.contains("log healthy"), "nothing was found in it");
        let none = logs_page([("healthy", &*healthy)]).unwrap();
        assert!(none.contains("rules found trouble"));
    }
}
