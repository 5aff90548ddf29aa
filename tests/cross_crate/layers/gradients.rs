//! Finite differences in `f64` for what Burn has no counterpart of.

use backdraft_recurrent::{GruConfig, LstmConfig, Path, RnnConfig};
use backdraft_spec::{Activation, Cell};
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::{Layer, loss, numbers, values};
use crate::widened;

const SHAPE: [usize; 3] = [3, 5, 2];
const HIDDEN: usize = 3;

/// The loss of inputs and states, both as flat lists.
fn total<L: Layer>(layer: &L, inputs: Tensor<3>, state: [Tensor<3>; 2]) -> Tensor<1> {
    let (outputs, [hidden, cell]) = layer.run(inputs, Some(&[5, 2, 4]), Some(state), Path::Fastest);
    let total = loss(outputs, 0.71) + loss(hidden, 0.31);
    if layer.has_cell_state() { total + loss(cell, 0.53) } else { total }
}

fn check<L: Layer + Module>(name: &str, layer: L) {
    let device = Device::flex().autodiff();
    let layer = widened(layer);
    let on = (&device, DType::F64);
    let states = layer.stack().layers.len() + layer.stack().reverse.len();
    let parts: [Tensor<3>; 3] = [
        values(SHAPE, 0.9, on),
        values([states, SHAPE[0], HIDDEN], 0.17, on).mul_scalar(0.5),
        values([states, SHAPE[0], HIDDEN], 0.23, on).mul_scalar(0.5),
    ];
    let kept = if layer.has_cell_state() { 3 } else { 2 };
    let leaves = parts.clone().map(Tensor::require_grad);
    let [input, hidden, cell] = leaves.clone();
    let gradients = total(&layer, input, [hidden, cell]).backward();
    for which in 0..kept {
        let gradient = numbers(leaves[which].grad(&gradients).unwrap());
        let dims = parts[which].dims();
        let origin = numbers(parts[which].clone());
        for position in 0..origin.len() {
            let at = |step: f64| {
                let mut moved = origin.clone();
                moved[position] += step;
                let mut parts = parts.clone();
                parts[which] = Tensor::from_data(TensorData::new(moved, dims), on);
                let [input, hidden, cell] = parts;
                numbers(total(&layer, input, [hidden, cell]))[0]
            };
            let step = 1e-6;
            let slope = (at(step) - at(-step)) / (2.0 * step);
            let far = (slope - gradient[position]).abs();
            // The truncation is about step², the rounding about 1e-16 / step.
            assert!(
                far < 1e-7,
                "{name}, part {which}, {position}: {slope} and {}",
                gradient[position]
            );
        }
    }
}

#[test]
fn gradients_of_inputs_and_states_are_those_of_finite_differences() {
    let device = Device::flex().autodiff();
    for cell in [Cell::Lstm, Cell::CoupledLstm, Cell::PeepholeLstm, Cell::LayerNormLstm] {
        let config = LstmConfig::new(SHAPE[2], HIDDEN).with_layers(2).with_bidirectional(true);
        check(&format!("{cell:?}"), config.with_cell(cell).init(&device));
    }
    let gru = GruConfig::new(SHAPE[2], HIDDEN).with_layers(2).with_bidirectional(true);
    check("GRU", gru.clone().init(&device));
    check("GRU, reset before", gru.with_reset_after(false).init(&device));
    let rnn = RnnConfig::new(SHAPE[2], HIDDEN).with_layers(2).with_reverse(true);
    check("RNN", rnn.clone().init(&device));
    check("RNN, softsign", rnn.with_activation(Activation::Softsign).init(&device));
}
