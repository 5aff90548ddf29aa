//! Each layer against Burn's own with the same weights, for every option that Burn has.

use std::process::Command;
use std::sync::Once;

use backdraft_recurrent::{Gru, Lstm, Path, Rnn};
use burn::module::Module;
use burn::nn::activation::ActivationConfig;
use burn::nn::gru::{BiGru, BiGruConfig, GruConfig};
use burn::nn::{BiLstm, BiLstmConfig, BiRnn, BiRnnConfig, GateController, HardSigmoidConfig};
use burn::nn::{LstmConfig, LstmState, RnnConfig, RnnState};
use burn::tensor::{DType, Device, FloatDType, Gradients, Tensor};

use super::{Layer, difference, loss, numbers, result, values};

const INPUTS: usize = 3;
const HIDDEN: usize = 5;
const BATCH: usize = 4;
const TIME: usize = 7;

/// Set in the process that repeats these tests in `f64`.
const DOUBLE: &str = "BACKDRAFT_TEST_DOUBLE";

type States = [Tensor<3>; 2];

/// The type of all floats in this process. Burn's layers start from zeros of the device's default type,
/// which is set once for a process.
fn dtype() -> DType {
    if std::env::var_os(DOUBLE).is_some() { DType::F64 } else { DType::F32 }
}

fn device() -> Device {
    static CONFIGURED: Once = Once::new();
    let device = Device::flex();
    if dtype() == DType::F64 {
        CONFIGURED.call_once(|| device.clone().configure(FloatDType::F64).unwrap());
    }
    device.autodiff()
}

#[test]
fn the_same_in_double_precision() {
    if dtype() == DType::F64 {
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["layers::beside_burn", "--nocapture"]).env(DOUBLE, "1");
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let compared = text.lines().filter(|line| line.contains("F64")).count();
    assert!(compared >= 50, "{compared} comparisons");
}

/// What Burn's layer gives, in the order of ours.
struct Theirs {
    outputs: Tensor<3>,
    states: States,
    /// Gates of each direction in the order of ours, with the sign of their weights here.
    gates: Vec<Vec<(GateController, f64)>>,
}

/// Compares all numbers, outputs, states and gradients.
#[expect(clippy::print_stdout, reason = "the process that repeats the tests counts the lines")]
fn compare<B: Module, L: Layer + TryFrom<B>>(
    name: &str,
    directions: usize,
    is_batch_first: bool,
    module: B,
    run: impl Fn(&B, Tensor<3>, Option<States>) -> Theirs,
) where
    <L as TryFrom<B>>::Error: std::fmt::Debug,
{
    let (device, dtype) = (device(), dtype());
    // Burn narrows the slope of a hard sigmoid to `f32` (docs/upstream.md).
    let is_narrowed = name.ends_with("gate");
    let tolerance = if dtype == DType::F64 && !is_narrowed { 1e-12 } else { 1e-6 };
    let on = (&device, dtype);
    let ours = L::try_from(module.clone()).unwrap();
    for has_state in [false, true] {
        let shape = if is_batch_first { [BATCH, TIME, INPUTS] } else { [TIME, BATCH, INPUTS] };
        let shape_of_state = [directions, BATCH, HIDDEN];
        let state = has_state
            .then(|| [0.17, 0.23].map(|step| values(shape_of_state, step, on).mul_scalar(0.5)));
        let input = values(shape, 0.9, on);
        let ours_has = result(&ours, input.clone(), None, state.clone(), Path::Fastest);
        let input = input.require_grad();
        let state = state.map(|state| state.map(Tensor::require_grad));
        let theirs = run(&module, input.clone(), state.clone());
        let [hidden, cell] = theirs.states.clone();
        let mut total = loss(theirs.outputs.clone(), 0.71) + loss(hidden, 0.31);
        if ours.has_cell_state() {
            total = total + loss(cell, 0.53);
        }
        let gradients = total.backward();
        let mut expected = numbers(theirs.outputs);
        expected.extend(theirs.states.into_iter().flat_map(numbers));
        expected.extend(numbers(input.grad(&gradients).unwrap()));
        let kept = if ours.has_cell_state() { 2 } else { 1 };
        for state in state.into_iter().flatten().take(kept) {
            expected.extend(numbers(state.grad(&gradients).unwrap()));
        }
        expected.extend(theirs.gates.iter().flat_map(|gates| of_gates(gates, &gradients)));
        let difference = difference(&ours_has.all(), &expected);
        let what = format!("{name}, {dtype:?}, state {has_state}");
        assert!(difference < tolerance, "{what}: {difference:e}");
        println!("{what}: {} numbers, {difference:.1e}", expected.len());
    }
}

