//! A linear layer whose weights are drawn on the host.

use backdraft_spec::Initializer;
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, TensorData};
use rand_distr::{Distribution, StandardNormal};

use crate::initializer::InitializerExt;
use crate::rng::WeightRng;

/// How to initialise a linear layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearInit {
    /// Initialiser of the weights.
    pub weight: Initializer,
    /// Variance of the Gaussian biases, σb²; `Some(0.0)` for zeros, `None` for no biases.
    pub bias_variance: Option<f64>,
}

impl LinearInit {
    /// Creates Burn's `Linear` from `inputs` to `outputs` features with drawn weights.
    ///
    /// # Shapes
    ///
    /// - weight: `[inputs, outputs]`
    /// - bias: `[outputs]`
    pub fn init(
        self,
        inputs: usize,
        outputs: usize,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Linear {
        let weight = TensorData::new(self.weight.draw(inputs, outputs, rng), [inputs, outputs]);
        let bias = self.bias_variance.map(|variance| draw_bias(outputs, variance, rng));
        Linear {
            weight: Param::from_data(weight, device),
            bias: bias.map(|bias| Param::from_data(TensorData::new(bias, [outputs]), device)),
        }
    }
}

fn draw_bias(count: usize, variance: f64, rng: &mut WeightRng) -> Vec<f32> {
    if variance == 0.0 {
        // Zeros consume no random numbers, so networks with and without biases share their weights.
        return vec![0.0; count];
    }
    let draw = |rng: &mut WeightRng| -> f64 { StandardNormal.sample(rng) };
    (0..count).map(|_| (variance.sqrt() * draw(rng)) as f32).collect()
}
