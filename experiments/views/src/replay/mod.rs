//! A page on the steps around a finding, with every value under a slider.

use std::collections::{BTreeSet, HashMap};

use backdraft_rows::{Departure, Part, QuantityName, Row, Story, Subject};
use backdraft_text::number;
use maud::{Markup, html};
use serde::Serialize;

use crate::page::Page;

const SCRIPT: &str = include_str!("replay.js");
const STYLE: &str =
    ".left { font-weight: bold; text-decoration: underline; } #step { width: 100%; }";
/// Departures that are listed.
const MOST_FOLLOWED: usize = 40;

/// What the page tells of.
pub struct ReplayPage<'a> {
    /// What was replayed, in one line.
    pub title: &'a str,
    /// What is to be said of the replay itself.
    pub remarks: &'a [String],
    /// What left its range.
    pub story: &'a Story,
    /// The measurements of the steps.
    pub rows: &'a [Row],
    /// The batch, in one line, and its examples, in a line each.
    pub batch: Option<(&'a str, &'a [String])>,
}

/// A value as the page shows it: JSON has no NaN.
#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Value {
    Finite(f64),
    NotFinite(String),
}

/// What the slider shows.
#[derive(Serialize)]
struct Data<'a> {
    steps: Vec<u64>,
    subjects: Vec<&'a Subject>,
    quantities: Vec<&'a QuantityName>,
    /// By step, subject and quantity.
    values: Vec<Vec<Vec<Option<Value>>>>,
    departures: &'a [Departure],
}

impl ReplayPage<'_> {
    /// Returns the page as an HTML file.
    ///
    /// # Errors
    ///
    /// The serialiser's, if the data have no form in JSON.
    pub fn to_html(&self) -> Result<String, serde_json::Error> {
        let data = Data::of(self.story, self.rows);
        let body = html! {
            header { p class="soft" { "Backdraft · replay" } h1 { (self.title) } }
            main {
                @for remark in self.remarks { p { (remark) } }
                (told(self.story))
                @if let Some((batch, examples)) = self.batch {
                    section aria-labelledby="batch" {
                        h2 id="batch" { "The batch" }
                        p { (batch) }
                        ul { @for example in examples { li { (example) } } }
                    }
                }
                (slider(&data, self.story))
            }
        };
        Page { title: self.title, body, script: SCRIPT }.to_styled_html(STYLE, &data)
    }
}

fn told(story: &Story) -> Markup {
    let (shown, more) = story.departures.split_at(story.departures.len().min(MOST_FOLLOWED));
    html! {
        section aria-labelledby="story" {
            h2 id="story" { "What left its range" }
            @if shown.is_empty() { p { "Every value keeps to its range." } }
            ol { @for departure in shown { li { (departure) } } }
            @if !more.is_empty() { p { "… and " (more.len()) " more." } }
            @if let Some(cause) = story.cause() {
                p {
                    "The values of the first before: "
                    @for (step, value) in before(story, cause.step) {
                        "step " (step) ": " (number(value)) "; "
                    }
                }
            }
        }
    }
}

/// The five values before a step.
fn before(story: &Story, step: u64) -> Vec<(u64, f64)> {
    let earlier: Vec<(u64, f64)> =
        story.course.iter().filter(|(known, _)| *known < step).copied().collect();
    earlier[earlier.len().saturating_sub(5)..].to_vec()
}

fn slider(data: &Data<'_>, story: &Story) -> Markup {
    let cause = story.cause().and_then(|cause| data.steps.iter().position(|s| *s == cause.step));
    html! {
        section aria-labelledby="steps" {
            h2 id="steps" { "Step by step" }
            label for="step" { "Step " span id="shown" {} }
            input id="step" type="range" min="0" max=(data.steps.len().saturating_sub(1))
                value=(cause.unwrap_or(0));
            table {
                thead { tr { th {} @for quantity in &data.quantities { th { (quantity) } } } }
                tbody id="values" {}
            }
        }
    }
}

impl<'a> Data<'a> {
    fn of(story: &'a Story, rows: &'a [Row]) -> Self {
        let judged = || rows.iter().filter(|row| Part::of(&row.quantity).is_some());
        let steps: Vec<u64> =
            judged().map(|row| row.step).collect::<BTreeSet<_>>().into_iter().collect();
        let (mut subjects, mut quantities) = (Vec::new(), Vec::new());
        let (mut places, mut columns) = (HashMap::new(), HashMap::new());
        for row in judged() {
            places.entry(&row.subject).or_insert_with(|| {
                subjects.push(&row.subject);
                subjects.len() - 1
            });
            columns.entry(&row.quantity).or_insert_with(|| {
                quantities.push(&row.quantity);
                quantities.len() - 1
            });
        }
        let mut values = vec![vec![vec![None; quantities.len()]; subjects.len()]; steps.len()];
        for row in judged() {
            let Ok(at) = steps.binary_search(&row.step) else { continue };
            let is_finite = row.value.is_finite();
            let value = if is_finite {
                Value::Finite(row.value)
            } else {
                Value::NotFinite(row.value.to_string())
            };
            values[at][places[&row.subject]][columns[&row.quantity]] = Some(value);
        }
        Self { steps, subjects, quantities, values, departures: &story.departures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::Thresholds;

    #[test]
    fn the_page_tells_the_story_and_holds_every_judged_value() {
        let value = |step: u64| if step == 18 { f64::NAN } else { 1.0 };
        let row = |step| Row::new(step, QuantityName::ACTIVATION_NORM, "h.0<script>", value(step));
        let rows: Vec<Row> = (0..20).map(row).collect();
        let story = Story::of(&rows, 15..=19, &Thresholds::default());
        let examples = ["example 7: ‖g‖ 3".to_owned()];
        let page = ReplayPage {
            title: "a trial",
            remarks: &[],
            story: &story,
            rows: &rows[15..],
            batch: Some(("The batch of step 18", &examples)),
        };
        let html = page.to_html().unwrap();
        for part in
            ["step 18: activation_norm of h.0", "example 7: ‖g‖ 3", r#"max="4""#, r#"value="3""#]
        {
            assert!(html.contains(part), "`{part}` is missing");
        }
        assert!(!html.contains("h.0<script>"), "names are escaped");
        assert!(
            html.contains(r#""steps":[15,16,17,18,19]"#) && html.contains(r#"[["NaN"]]"#),
            "{html}"
        );
    }
}