/// The gradients of a layer's parameters in the order of ours: gates side by side.
fn of_gates(gates: &[(GateController, f64)], gradients: &Gradients) -> Vec<f64> {
    let mut all = Vec::new();
    for which in [0, 1] {
        let linears = gates.iter().map(|(gate, sign)| {
            (if which == 0 { &gate.input_transform } else { &gate.hidden_transform }, *sign)
        });
        let weights = linears
            .clone()
            .map(|(linear, sign)| linear.weight.val().grad(gradients).unwrap().mul_scalar(sign));
        all.extend(numbers(Tensor::cat(weights.collect(), 1)));
        let biases: Option<Vec<_>> = linears
            .map(|(linear, sign)| {
                Some(linear.bias.as_ref()?.val().grad(gradients).unwrap().mul_scalar(sign))
            })
            .collect();
        all.extend(biases.into_iter().flat_map(|biases| numbers(Tensor::cat(biases, 0))));
    }
    all
}

fn hard_sigmoid() -> ActivationConfig {
    ActivationConfig::HardSigmoid(HardSigmoidConfig::new().with_alpha(0.2))
}

fn lstm_gates(lstm: &burn::nn::Lstm) -> Vec<(GateController, f64)> {
    let (input, cell, output) =
        (lstm.input_gate.clone(), lstm.cell_gate.clone(), lstm.output_gate.clone());
    match lstm.forget_gate.clone() {
        Some(forget) => vec![(input, 1.0), (forget, 1.0), (cell, 1.0), (output, 1.0)],
        None => vec![(input, -1.0), (cell, 1.0), (output, 1.0)],
    }
}

#[test]
fn an_lstm_is_burns_whatever_its_options() {
    let config = LstmConfig::new(INPUTS, HIDDEN, true);
    let all = [
        ("default", config.clone()),
        ("no bias", LstmConfig::new(INPUTS, HIDDEN, false)),
        ("time-major", config.clone().with_batch_first(false)),
        ("reverse", config.clone().with_reverse(true)),
        ("clip", config.clone().with_clip(Some(0.15))),
        ("coupled", config.clone().with_input_forget(true)),
        ("gate", config.clone().with_gate_activation(hard_sigmoid())),
        (
            "coupled gate",
            config.clone().with_input_forget(true).with_gate_activation(hard_sigmoid()),
        ),
        ("cell", config.clone().with_cell_activation(ActivationConfig::Relu)),
        ("hidden", config.clone().with_hidden_activation(ActivationConfig::Softsign)),
    ];
    let device = device();
    for (name, config) in all {
        let is_batch_first = config.batch_first;
        let lstm = config.init(&device);
        compare::<_, Lstm>(name, 1, is_batch_first, lstm, |lstm, input, state| {
            let state = state.map(|[hidden, cell]| LstmState {
                cell: cell.squeeze_dim::<2>(0),
                hidden: hidden.squeeze_dim(0),
            });
            let (outputs, state) = lstm.forward(input, state);
            let states = [state.hidden.unsqueeze(), state.cell.unsqueeze()];
            Theirs { outputs, states, gates: vec![lstm_gates(lstm)] }
        });
    }
}

#[test]
fn an_lstm_of_both_directions_is_burns() {
    let device = device();
    let config = BiLstmConfig::new(INPUTS, HIDDEN, true);
    for (name, config) in [
        ("both", config.clone()),
        ("both, time-major", config.clone().with_batch_first(false)),
        ("both, coupled", config.clone().with_input_forget(true)),
        ("both, clip", config.clone().with_clip(Some(0.15))),
    ] {
        let run = |lstm: &BiLstm, input, state: Option<States>| {
            let state = state.map(|[hidden, cell]| LstmState { cell, hidden });
            let (outputs, LstmState { cell, hidden }) = lstm.forward(input, state);
            let gates = vec![lstm_gates(&lstm.forward), lstm_gates(&lstm.reverse)];
            Theirs { outputs, states: [hidden, cell], gates }
        };
        compare::<_, Lstm>(name, 2, config.batch_first, config.init(&device), run);
    }
}

fn gru_gates(gru: &burn::nn::gru::Gru) -> Vec<(GateController, f64)> {
    [&gru.reset_gate, &gru.update_gate, &gru.new_gate].map(|gate| (gate.clone(), 1.0)).to_vec()
}

