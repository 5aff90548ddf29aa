//! Two towers in one module.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::{Classifier, Own, linear, linears, through};
use crate::data::{CLASSES, FEATURES};

/// What the second tower counts for in the logits: its gradients are smaller by as much, and healthy.
const SECOND: f64 = 1e-4;

#[derive(Module, Debug)]
pub(crate) struct Towers {
    left: Vec<Linear>,
    right: Vec<Linear>,
    left_head: Linear,
    right_head: Linear,
}

impl Own for Towers {
    const GAIN: f64 = 2.0;

    fn new(device: &Device) -> Self {
        Self {
            left: linears(7, FEATURES, device),
            right: linears(7, FEATURES, device),
            left_head: linear(FEATURES, CLASSES, device),
            right_head: linear(FEATURES, CLASSES, device),
        }
    }
}

impl Classifier for Towers {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let left = self.left_head.forward(through(&self.left, "left", inputs.clone(), taps));
        let right = self.right_head.forward(through(&self.right, "right", inputs, taps));
        left + right * SECOND
    }
}
