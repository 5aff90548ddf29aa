//! The built-in rules of Amazon SageMaker Debugger, with their published thresholds, as baseline.

use std::collections::BTreeMap;

use backdraft_rows::{QuantityName, Row, Subject};

/// ‖ΔW‖ / ‖W‖ of `WeightUpdateRatio`, and mean |g| of `VanishingGradient`.
const LARGE_UPDATE: f64 = 10.0;
const SMALL_UPDATE: f64 = 1e-8;
const VANISHED: f64 = 1e-7;

/// Share of a layer of `DeadRelu` and `SaturatedActivation`.
const MOST_OF_A_LAYER: f64 = 0.5;

/// Ratio of variances, and the steps that `PoorWeightInitialization` looks at.
const VARIANCES: f64 = 10.0;
const FIRST_STEPS: u64 = 10;

/// `LossNotDecreasing`: steps between two losses, and by what share the later one should be lower.
const LOSS_STEPS: usize = 10;
const LOSS_DECREASE: f64 = 0.001;

/// Returns the rules that fire on rows of every step.
///
/// | rule | fires when |
/// |---|---|
/// | `VanishingGradient` | the mean magnitude of a gradient is below 1e-7 |
/// | `ExplodingTensor` | a gradient or the loss is NaN or infinite |
/// | `WeightUpdateRatio` | ‖ΔW‖ / ‖W‖ is above 10 or below 1e-8 |
/// | `AllZero` | all elements of a gradient are zero |
/// | `DeadRelu` | more than half of a layer's rectifiers are dead |
/// | `SaturatedActivation` | more than half of a layer's outputs are saturated |
/// | `PoorWeightInitialization` | the variances of two layers' outputs differ tenfold in the first 10 steps |
/// | `LossNotDecreasing` | the loss is not 0.1 % lower than 10 steps before |
///
/// Where the original reads single elements, this reads what rows have: a unit is dead if it is zero for a
/// whole batch (there: active for less than 1 % of it), and saturated at 1 % of the largest slope (there:
/// beyond ±9.5 for tanh). Both make it fire rather more often.
pub fn sagemaker(rows: &[Row]) -> Vec<&'static str> {
    let any = |quantity: &QuantityName, is_bad: &dyn Fn(f64) -> bool| {
        rows.iter()
            .any(|row| row.quantity == *quantity && !row.subject.is_network() && is_bad(row.value))
    };
    let rules: [(&'static str, bool); 8] = [
        ("VanishingGradient", any(&QuantityName::GRADIENT_MEAN_ABSOLUTE, &|mean| mean < VANISHED)),
        (
            "ExplodingTensor",
            any(&QuantityName::GRADIENT_NORM, &|norm| !norm.is_finite())
                || losses(rows).any(|loss| !loss.is_finite()),
        ),
        (
            "WeightUpdateRatio",
            any(&QuantityName::UPDATE_RATIO, &|ratio| {
                !ratio.is_nan() && !(SMALL_UPDATE..=LARGE_UPDATE).contains(&ratio)
            }),
        ),
        ("AllZero", any(&QuantityName::GRADIENT_ZERO_SHARE, &|share| share == 1.0)),
        ("DeadRelu", any(&QuantityName::DEAD_SHARE, &|share| share > MOST_OF_A_LAYER)),
        (
            "SaturatedActivation",
            any(&QuantityName::SATURATED_SHARE, &|share| share > MOST_OF_A_LAYER),
        ),
        ("PoorWeightInitialization", has_uneven_variances(rows)),
        ("LossNotDecreasing", is_stuck(rows)),
    ];
    rules.into_iter().filter_map(|(name, fires)| fires.then_some(name)).collect()
}

fn losses(rows: &[Row]) -> impl Iterator<Item = f64> {
    let is_loss = |row: &&Row| row.quantity == QuantityName::LOSS && row.subject.is_network();
    rows.iter().filter(is_loss).map(|row| row.value)
}

fn is_stuck(rows: &[Row]) -> bool {
    let losses: Vec<f64> = losses(rows).collect();
    let is_no_lower = |pair: &[f64]| {
        let (before, after) = (pair[0], pair[LOSS_STEPS]);
        before - after < LOSS_DECREASE * before.abs()
    };
    losses.windows(LOSS_STEPS + 1).step_by(LOSS_STEPS).any(is_no_lower)
}

fn has_uneven_variances(rows: &[Row]) -> bool {
    let mut steps: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    let is_of_layer = |subject: &Subject| subject.time_step().is_none();
    for row in rows.iter().take_while(|row| row.step < FIRST_STEPS) {
        let is_spread = row.quantity == QuantityName::ACTIVATION_STANDARD_DEVIATION;
        if is_spread && is_of_layer(&row.subject) {
            steps.entry(row.step).or_default().push(row.value.powi(2));
        }
    }
    steps.values().any(|variances| {
        let least = variances.iter().copied().fold(f64::INFINITY, f64::min);
        let most = variances.iter().copied().fold(0.0, f64::max);
        most > VARIANCES * least
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_fires_at_its_published_threshold() {
        let row = |quantity: QuantityName, value: f64| Row::new(0, quantity, "a.weight", value);
        let cases = [
            (QuantityName::GRADIENT_MEAN_ABSOLUTE, 0.9e-7, 1.1e-7, "VanishingGradient"),
            (QuantityName::GRADIENT_NORM, f64::NAN, 1e30, "ExplodingTensor"),
            (QuantityName::UPDATE_RATIO, 11.0, 9.0, "WeightUpdateRatio"),
            (QuantityName::UPDATE_RATIO, 0.9e-8, 1.1e-8, "WeightUpdateRatio"),
            (QuantityName::GRADIENT_ZERO_SHARE, 1.0, 0.99, "AllZero"),
            (QuantityName::DEAD_SHARE, 0.51, 0.49, "DeadRelu"),
            (QuantityName::SATURATED_SHARE, 0.51, 0.49, "SaturatedActivation"),
        ];
        for (quantity, bad, good, rule) in cases {
            assert_eq!(sagemaker(&[row(quantity.clone(), bad)]), [rule]);
            assert_eq!(sagemaker(&[row(quantity, good)]), [""; 0]);
        }
        let deviation = QuantityName::ACTIVATION_STANDARD_DEVIATION;
        let spread = |other: f64| {
            [Row::new(3, deviation.clone(), "a", 1.0), Row::new(3, deviation.clone(), "b", other)]
        };
        assert_eq!(sagemaker(&spread(3.2)), ["PoorWeightInitialization"]);
        assert_eq!(sagemaker(&spread(3.1)), [""; 0]);
        let losses = |by: f64| -> Vec<Row> {
            let loss =
                |step: u64| Row::of_network(step, QuantityName::LOSS, 1.0 - by * step as f64);
            (0..21).map(loss).collect()
        };
        assert_eq!(sagemaker(&losses(0.0)), ["LossNotDecreasing"]);
        assert_eq!(sagemaker(&losses(0.01)), [""; 0]);
    }
}
