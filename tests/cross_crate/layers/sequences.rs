//! Lengths, states and chunks: each sequence is what it would be alone and at once.

use backdraft_recurrent::{GruConfig, LstmConfig, Path, RnnConfig};
use backdraft_spec::{Activation, Cell};
use burn::tensor::{DType, Device, Tensor};

use super::{Layer, difference, numbers, result, values};

const INPUTS: usize = 3;
const HIDDEN: usize = 4;

fn lstm() -> LstmConfig {
    LstmConfig::new(INPUTS, HIDDEN).with_layers(2).with_seed(3)
}

/// Calls `check` with layers of every kind, in one direction, the other and both.
macro_rules! each_layer {
    ($check:expr) => {{
        let device = Device::flex().autodiff();
        for (reverse, both) in [(false, false), (true, false), (false, true)] {
            let turned = |name: &str| format!("{name}, reverse {reverse}, both {both}");
            for cell in [Cell::Lstm, Cell::CoupledLstm, Cell::PeepholeLstm] {
                let config = lstm().with_cell(cell).with_reverse(reverse).with_bidirectional(both);
                $check(&turned(&format!("{cell:?}")), &config.init(&device));
            }
            let gru = GruConfig::new(INPUTS, HIDDEN).with_layers(2).with_seed(3);
            for reset_after in [true, false] {
                let config = gru.clone().with_reverse(reverse).with_bidirectional(both);
                let layer = config.with_reset_after(reset_after).init(&device);
                $check(&turned(&format!("GRU {reset_after}")), &layer);
            }
            for activation in [Activation::Tanh, Activation::Relu] {
                let rnn = RnnConfig::new(INPUTS, HIDDEN).with_layers(2).with_seed(3);
                let config = rnn.with_reverse(reverse).with_bidirectional(both);
                let layer = config.with_activation(activation).init(&device);
                $check(&turned(&format!("RNN {activation:?}")), &layer);
            }
        }
    }};
}

fn states(layer: &impl Layer, batch: usize) -> [Tensor<3>; 2] {
    let device = Device::flex().autodiff();
    let stack = layer.stack();
    let count = stack.layers.len() + stack.reverse.len();
    let of = |step| values([count, batch, HIDDEN], step, (&device, DType::F32)).mul_scalar(0.5);
    [0.17, 0.23].map(of)
}

/// Also the kernel against the plain path, where states are given and rows rest.
fn check_lengths<L: Layer>(name: &str, layer: &L) {
    let device = Device::flex().autodiff();
    let lengths = [5, 1, 7, 0];
    let input: Tensor<3> = values([4, 7, INPUTS], 0.9, (&device, DType::F32));
    let start = states(layer, 4);
    let fused = result(layer, input.clone(), Some(&lengths), Some(start.clone()), Path::Fastest);
    let plain = result(layer, input.clone(), Some(&lengths), Some(start.clone()), Path::Plain);
    let far = difference(&fused.all(), &plain.all());
    assert!(far < 1e-6, "{name}: the kernel differs by {far:e}");

    let (outputs, last) =
        layer.run(input.clone(), Some(&lengths), Some(start.clone()), Path::Fastest);
    for (row, length) in lengths.into_iter().enumerate() {
        let of_row = |state: &Tensor<3>| state.clone().narrow(1, row, 1);
        let alone = input.clone().narrow(0, row, 1).narrow(1, 0, length.max(1));
        let start = start.each_ref().map(of_row);
        let output = outputs.clone().narrow(0, row, 1);
        let end = last.each_ref().map(of_row);
        if length < 7 {
            let rest = numbers(output.clone().narrow(1, length, 7 - length));
            assert!(rest.iter().all(|x| *x == 0.0), "{name}: outputs after the end");
        }
        let (expected, expected_end) = if length == 0 {
            (None, start) // no step: the state stays
        } else {
            let (outputs, end) = layer.run(alone, None, Some(start), Path::Fastest);
            (Some(outputs), end)
        };
        if let Some(expected) = expected {
            let far = difference(&numbers(output.narrow(1, 0, length)), &numbers(expected));
            assert!(far < 1e-6, "{name}, length {length}: outputs differ by {far:e}");
        }
        let kept = if layer.has_cell_state() { 2 } else { 1 };
        for (end, expected) in end.into_iter().zip(expected_end).take(kept) {
            let far = difference(&numbers(end), &numbers(expected));
            assert!(far < 1e-6, "{name}, length {length}: states differ by {far:e}");
        }
    }
}

