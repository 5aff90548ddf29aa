//! Linear probes on each layer of a network, before and after training.

use backdraft_hooks::{GradientHook, Taps};
use backdraft_layers::Network;
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Examples, Listener, TrainerConfig};
use backdraft_verdicts::statistics::Ridge;
use backdraft_zoo::{NetworkConfig, ZooNetwork};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::data::Data;
use super::footprint;
use super::training::{check_batches, train};
use crate::trial::{Task, taking};

/// The share of test examples that a linear classifier on a layer's features gets right.
pub const PROBE_ACCURACY: QuantityName = QuantityName::new("probe_accuracy");

/// Ridge penalty, small beside the variance of any useful feature.
const PENALTY: f64 = 1e-4;

/// Trains the network of the trainer's seed and measures what `hook` asks for. Before and after
/// training, it measures as the [`PROBE_ACCURACY`] of every tap the share of test examples that a linear
/// classifier on this layer's features gets right. The targets are classes.
///
/// The classifier is a ridge regression onto one-hot classes. Its features have unit variance, so that
/// the scale of a layer does not matter.
///
/// # Reference
///
/// G. Alain, Y. Bengio, "Understanding intermediate layers using linear classifier probes", 2016,
/// § 3.2 in later versions, where the probes are trained by gradient descent.
pub fn probing(
    network: NetworkConfig,
    trainer: TrainerConfig,
    data: Data,
    hook: fn() -> GradientHook,
) -> Box<Task> {
    let memory = footprint::of_probes(&network, &trainer, &data);
    let check = check_batches(&network, &trainer, data.extent.trained);
    taking(memory, check, move |device: &Device, listener: &mut dyn Listener| {
        let data = data.of(trainer.seed)?;
        let splits = data.on_device(device, trainer.seed);
        let untrained = network.try_init(trainer.seed, device)?;
        listener.record(&probes(&untrained, &splits, network.outputs(), 0)?)?;
        let (trained, outcome) = train(&network, &trainer, &data, hook(), device, listener)?;
        let last = trainer.steps;
        listener.record(&probes(&trained.valid(), &splits, network.outputs(), last)?)?;
        Ok(outcome)
    })
}

fn probes(
    network: &ZooNetwork,
    [train, test]: &[Examples<Tensor<2>, Tensor<2>>; 2],
    classes: usize,
    step: u64,
) -> anyhow::Result<Vec<Row>> {
    let [mut trained, mut tested] = [Taps::on(), Taps::on()];
    network.score(train.inputs.clone(), &mut trained);
    network.score(test.inputs.clone(), &mut tested);
    let labels = |examples: &Examples<Tensor<2>, Tensor<2>>| -> anyhow::Result<Vec<usize>> {
        let labels = examples.targets.clone().try_into_data()?;
        Ok(labels.iter::<f32>().map(|label| label as usize).collect())
    };
    let (seen, unseen) = (labels(train)?, labels(test)?);
    let mut rows = Vec::new();
    for (train, test) in trained.tapped().iter().zip(tested.tapped()) {
        let values = |activation: Tensor<3>| -> anyhow::Result<Vec<f64>> {
            Ok(activation.try_into_data()?.iter::<f64>().collect())
        };
        let mut train_features = values(train.activation())?;
        let mut test_features = values(test.activation())?;
        let width = train_features.len() / seen.len().max(1);
        standardise(&mut train_features, &mut test_features, width);
        let accuracy =
            accuracy((&train_features, &seen), (&test_features, &unseen), width, classes);
        rows.push(Row::new(step, PROBE_ACCURACY, train.subject().clone(), accuracy));
    }
    Ok(rows)
}

/// Share of the unseen examples that are classified correctly; 0 if the features are not finite.
fn accuracy(
    (features, labels): (&[f64], &[usize]),
    (unseen_features, unseen): (&[f64], &[usize]),
    width: usize,
    classes: usize,
) -> f64 {
    let one_hot =
        |&label: &usize| (0..classes).map(move |class| f64::from(u8::from(class == label)));
    let targets: Vec<f64> = labels.iter().flat_map(one_hot).collect();
    let Some(ridge) = Ridge::fit((features, width), (&targets, classes), PENALTY) else {
        return 0.0;
    };
    let rows = unseen_features.chunks_exact(width).zip(unseen);
    let right = rows.filter(|(row, label)| ridge.largest(row) == **label).count();
    right as f64 / unseen.len().max(1) as f64
}

/// Gives every feature mean 0 and variance 1 on the training examples; constant ones become 0.
fn standardise(train: &mut [f64], test: &mut [f64], width: usize) {
    let n = (train.len() / width.max(1)).max(1) as f64;
    for feature in 0..width {
        let values = || train.iter().skip(feature).step_by(width);
        let mean = values().sum::<f64>() / n;
        let variance = values().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let factor = if variance > 0.0 { variance.sqrt().recip() } else { 0.0 };
        for values in [&mut *train, &mut *test] {
            values.iter_mut().skip(feature).step_by(width).for_each(|x| *x = (*x - mean) * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_finds_what_is_linear_in_the_features_whatever_their_scale() {
        // Two features; the second one is tiny, and it alone determines the class.
        let row = |i: usize| [(i % 3) as f64, if i.is_multiple_of(2) { 1e-9 } else { -1e-9 }];
        let mut train: Vec<f64> = (0..30).flat_map(row).collect();
        let mut test: Vec<f64> = (30..40).flat_map(row).collect();
        let labels = |range: std::ops::Range<usize>| range.map(|i| i % 2).collect::<Vec<_>>();
        standardise(&mut train, &mut test, 2);
        let share = accuracy((&train, &labels(0..30)), (&test, &labels(30..40)), 2, 2);
        assert_eq!(share, 1.0);
        assert_eq!(accuracy((&[f64::NAN], &[0]), (&[1.0], &[0]), 1, 2), 0.0);
    }
}
