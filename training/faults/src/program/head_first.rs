//! Layers that are declared after their head.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::{Classifier, Own, linear, linears, through};
use crate::data::{CLASSES, FEATURES};

#[derive(Module, Debug)]
pub(crate) struct HeadFirst {
    head: Linear,
    hidden: Vec<Linear>,
}

impl Own for HeadFirst {
    const GAIN: f64 = 2.0;

    fn new(device: &Device) -> Self {
        Self { head: linear(FEATURES, CLASSES, device), hidden: linears(10, FEATURES, device) }
    }
}

impl Classifier for HeadFirst {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        self.head.forward(through(&self.hidden, "hidden", inputs, taps))
    }
}