#[test]
fn each_sequence_is_as_if_alone() {
    each_layer!(check_lengths);
}

/// Padding of any content leaves results and gradients as they are, NaN included.
fn check_padding<L: Layer>(name: &str, layer: &L) {
    let device = Device::flex().autodiff();
    let lengths = [5, 1, 7];
    let input: Tensor<3> = values([3, 7, INPUTS], 0.9, (&device, DType::F32));
    let padded = |content: f64| {
        let rows = lengths.iter().enumerate().map(|(row, length)| {
            let row = input.clone().narrow(0, row, 1);
            if *length == 7 {
                return row;
            }
            let rest = row.clone().narrow(1, *length, 7 - length);
            Tensor::cat(vec![row.narrow(1, 0, *length), rest.full_like(content)], 1)
        });
        Tensor::cat(rows.collect(), 0).detach()
    };
    let with = |content, path| result(layer, padded(content), Some(&lengths), None, path).all();
    for path in [Path::Fastest, Path::Plain] {
        assert_eq!(with(f64::NAN, path), with(0.0, path), "{name}, {path:?}");
    }
}

#[test]
fn padding_has_no_effect() {
    each_layer!(check_padding);
}

/// One pass over 9 steps against chunks of 2, 4 and 3.
fn check_chunks<L: Layer>(name: &str, layer: &L) {
    if layer.stack().reverse.is_empty() && !name.contains("reverse true") {
        let device = Device::flex().autodiff();
        let input: Tensor<3> = values([4, 9, INPUTS], 0.9, (&device, DType::F32)).require_grad();
        let run = |chunks: &[usize], is_truncated: bool| {
            let (mut state, mut outputs, mut from) = (None, Vec::new(), 0);
            for steps in chunks {
                let chunk = input.clone().narrow(1, from, *steps);
                let (output, end) = layer.run(chunk, None, state, Path::Fastest);
                let carried = if is_truncated { end.map(Tensor::detach) } else { end };
                (state, from) = (Some(carried), from + steps);
                outputs.push(output);
            }
            let outputs = Tensor::cat(outputs, 1);
            let last = outputs.clone().narrow(1, 8, 1);
            let gradients = (super::loss(outputs.clone(), 0.7) + super::loss(last, 0.3)).backward();
            (numbers(outputs), input.grad(&gradients).unwrap())
        };
        let (outputs, gradient) = run(&[9], false);
        let (in_chunks, gradient_in_chunks) = run(&[2, 4, 3], false);
        assert!(difference(&outputs, &in_chunks) < 1e-6, "{name}");
        let far = difference(&numbers(gradient.clone()), &numbers(gradient_in_chunks));
        assert!(far < 1e-6, "{name}: gradients differ by {far:e}");
        // Detached, the last chunk's gradient is the same and the others' lacks what comes after them.
        let (truncated, of_truncated) = run(&[2, 4, 3], true);
        assert_eq!(truncated, in_chunks, "{name}");
        let part =
            |gradient: &Tensor<3>, from, steps| numbers(gradient.clone().narrow(1, from, steps));
        let far = difference(&part(&gradient, 6, 3), &part(&of_truncated, 6, 3));
        assert!(far < 1e-6, "{name}: the last chunk's gradient differs by {far:e}");
        let far = difference(&part(&gradient, 0, 2), &part(&of_truncated, 0, 2));
        assert!(far > 1e-3, "{name}: nothing was truncated");
    }
}

#[test]
fn chunks_with_carried_states_are_one_pass() {
    each_layer!(check_chunks);
}

/// Long enough, and of enough rows, for two threads.
#[test]
fn large_batches_rest_on_every_thread() {
    let device = Device::flex().autodiff();
    let lengths: Vec<usize> = (0..64).map(|row| 40 + row % 21).collect();
    let layer = LstmConfig::new(INPUTS, 64).with_bidirectional(true).init(&device);
    let on = (&device, DType::F32);
    let input: Tensor<3> = values([64, 60, INPUTS], 0.9, on);
    let state = [0.17, 0.23].map(|step| values([2, 64, 64], step, on).mul_scalar(0.5));
    let run = |path| result(&layer, input.clone(), Some(&lengths), Some(state.clone()), path);
    let (fused, plain) = (run(Path::Fastest), run(Path::Plain));
    let far = difference(&fused.all(), &plain.all());
    assert!(far < 5e-6, "sums over 64 rows of 60 steps differ by {far:e}");
}
