//! How large a gradient each example of a batch gives.

use backdraft_hooks::{global_norm, read_back};
use backdraft_rows::Part;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{ExecutionError, Tensor, TensorData};
use serde::Serialize;

/// Examples of a batch that are looked at, because each takes a backward pass of its own.
pub(crate) const MOST_EXAMPLES: usize = 256;

/// The mean of the examples' own losses is the loss of the batch within this, unless the examples
/// influence each other.
const ROUNDING: f64 = 1e-3;

/// The examples of a batch, with the size of their gradients.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExampleBatch {
    /// The step of the batch.
    pub step: u64,
    /// Number of examples in the batch; of a large one, only the first 256 are looked at.
    pub size: usize,
    /// The examples, in the order of the batch.
    pub examples: Vec<ExampleGradient>,
}

/// An example of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExampleGradient {
    /// Its row in the batch, from 0.
    pub row: usize,
    /// Its row in the training examples, from 0.
    pub example: usize,
    /// L2 norm over all parameters of the gradient of its own loss. If that loss is not finite, this is
    /// not either.
    pub norm: f64,
    /// Mean magnitude of its activations at the tap where it is largest; `None` without taps.
    pub activation: Option<f64>,
}

/// What examples are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RankedBy {
    /// The norm of their gradients.
    Gradient,
    /// The magnitude of their activations: where layers are normalised, an example that is far too large
    /// may have a small gradient.
    Activation,
}

impl RankedBy {
    /// Chooses by the part of the step in which something left its range first.
    pub fn of(part: Option<Part>) -> Self {
        if part == Some(Part::Forward) { Self::Activation } else { Self::Gradient }
    }

    /// Returns the number; NaN if it was not measured.
    pub fn value(self, example: &ExampleGradient) -> f64 {
        match self {
            Self::Gradient => example.norm,
            Self::Activation => example.activation.unwrap_or(f64::NAN),
        }
    }
}

impl ExampleBatch {
    /// Returns the examples, the largest first; those whose numbers are not finite come before.
    pub fn largest_first(&self, by: RankedBy) -> Vec<ExampleGradient> {
        let size = |example: &ExampleGradient| {
            let value = by.value(example);
            if value.is_finite() { value } else { f64::INFINITY }
        };
        let mut sorted = self.examples.clone();
        sorted.sort_by(|a, b| size(b).total_cmp(&size(a)));
        sorted
    }