#[test]
fn a_gru_is_burns_whatever_its_options() {
    let device = device();
    let config = GruConfig::new(INPUTS, HIDDEN, true);
    for (name, config) in [
        ("default", config.clone()),
        ("no bias", GruConfig::new(INPUTS, HIDDEN, false)),
        ("reset before", config.clone().with_reset_after(false)),
        ("clip", config.clone().with_clip(Some(0.15))),
        ("gate", config.clone().with_gate_activation(hard_sigmoid())),
        ("hidden", config.clone().with_hidden_activation(ActivationConfig::Softsign)),
    ] {
        compare::<_, Gru>(name, 1, true, config.init(&device), |gru, input, state| {
            let state = state.map(|[hidden, _]| hidden.squeeze_dim::<2>(0));
            let outputs = gru.forward(input, state);
            // Burn's gives no state back: it is the last output.
            let hidden = outputs.clone().narrow(1, TIME - 1, 1).swap_dims(0, 1);
            let states = [hidden.clone(), hidden.zeros_like()];
            Theirs { outputs, states, gates: vec![gru_gates(gru)] }
        });
    }
    for (name, config) in [
        ("both", BiGruConfig::new(INPUTS, HIDDEN, true)),
        ("both, time-major", BiGruConfig::new(INPUTS, HIDDEN, true).with_batch_first(false)),
    ] {
        let run = |gru: &BiGru, input, state: Option<States>| {
            let (outputs, hidden) = gru.forward(input, state.map(|[hidden, _]| hidden));
            let states = [hidden.clone(), hidden.zeros_like()];
            let gates = vec![gru_gates(&gru.forward), gru_gates(&gru.reverse)];
            Theirs { outputs, states, gates }
        };
        compare::<_, Gru>(name, 2, config.batch_first, config.init(&device), run);
    }
}

#[test]
fn an_rnn_is_burns_whatever_its_options() {
    let device = device();
    let config = RnnConfig::new(INPUTS, HIDDEN, true);
    for (name, config) in [
        ("default", config.clone()),
        ("no bias", RnnConfig::new(INPUTS, HIDDEN, false)),
        ("time-major", config.clone().with_batch_first(false)),
        ("reverse", config.clone().with_reverse(true)),
        ("clip", config.clone().with_clip(Some(0.15))),
        ("relu", config.clone().with_hidden_activation(ActivationConfig::Relu)),
        ("sigmoid", config.clone().with_hidden_activation(ActivationConfig::Sigmoid)),
    ] {
        let is_batch_first = config.batch_first;
        compare::<_, Rnn>(name, 1, is_batch_first, config.init(&device), |rnn, input, state| {
            let state = state.map(|[hidden, _]| RnnState::new(hidden.squeeze_dim::<2>(0)));
            let (outputs, state) = rnn.forward(input, state);
            let hidden = state.hidden.unsqueeze::<3>();
            let gates = vec![vec![(rnn.gate.clone(), 1.0)]];
            Theirs { outputs, states: [hidden.clone(), hidden.zeros_like()], gates }
        });
    }
    let run = |rnn: &BiRnn, input, state: Option<States>| {
        let (outputs, state) = rnn.forward(input, state.map(|[hidden, _]| RnnState::new(hidden)));
        let gates = [&rnn.forward.gate, &rnn.reverse.gate].map(|gate| vec![(gate.clone(), 1.0)]);
        let states = [state.hidden.clone(), state.hidden.zeros_like()];
        Theirs { outputs, states, gates: gates.to_vec() }
    };
    let both = BiRnnConfig::new(INPUTS, HIDDEN, true).init(&device);
    compare::<_, Rnn>("both", 2, true, both, run);
}

#[test]
fn what_has_no_counterpart_is_refused() {
    let device = device();
    let relu = ActivationConfig::Relu;
    let config = LstmConfig::new(1, 1, true).with_input_forget(true).with_gate_activation(relu);
    let error = Lstm::try_from(config.init(&device)).unwrap_err();
    let expected = "the layer's gate activation with `input_forget` is relu, which has no \
                    counterpart here: coupled gates are sigmoid or hard sigmoid";
    assert_eq!(error.to_string(), expected);
    let wide = ActivationConfig::HardSigmoid(HardSigmoidConfig::new().with_alpha(0.3));
    let config = LstmConfig::new(1, 1, true).with_gate_activation(wide);
    assert!(Lstm::try_from(config.init(&device)).is_err());
}
