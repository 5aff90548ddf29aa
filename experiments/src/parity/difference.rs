//! How far two measurements of the same thing lie apart.

use std::collections::HashMap;

use backdraft_hooks::{NETWORK, Row};
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
/// on a scale of its own:
///
/// - the gradient of a bias with that of its layer's weights: before a normalisation it is nothing but
///   rounding;
/// - the mean of an activation with its standard deviation;
/// - shares with 1, and a count of a histogram with all that was counted;
/// - update ratios below 1e-3 with that: weights of 24 bits tell a ratio to 6e-8;
/// - what is below 1e-35 with that: subnormal numbers are 0 on some devices;
/// - other quantities of any sign with the largest of their kind.
///
/// Accuracies are left out, as they move by whole examples, which a rounding can tip; and so is what is
/// counted of a bias' gradient, alone or among the network's.
pub fn difference(reference: &[Row], rows: &[Row]) -> Option<Difference> {
    let scales = Scales::of(reference);
    let key = |row: &Row| (row.step, row.quantity.to_string(), row.subject.to_string());
    let mut others: HashMap<_, _> = rows.iter().map(|row| (key(row), row.value)).collect();
    let mut worst: Option<Difference> = None;
    let mut consider = |row: &Row, value: Option<f64>, other: Option<f64>| {
        // A decade of a histogram in which nothing was counted is left out.
        let absent = || row.quantity.starts_with(HISTOGRAM).then_some(0.0);
        let value = match (value.or_else(absent), other.or_else(absent)) {
            (Some(a), Some(b)) => apart(a, b, scales.scale(row)),
            _ => f64::INFINITY,
        };
        if worst.as_ref().is_none_or(|worst| value > worst.value) {
            let (quantity, subject) = (row.quantity.to_string(), row.subject.to_string());
            worst = Some(Difference { value, quantity, subject });
        }
    };
    let is_counted =
        |quantity: &str| quantity.starts_with(HISTOGRAM) || quantity.ends_with("_share");
    let is_compared = |row: &&Row| {
        let subject = parameter(&row.subject);
        let has_bias = subject.ends_with("bias") || subject == NETWORK;
        let is_noise = has_bias && is_counted(&row.quantity);
        !(is_noise || row.quantity.ends_with("accuracy"))
    };
    for row in reference.iter().filter(is_compared) {
        consider(row, Some(row.value), others.remove(&key(row)));
    }
    for row in rows.iter().filter(is_compared).filter(|row| others.contains_key(&key(row))) {
        consider(row, None, Some(row.value));
    }
    worst
}

/// Norms below this are made of subnormal numbers, which some devices take for 0.
const SUBNORMAL: f64 = 1e3 * f32::MIN_POSITIVE as f64;

fn apart(a: f64, b: f64, scale: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        return 0.0;
    }
    let difference = (a - b).abs() / scale.max(a.abs()).max(b.abs()).max(SUBNORMAL);
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
                *counted.entry(parameter(&row.subject)).or_insert(0.0) += row.value;
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
        let of = |quantity: &str, subject: &str| self.values.get(&(quantity, subject)).copied();
        let weight = |bias: &str| of(&row.quantity, &format!("{bias}weight"));
        let scale = match &*row.quantity {
            "activation_mean" => of("activation_standard_deviation", &row.subject),
            "update_ratio" => Some(1e-3),
            share if share.ends_with("_share") => Some(1.0),
            histogram if histogram.starts_with(HISTOGRAM) => {
                self.counted.get(parameter(&row.subject)).copied()
            }
            gradient if gradient.starts_with("gradient_") => {
                row.subject.strip_suffix("bias").and_then(weight)
            }
            other => self.signed.get(other).copied(),
        };
        scale.filter(|scale| scale.is_finite()).unwrap_or(0.0)
    }
}

/// The parameter of a histogram's subject, which is followed by the decade.
fn parameter(subject: &str) -> &str {
    subject.split('[').next().unwrap_or(subject)
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
    fn a_bias_before_a_normalisation_is_compared_with_its_weights() {
        let of = |subject: &'static str, value| Row {
            subject: subject.into(),
            ..row("gradient_norm", value)
        };
        let rows = |noise| vec![of("norm.bias", noise), of("norm.weight", 2.0)];
        let worst = difference(&rows(3e-8), &rows(1e-8)).unwrap();
        assert!((worst.value - 1e-8).abs() < 1e-15, "{worst:?}");
    }

    #[test]
    fn a_decade_without_elements_is_a_count_of_zero() {
        let of = |subject: &'static str, value| Row {
            subject: subject.into(),
            ..row("gradient_histogram", value)
        };
        let (a, b) = (vec![of("w[1e-3]", 100.0)], vec![of("w[1e-3]", 99.0), of("w[1e-4]", 1.0)]);
        assert!((difference(&a, &b).unwrap().value - 0.01).abs() < 1e-12);
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