    /// Returns the median over the examples.
    pub fn median(&self, by: RankedBy) -> f64 {
        let mut values: Vec<f64> = self.examples.iter().map(|example| by.value(example)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Returns for each of the `count` examples of a batch the L2 norm of its gradient over all
/// parameters: one backward pass an example. `loss` computes the mean loss of some rows of the batch.
///
/// Where examples influence each other, as in batch normalisation, the gradient of an example is what
/// the batch loses without it: n times the batch's gradient less n − 1 times that of the others. That is
/// found by comparing the losses, and takes twice as long.
///
/// Layers with running statistics are left with those of these passes.
///
/// ```
/// use backdraft_trainer::example_gradients;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::flex().autodiff();
/// let model: Linear = LinearConfig::new(2, 1).init(&device);
/// let inputs = Tensor::<2>::from_floats([[1.0, 2.0], [1e6, 3.0], [0.5, -1.0]], &device);
/// let norms = example_gradients(&model, 3, |model, rows| {
///     let rows: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
///     let rows = Tensor::<1, Int>::from_ints(rows.as_slice(), &device);
///     model.forward(inputs.clone().select(0, rows)).square().mean()
/// })
/// .unwrap();
/// assert!(norms[1] > 1e3 * norms[0].max(norms[2]));
/// ```
///
/// # Errors
///
/// [`ExecutionError`] when the device failed.
pub fn example_gradients<M: Module>(
    model: &M,
    count: usize,
    loss: impl Fn(&M, &[usize]) -> Tensor<1>,
) -> Result<Vec<f64>, ExecutionError> {
    let all: Vec<usize> = (0..count).collect();
    let whole = loss(model, &all);
    let mut losses = vec![whole.clone().without_autodiff()];
    let mut norms = Vec::new();
    for row in &all {
        let own = loss(model, &[*row]);
        losses.push(own.clone().without_autodiff());
        norms.push(global_norm(model, &gradients(&own, model))?);
    }
    let losses = read_back(losses)?;
    let losses: Vec<f64> = losses.iter().flat_map(TensorData::iter::<f64>).collect();
    let mean = losses.iter().skip(1).sum::<f64>() / count.max(1) as f64;
    let batch = losses.first().copied().unwrap_or(f64::NAN);
    let are_independent = !batch.is_finite() || (mean - batch).abs() <= ROUNDING * batch.abs();
    if are_independent || count < 2 {
        return Ok(norms);
    }
    let whole = gradients(&whole, model);
    let without = |row: &usize| {
        let others: Vec<usize> = all.iter().copied().filter(|other| other != row).collect();
        let rest = gradients(&loss(model, &others), model);
        let n = count as f64;
        global_norm(model, &difference(model, (&whole, n), (&rest, n - 1.0)))
    };
    all.iter().map(without).collect()
}

fn gradients<M: Module>(loss: &Tensor<1>, model: &M) -> GradientsParams {
    GradientsParams::from_module(&mut loss.backward(), model)
}

/// Returns a weighted difference of gradients; one that only one side has counts as 0 on the other.
fn difference<M: Module>(
    model: &M,
    (whole, n): (&GradientsParams, f64),
    (rest, others): (&GradientsParams, f64),
) -> GradientsParams {
    struct Difference<'a> {
        whole: (&'a GradientsParams, f64),
        rest: (&'a GradientsParams, f64),
        difference: GradientsParams,
    }

    impl ModuleVisitor for Difference<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            let of = |(gradients, factor): (&GradientsParams, f64)| {
                gradients.get::<D>(parameter.id).map(|gradient| gradient * factor)
            };
            let difference = match (of(self.whole), of(self.rest)) {
                (Some(whole), Some(rest)) => whole - rest,
                (Some(whole), None) => whole,
                (None, Some(rest)) => rest.neg(),
                (None, None) => return,
            };
            self.difference.register(parameter.id, difference);
        }
    }

    let difference = GradientsParams::new();
    let mut visitor = Difference { whole: (whole, n), rest: (rest, others), difference };
    model.visit(&mut visitor);
    visitor.difference
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
    use burn::tensor::{Device, Int};

    #[derive(Module, Debug)]
    struct Normalised {
        linear: Linear,
        norm: Option<BatchNorm>,
    }

    fn norms(is_normalised: bool, scale: f32) -> Vec<f64> {
        let device = Device::flex().autodiff();
        let model = Normalised {
            linear: LinearConfig::new(3, 2).init(&device),
            norm: is_normalised.then(|| BatchNormConfig::new(2).init(&device)),
        };
        let values: Vec<f32> = (0..24).map(|at| (at as f32 * 1.3).sin()).collect();
        let inputs = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([8, 3]);
        let factors: Vec<f32> = (0..8).map(|row| if row == 5 { scale } else { 1.0 }).collect();
        let factors = Tensor::<1>::from_floats(factors.as_slice(), &device).reshape([8, 1]);
        let inputs: Tensor<2> = inputs * factors;
        example_gradients(&model, 8, |model, rows| {
            let rows: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
            let rows = Tensor::<1, Int>::from_ints(rows.as_slice(), &device);
            let outputs = model.linear.forward(inputs.clone().select(0, rows));
            let outputs = model.norm.iter().fold(outputs, |x, norm| norm.forward(x));
            (outputs.add_scalar(1.0)).powi_scalar(4).mean()
        })
        .unwrap()
    }

    fn largest(norms: &[f64]) -> usize {
        (0..norms.len()).max_by(|a, b| norms[*a].total_cmp(&norms[*b])).unwrap()
    }

    #[test]
    fn the_example_with_the_largest_gradient_is_found_even_under_batch_normalisation() {
        let plain = norms(false, 1e3);
        assert_eq!(largest(&plain), 5, "{plain:?}");
        let others = plain.iter().enumerate().filter(|(row, _)| *row != 5);
        assert!(others.map(|(_, norm)| *norm).fold(0.0, f64::max) < 1e-3 * plain[5]);
        let normalised = norms(true, 10.0);
        assert!(normalised.iter().all(|norm| norm.is_finite() && *norm > 0.0), "{normalised:?}");
        assert_eq!(largest(&normalised), 5, "{normalised:?}");
    }

    #[test]
    fn an_example_that_is_not_finite_stands_first() {
        let example =
            |row, norm| ExampleGradient { row, example: 10 + row, norm, activation: Some(-norm) };
        let examples = vec![example(0, 1.0), example(1, f64::NAN), example(2, 3.0)];
        let batch = ExampleBatch { step: 4, size: 3, examples };
        let rows = |by| -> Vec<usize> {
            batch.largest_first(by).iter().map(|example| example.row).collect()
        };
        assert_eq!(
            (rows(RankedBy::Gradient), batch.median(RankedBy::Gradient)),
            (vec![1, 2, 0], 3.0)
        );
        assert_eq!(rows(RankedBy::of(Some(Part::Forward))), [1, 0, 2]);
    }
}
