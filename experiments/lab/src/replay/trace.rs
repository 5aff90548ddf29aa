//! Where two trainings first differ.

use std::collections::HashMap;

use backdraft_rows::{QuantityName, Row, Subject};
use serde::Serialize;

/// Two courses of measurements side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Trace {
    /// Measurements that both have.
    pub compared: usize,
    /// How many of them were equal, within the tolerance, before the first difference.
    pub equal_before: usize,
    /// The largest difference among them; 0 if all are the same to the bit.
    pub largest_before: f64,
    /// The first difference beyond the tolerance.
    pub first: Option<Difference>,
    /// Measurements that only the first has.
    pub only_first: usize,
    /// Measurements that only the second has.
    pub only_second: usize,
}

/// A measurement that two trainings do not share.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The optimiser step.
    pub step: u64,
    /// What was measured.
    pub quantity: QuantityName,
    /// Of what.
    pub subject: Subject,
    /// The value in the first training.
    pub first: f64,
    /// The value in the second one.
    pub second: f64,
    /// Their distance relative to the larger; infinite (`null` in JSON) if only one of them is finite.
    pub relative: f64,
}

impl Trace {
    /// Compares two courses: the earliest step at which a relative difference exceeds `tolerance`, and in it
    /// the earliest of the first course's rows. Values that are not finite are equal to each other,
    /// because a record does not tell them apart.
    pub fn between(first: &[Row], second: &[Row], tolerance: f64) -> Self {
        let mut known: HashMap<Key<'_>, f64> = keyed(second).collect();
        let all = known.len();
        let mut shared: Vec<(&Row, f64)> = Vec::new();
        for (row, (key, _)) in first.iter().zip(keyed(first)) {
            shared.extend(known.remove(&key).map(|other| (row, other)));
        }
        shared.sort_by_key(|(row, _)| row.step);
        let mut trace = Self {
            compared: shared.len(),
            only_first: first.len() - shared.len(),
            only_second: all - shared.len(),
            ..Self::default()
        };
        for (row, other) in shared {
            let relative = relative(row.value, other);
            if relative > tolerance {
                trace.first = Some(Difference {
                    step: row.step,
                    quantity: row.quantity.clone(),
                    subject: row.subject.clone(),
                    first: row.value,
                    second: other,
                    relative,
                });
                break;
            }
            trace.equal_before += 1;
            trace.largest_before = trace.largest_before.max(relative);
        }
        trace
    }
}

/// A measurement, and how often the same was measured before it.
type Key<'a> = (u64, &'a QuantityName, &'a Subject, usize);

fn keyed(rows: &[Row]) -> impl Iterator<Item = (Key<'_>, f64)> {
    let mut times: HashMap<(u64, &QuantityName, &Subject), usize> = HashMap::new();
    rows.iter().map(move |row| {
        let before = times.entry((row.step, &row.quantity, &row.subject)).or_default();
        *before += 1;
        ((row.step, &row.quantity, &row.subject, *before), row.value)
    })
}

fn relative(a: f64, b: f64) -> f64 {
    match (a.is_finite(), b.is_finite()) {
        (false, false) => 0.0,
        (true, true) if a == b => 0.0,
        (true, true) => (a - b).abs() / a.abs().max(b.abs()),
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[(u64, &str, f64)]) -> Vec<Row> {
        let row = |(step, subject, value): &(u64, &str, f64)| {
            Row::new(*step, QuantityName::GRADIENT_NORM, *subject, *value)
        };
        values.iter().map(row).collect()
    }

    #[test]
    fn the_earliest_step_counts_and_in_it_the_first_row() {
        let a = rows(&[(0, "a", 1.0), (1, "a", 1.0), (1, "b", 2.0), (0, "b", 3.0), (2, "a", 9.0)]);
        let b = rows(&[(0, "b", 3.0), (1, "b", 2.5), (1, "a", 1.5), (0, "a", 1.0), (3, "a", 9.0)]);
        let trace = Trace::between(&a, &b, 0.0);
        let first = trace.first.clone().unwrap();
        assert_eq!((first.step, first.subject.as_str(), first.second), (1, "a", 1.5));
        assert!((first.relative - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((trace.compared, trace.equal_before), (4, 2));
        assert_eq!((trace.only_first, trace.only_second), (1, 1));
        assert_eq!(Trace::between(&a, &b, 0.5).first, None);
        assert!((Trace::between(&a, &b, 0.5).largest_before - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_differs_from_itself_and_nan_only_from_numbers() {
        let a = rows(&[(0, "a", 1.0), (0, "a", 2.0), (1, "a", f64::NAN)]);
        let trace = Trace::between(&a, &a, 0.0);
        assert_eq!((trace.compared, trace.equal_before, trace.first), (3, 3, None));
        let b = rows(&[(0, "a", 1.0), (0, "a", 2.0), (1, "a", 5.0)]);
        let first = Trace::between(&a, &b, 1e9).first.unwrap();
        assert_eq!((first.step, first.relative), (1, f64::INFINITY));
    }
}
