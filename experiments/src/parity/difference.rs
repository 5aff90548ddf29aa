//! How far two measurements of the same thing lie apart.

use std::collections::HashMap;

use backdraft_hooks::Row;
use serde::Serialize;

/// The largest difference between two measurements, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Relative to the scale of the quantity; infinite where one has a value and the other none.
    pub value: f64,
    /// What differs most.
    pub quantity: String,
    /// Where.
    pub subject: String,
}

/// Returns the largest difference of `rows` from `reference`; `None` if nothing was measured.
///
/// Norms, losses and whatever else is positive are compared relative to themselves, however small they
/// are: a gradient of 1e-20 must be the same. What can be next to nothing by cancellation is compared
/// on a scale of its own: a mean with the standard deviation beside it, shares with 1, a count of a
/// histogram with all that was counted, and other quantities of any sign with the largest of their kind.
pub fn difference(reference: &[Row], rows: &[Row]) -> Option<Difference> {
    let scales = Scales::of(reference);
    let key = |row: &Row| (row.step, row.quantity.to_string(), row.subject.to_string());
    let mut others: HashMap<_, _> = rows.iter().map(|row| (key(row), row.value)).collect();
    let mut worst: Option<Difference> = None;
    let mut consider = |value: f64, row: &Row| {
        if worst.as_ref().is_none_or(|worst| value > worst.value) {
            let (quantity, subject) = (row.quantity.to_string(), row.subject.to_string());
            worst = Some(Difference { value, quantity, subject });
        }
    };
    for row in reference {
        let apart = match others.remove(&key(row)) {
            Some(value) => apart(row.value, value, scales.scale(row)),
            None => f64::INFINITY,
        };
        consider(apart, row);
    }
    for row in rows.iter().filter(|row| others.contains_key(&key(row))) {
        consider(f64::INFINITY, row);
    }
    worst
}

fn apart(a: f64, b: f64, scale: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        return 0.0;
    }
    let difference = (a - b).abs() / scale.max(a.abs()).max(b.abs());
    if difference.is_nan() { f64::INFINITY } else { difference }
}

/// What differences are relative to, where it is not the value itself.
struct Scales<'a> {
    /// Values of the reference by quantity and subject.
    values: HashMap<(&'a str, &'a str), f64>,
    /// Elements counted in the histogram of a subject.
    counted: HashMap<&'a str, f64>,
    /// Largest magnitude of quantities that have values below zero.
    signed: HashMap<&'a str, f64>,
}

const HISTOGRAM: &str = "gradient_histogram";

impl<'a> Scales<'a> {
    fn of(reference: &'a [Row]) -> Self {
        let values = reference.iter().map(|row| ((&*row.quantity, &*row.subject), row.value));
        let mut counted = HashMap::new();
        let mut signed: HashMap<&str, f64> = HashMap::new();
        for row in reference {
            if row.quantity.starts_with(HISTOGRAM) {
                *counted.entry(&*row.subject).or_insert(0.0) += row.value;
            }
            if row.value < 0.0 {
                signed.insert(&row.quantity, 0.0);
            }
        }
        for row in reference {
            if let Some(scale) = signed.get_mut(&*row.quantity) {
                *scale = scale.max(row.value.abs());
            }
        }
        Self { values: values.collect(), counted, signed }
    }

    fn scale(&self, row: &Row) -> f64 {
        let beside = |quantity: &'static str| self.values.get(&(quantity, &*row.subject)).copied();
        let scale = match &*row.quantity {
            "activation_mean" => beside("activation_standard_deviation"),
            share if share.ends_with("_share") => Some(1.0),
            histogram if histogram.starts_with(HISTOGRAM) => {
                self.counted.get(&*row.subject).copied()
            }
            other => self.signed.get(other).copied(),
        };
        scale.filter(|scale| scale.is_finite()).unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(quantity: &'static str, value: f64) -> Row {
        Row { step: 0, quantity: quantity.into(), subject: "layers.0".into(), value }
    }

    fn value(quantity: &'static str, a: f64, b: f64) -> f64 {
        difference(&[row(quantity, a)], &[row(quantity, b)]).unwrap().value
    }

    #[test]
    fn norms_are_compared_with_themselves_and_shares_with_one() {
        assert!((value("gradient_norm", 1e-20, 1.1e-20) - 1.0 / 11.0).abs() < 1e-12);
        assert!((value("dead_share", 0.01, 0.02) - 0.01).abs() < 1e-12);
        assert_eq!(value("loss", f64::NAN, f64::NAN), 0.0);
        assert_eq!(value("loss", f64::NAN, 1.0), f64::INFINITY);
    }

    #[test]
    fn a_mean_is_compared_with_the_deviation_beside_it() {
        let rows =
            |mean| vec![row("activation_mean", mean), row("activation_standard_deviation", 2.0)];
        let worst = difference(&rows(1e-9), &rows(-1e-9)).unwrap();
        assert_eq!(worst.value, 1e-9);
        assert_eq!(worst.quantity, "activation_mean");
    }

    #[test]
    fn what_one_side_lacks_is_infinitely_far() {
        let (both, one) =
            (vec![row("loss", 1.0), row("gradient_norm", 1.0)], vec![row("loss", 1.0)]);
        for (a, b) in [(&both, &one), (&one, &both)] {
            let worst = difference(a, b).unwrap();
            assert_eq!((worst.value, worst.quantity.as_str()), (f64::INFINITY, "gradient_norm"));
        }
        assert_eq!(difference(&[], &[]), None);
    }
}
