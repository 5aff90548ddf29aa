//! A recurrent network whose time steps are tapped.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::{Classifier, Own, linear};
use crate::data::CLASSES;

const HIDDEN: usize = 16;

#[derive(Module, Debug)]
pub(crate) struct Recurrent {
    input: Linear,
    hidden: Linear,
    head: Linear,
}

impl Own for Recurrent {
    const GAIN: f64 = 1.0;

    fn new(device: &Device) -> Self {
        Self {
            input: linear(4, HIDDEN, device),
            hidden: linear(HIDDEN, HIDDEN, device),
            head: linear(HIDDEN, CLASSES, device),
        }
    }
}

impl Classifier for Recurrent {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, _] = inputs.dims();
        let mut state = Tensor::zeros([batch, HIDDEN], &inputs.device());
        for (step, input) in inputs.reshape([batch, 16, 4]).iter_dim(1).enumerate() {
            let input = self.input.forward(input.reshape([batch, 4]));
            state = taps.tap_step("state", step, relu(input + self.hidden.forward(state)));
        }
        self.head.forward(state)
    }
}
