//! One gradient, before and after clipping.

use backdraft_hooks::Taps;
use backdraft_layers::Network;
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Clipping, Listener, Objective, Outcome, clip};
use backdraft_zoo::NetworkConfig;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, ExecutionError, Int, Tensor};

use super::data::Data;
use super::footprint;
use crate::trial::{Task, taking};

/// The (largest) norm after clipping, over its bound.
pub const NORM_OVER_BOUND: QuantityName = QuantityName::new("norm_over_bound");
/// The cosine between the gradients before and after clipping.
pub const COSINE: QuantityName = QuantityName::new("cosine");

/// What clipping bounds, in each case to a share of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// The norm of all gradients together.
    GlobalNorm,
    /// The norm of each tensor, to a share of the largest norm.
    TensorNorm,
    /// Every element, to a share of the largest element.
    Value,
}

/// Draws the network of `seed`, computes the gradient of the loss on the first `batch` training
/// examples, and clips it at `share` of its size.
///
/// Measures for the network at step 0: [`NORM_OVER_BOUND`] and [`COSINE`].
pub fn clipped(
    network: NetworkConfig,
    data: Data,
    batch: usize,
    (bounded, share): (Bounded, f64),
    seed: u64,
) -> Box<Task> {
    let memory = footprint::of_gradient(&network, &data, batch);
    let check = network.check_batch(batch.min(data.extent.trained));
    taking(memory, check, move |device: &Device, listener: &mut dyn Listener| {
        let data = data.of(seed)?;
        let model = network.try_init(seed, &device.clone().autodiff())?;
        let [train, _] = data.on_device(device, seed);
        let first = Tensor::<1, Int>::arange(0..batch.min(train.len()) as i64, device);
        let batch = train.select(first);
        let outputs = model.score(batch.inputs, &mut Taps::off());
        let mut gradients = data.loss.loss(outputs, batch.targets).backward();
        let gradients = GradientsParams::from_module(&mut gradients, &model);

        let before = elements(&model, &gradients)?;
        let bound = share * bounded.size(&before);
        let clipping = match bounded {
            Bounded::GlobalNorm => Clipping::GlobalNorm(bound),
            Bounded::TensorNorm => Clipping::TensorNorm(bound),
            Bounded::Value => Clipping::Value(bound),
        };
        let (gradients, _) = clip(clipping, &model, gradients, false)?;
        let after = elements(&model, &gradients)?;
        let rows = [
            Row::of_network(0, NORM_OVER_BOUND, bounded.size(&after) / bound),
            Row::of_network(0, COSINE, product(&before, &after) / norm(&before) / norm(&after)),
        ];
        listener.record(&rows)?;
        Ok(Outcome::Finished)
    })
}

impl Bounded {
    /// Returns the size that is bounded, of a gradient given tensor by tensor.
    fn size(self, gradient: &[Vec<f64>]) -> f64 {
        let largest = |sizes: &mut dyn Iterator<Item = f64>| sizes.fold(0.0, f64::max);
        match self {
            Self::GlobalNorm => norm(gradient),
            Self::TensorNorm => {
                largest(&mut gradient.iter().map(|tensor| norm(std::slice::from_ref(tensor))))
            }
            Self::Value => largest(&mut gradient.iter().flatten().map(|x| x.abs())),
        }
    }
}

fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(x, y)| x * y).sum()
}

fn norm(gradient: &[Vec<f64>]) -> f64 {
    product(gradient, gradient).sqrt()
}

/// Reads back the gradients, tensor by tensor, in the order of the network.
fn elements<M: Module>(module: &M, gradients: &GradientsParams) -> anyhow::Result<Vec<Vec<f64>>> {
    let mut reader = Reader { gradients, tensors: Ok(Vec::new()) };
    module.visit(&mut reader);
    Ok(reader.tensors?)
}

struct Reader<'a> {
    gradients: &'a GradientsParams,
    tensors: Result<Vec<Vec<f64>>, ExecutionError>,
}

impl ModuleVisitor for Reader<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let (Some(gradient), Ok(tensors)) =
            (self.gradients.get::<D>(parameter.id), &mut self.tensors)
        else {
            return;
        };
        match gradient.try_into_data() {
            Ok(data) => tensors.push(data.iter::<f64>().collect()),
            Err(error) => self.tensors = Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_of_all_of_the_largest_tensor_and_of_the_largest_element() {
        let gradient = [vec![3.0, -4.0], vec![12.0]];
        let size = |bounded: Bounded| bounded.size(&gradient);
        assert_eq!(size(Bounded::GlobalNorm), 13.0);
        assert_eq!((size(Bounded::TensorNorm), size(Bounded::Value)), (12.0, 12.0));
    }
}
