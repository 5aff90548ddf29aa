//! Burn's own LSTM.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::{Linear, Lstm, LstmConfig};
use burn::tensor::{Device, Tensor};

use super::{Classifier, Own, linear};
use crate::data::CLASSES;

const HIDDEN: usize = 16;

#[derive(Module, Debug)]
pub(crate) struct BurnLstm {
    lstm: Lstm,
    head: Linear,
}

impl Own for BurnLstm {
    const GAIN: f64 = 1.0;

    fn new(device: &Device) -> Self {
        Self {
            lstm: LstmConfig::new(4, HIDDEN, true).init(device),
            head: linear(HIDDEN, CLASSES, device),
        }
    }
}

impl Classifier for BurnLstm {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, _] = inputs.dims();
        let (_, state) = self.lstm.forward(inputs.reshape([batch, 16, 4]), None);
        self.head.forward(taps.tap("state", state.hidden))
    }
}
