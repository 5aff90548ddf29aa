//! Quantities of the whole network through training.

use std::collections::BTreeMap;

use backdraft_record::{Factors, TrialResult, thinned};
use backdraft_rows::QuantityName;
use serde::Serialize;

use super::quantities::shown;
use super::spread::Spread;

/// Steps of a line; a chart has no more pixels.
const STEPS: usize = 400;

/// One quantity of the network.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Course {
    quantity: QuantityName,
    name: String,
    label: String,
    about: &'static str,
    is_log: bool,
    lines: Vec<Line>,
    #[serde(skip)]
    rank: usize,
}

/// One variant of it.
#[derive(Debug, PartialEq, Serialize)]
struct Line {
    /// Index of the variant.
    variant: usize,
    steps: Vec<u64>,
    spread: Spread,
}

/// Returns what was measured of the network at more than one step.
pub(super) fn courses(variants: &[(&Factors, Vec<&TrialResult>)]) -> Vec<Course> {
    let mut found: BTreeMap<&QuantityName, Course> = BTreeMap::new();
    for (variant, (_, trials)) in variants.iter().enumerate() {
        let mut values: BTreeMap<&QuantityName, BTreeMap<u64, Vec<f64>>> = BTreeMap::new();
        for row in trials.iter().flat_map(|trial| &trial.rows) {
            if row.subject.is_network() {
                let of_quantity = values.entry(&row.quantity).or_default();
                of_quantity.entry(row.step).or_default().push(row.value);
            }
        }
        for (quantity, values) in values.into_iter().filter(|(_, values)| values.len() > 1) {
            let shown = shown(quantity);
            let course = found.entry(quantity).or_insert_with(|| Course {
                quantity: quantity.clone(),
                name: shown.name,
                label: shown.label,
                about: shown.about,
                is_log: shown.is_log,
                lines: Vec::new(),
                rank: shown.rank,
            });
            course.lines.push(line(variant, &values, course.is_log));
        }
    }
    let mut courses: Vec<Course> = found.into_values().collect();
    courses.sort_by_key(|course| course.rank);
    courses
}

fn line(variant: usize, values: &BTreeMap<u64, Vec<f64>>, is_log: bool) -> Line {
    let steps: Vec<u64> = values.keys().copied().collect();
    let steps = thinned(&steps, STEPS);
    let mut spread = Spread::default();
    steps.iter().for_each(|step| spread.push(&values[step], is_log));
    Line { variant, steps, spread }
}
