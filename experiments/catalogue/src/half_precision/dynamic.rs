//! Training with a loss scale that follows the gradients.

use backdraft_hooks::{Taps, global_norm};
use backdraft_lab::Loss;
use backdraft_mlp::Mlp;
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{
    BatchOrder, Examples, Listener, Objective, Outcome, Progress, Splits, TrainerConfig,
};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::mixed::{Mixed, ScaledLoss};

/// Steps without overflow after which the scale doubles.
const PATIENCE: u64 = 2_000;

/// The loss scale of the last step. Where a gradient overflowed, the step was left out.
pub(super) const LOSS_SCALE: QuantityName = QuantityName::new("loss_scale");

/// Trains at a loss scale that starts as `mixed` says, halves when a gradient is not finite, in which
/// case the step is left out, and doubles after 2,000 steps without that.
///
/// # Reference
///
/// Micikevicius et al., "Mixed precision training", 2018, § 3.2; the numbers are those of PyTorch's
/// `GradScaler`.
pub(super) fn train(
    mut model: Mlp,
    mixed: Mixed,
    config: &TrainerConfig,
    loss: Loss,
    splits: &Splits<'_, Tensor<2>, Tensor<2>>,
    listener: &mut dyn Listener,
) -> anyhow::Result<Outcome> {
    let device = splits.train.inputs.device();
    let mut optimizer = config.optimizer.init();
    let mut order = BatchOrder::new(config.seed, splits.train.len(), config.batch_size);
    let (mut mixed, mut good_steps) = (mixed, 0);
    for step in 0..config.steps {
        if step.is_multiple_of(config.evaluate_every) {
            evaluate(&model, mixed, loss, splits.test, step, listener)?;
            listener.record(&[Row::of_network(step, LOSS_SCALE, mixed.loss_scale)])?;
        }
        let batch = splits.train.select(indices(order.next_batch(), &device));
        let objective = ScaledLoss { loss, scale: mixed.loss_scale };
        let inputs = batch.inputs.autodiff();
        let outputs = mixed.forward(&model, inputs, &mut Taps::off());
        let mut gradients = objective.loss(outputs, batch.targets.autodiff()).backward();
        let gradients = GradientsParams::from_module(&mut gradients, &model);
        if !global_norm(&model, &gradients)?.is_finite() {
            (mixed.loss_scale, good_steps) = (0.5 * mixed.loss_scale, 0);
            continue;
        }
        model = optimizer.step(config.learning_rate, model, gradients);
        good_steps += 1;
        if good_steps == PATIENCE {
            (mixed.loss_scale, good_steps) = (2.0 * mixed.loss_scale, 0);
        }
        listener.progress(Progress { step, steps: config.steps, loss: f64::NAN });
    }
    evaluate(&model, mixed, loss, splits.test, config.steps, listener)?;
    Ok(Outcome::Finished)
}

fn evaluate(
    model: &Mlp,
    mixed: Mixed,
    loss: Loss,
    test: &Examples<Tensor<2>, Tensor<2>>,
    step: u64,
    listener: &mut dyn Listener,
) -> anyhow::Result<()> {
    let outputs = mixed.forward(&model.clone().valid(), test.inputs.clone(), &mut Taps::off());
    let Some(correct) = loss.correct(outputs, test.targets.clone()) else { return Ok(()) };
    let correct: f64 = correct.try_into_data()?.iter::<f64>().sum();
    let accuracy = correct / test.len() as f64;
    listener.record(&[Row::of_network(step, QuantityName::TEST_ACCURACY, accuracy)])?;
    Ok(())
}

fn indices(indices: &[i32], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(indices.to_vec(), [indices.len()]), device)
}
