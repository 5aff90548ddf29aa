//! How far two measurements of the same thing lie apart.

use std::collections::HashMap;

use backdraft_rows::{QuantityName, Row, Subject};
use serde::Serialize;

/// The largest difference between two measurements, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Relative to the scale of the quantity; infinite where one has a value and the other none.
    pub value: f64,
    /// What differs most.
    pub quantity: QuantityName,
    /// Where.
    pub subject: Subject,
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
    let mut others: HashMap<_, _> = rows.iter().map(|row| (key(row), row.value)).collect();
    let mut worst: Option<Difference> = None;
    let mut consider = |row: &Row, value: Option<f64>, other: Option<f64>| {
        // A decade of a histogram in which nothing was counted is left out.
        let absent = || (row.quantity == QuantityName::GRADIENT_HISTOGRAM).then_some(0.0);
        let value = match (value.or_else(absent), other.or_else(absent)) {
            (Some(a), Some(b)) => apart(a, b, scales.scale(row)),
            _ => f64::INFINITY,
        };
        if worst.as_ref().is_none_or(|worst| value > worst.value) {
            let (quantity, subject) = (row.quantity.clone(), row.subject.clone());
            worst = Some(Difference { value, quantity, subject });
        }
    };
    let is_compared = |row: &&Row| {
        let has_bias = row.subject.is_bias() || row.subject.is_network();
        let is_noise =
            has_bias && (row.quantity == QuantityName::GRADIENT_HISTOGRAM || is_share(row));
        !(is_noise || row.quantity.as_str().ends_with("accuracy"))
    };
    for row in reference.iter().filter(is_compared) {
        consider(row, Some(row.value), others.remove(&key(row)));
    }
    for row in rows.iter().filter(is_compared).filter(|row| others.contains_key(&key(row))) {
        consider(row, None, Some(row.value));
    }
    worst
}

fn key(row: &Row) -> (u64, &QuantityName, &Subject) {
    (row.step, &row.quantity, &row.subject)
}

fn is_share(row: &Row) -> bool {
    row.quantity.as_str().ends_with("_share")
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
    values: HashMap<(&'a QuantityName, &'a Subject), f64>,
    /// Elements counted in the histogram of a subject.
    counted: HashMap<&'a str, f64>,
    /// Largest magnitude of quantities that have values below zero.
    signed: HashMap<&'a QuantityName, f64>,
}

impl<'a> Scales<'a> {
    fn of(reference: &'a [Row]) -> Self {
        let values = reference.iter().map(|row| ((&row.quantity, &row.subject), row.value));
        let mut counted = HashMap::new();
        let mut signed: HashMap<&QuantityName, f64> = HashMap::new();
        for row in reference {
            if row.quantity == QuantityName::GRADIENT_HISTOGRAM {
                *counted.entry(row.subject.without_bin()).or_insert(0.0) += row.value;
            }
            if row.value < 0.0 {
                signed.insert(&row.quantity, 0.0);
            }
        }
        for row in reference {
            if let Some(scale) = signed.get_mut(&row.quantity) {
                *scale = scale.max(row.value.abs());
            }
        }
        Self { values: values.collect(), counted, signed }
    }

    fn value(&self, quantity: &QuantityName, subject: &Subject) -> Option<f64> {
        self.values.get(&(quantity, subject)).copied()
    }

    fn scale(&self, row: &Row) -> f64 {
        let quantity = &row.quantity;
        let scale = if *quantity == QuantityName::ACTIVATION_MEAN {
            self.value(&QuantityName::ACTIVATION_STANDARD_DEVIATION, &row.subject)
        } else if *quantity == QuantityName::UPDATE_RATIO {
            Some(1e-3)
        } else if is_share(row) {
            Some(1.0)
        } else if *quantity == QuantityName::GRADIENT_HISTOGRAM {
            self.counted.get(row.subject.without_bin()).copied()
        } else if quantity.as_str().starts_with("gradient_") {
            let layer = row.subject.as_str().strip_suffix("bias");
            layer.and_then(|layer| self.value(quantity, &Subject::from(format!("{layer}weight"))))
        } else {
            self.signed.get(quantity).copied()
        };
        scale.filter(|scale| scale.is_finite()).unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(quantity: QuantityName, value: f64) -> Row {
        Row::new(0, quantity, "layers.0", value)
    }

    fn value(quantity: QuantityName, a: f64, b: f64) -> f64 {
        difference(&[row(quantity.clone(), a)], &[row(quantity, b)]).unwrap().value
    }

    #[test]
    fn norms_are_compared_with_themselves_and_shares_with_one() {
        assert!((value(QuantityName::GRADIENT_NORM, 1e-20, 1.1e-20) - 1.0 / 11.0).abs() < 1e-12);
        assert!((value(QuantityName::DEAD_SHARE, 0.01, 0.02) - 0.01).abs() < 1e-12);
        assert_eq!(value(QuantityName::LOSS, f64::NAN, f64::NAN), 0.0);
        assert_eq!(value(QuantityName::LOSS, f64::NAN, 1.0), f64::INFINITY);
    }

    #[test]
    fn a_mean_is_compared_with_the_deviation_beside_it() {
        let rows = |mean| {
            vec![
                row(QuantityName::ACTIVATION_MEAN, mean),
                row(QuantityName::ACTIVATION_STANDARD_DEVIATION, 2.0),
            ]
        };
        let worst = difference(&rows(1e-9), &rows(-1e-9)).unwrap();
        assert_eq!(worst.value, 1e-9);
        assert_eq!(worst.quantity, QuantityName::ACTIVATION_MEAN);
    }

    #[test]
    fn a_bias_before_a_normalisation_is_compared_with_its_weights() {
        let of = |subject: &'static str, value| Row {
            subject: subject.into(),
            ..row(QuantityName::GRADIENT_NORM, value)
        };
        let rows = |noise| vec![of("norm.bias", noise), of("norm.weight", 2.0)];
        let worst = difference(&rows(3e-8), &rows(1e-8)).unwrap();
        assert!((worst.value - 1e-8).abs() < 1e-15, "{worst:?}");
    }

    #[test]
    fn a_decade_without_elements_is_a_count_of_zero() {
        let of = |subject: &'static str, value| Row {
            subject: subject.into(),
            ..row(QuantityName::GRADIENT_HISTOGRAM, value)
        };
        let (a, b) = (vec![of("w[1e-3]", 100.0)], vec![of("w[1e-3]", 99.0), of("w[1e-4]", 1.0)]);
        assert!((difference(&a, &b).unwrap().value - 0.01).abs() < 1e-12);
    }

    #[test]
    fn what_one_side_lacks_is_infinitely_far() {
        let (both, one) = (
            vec![row(QuantityName::LOSS, 1.0), row(QuantityName::GRADIENT_NORM, 1.0)],
            vec![row(QuantityName::LOSS, 1.0)],
        );
        for (a, b) in [(&both, &one), (&one, &both)] {
            let worst = difference(a, b).unwrap();
            assert_eq!((worst.value, worst.quantity), (f64::INFINITY, QuantityName::GRADIENT_NORM));
        }
        assert_eq!(difference(&[], &[]), None);
    }
}
