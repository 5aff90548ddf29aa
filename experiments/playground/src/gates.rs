//! How far the gates of a recurrent network are open.

use backdraft_hooks::Taps;
use backdraft_recurrent::{Cell, Recurrent};
use backdraft_zoo::{NetworkConfig, ZooNetwork};
use burn::tensor::activation::sigmoid;
use burn::tensor::{ExecutionError, Tensor};
use serde::Serialize;

/// A gate of a recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// i, which admits new content to an LSTM's memory.
    Input,
    /// f, which keeps an LSTM's memory.
    Forget,
    /// o, which shows an LSTM's memory.
    Output,
    /// r, through which a GRU's candidate sees the state.
    Reset,
    /// z, which keeps a GRU's state.
    Update,
}

/// How far a gate is open at one time step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Openness {
    /// The gate.
    pub gate: Gate,
    /// Its mean over units and examples, from 0 (shut) to 1 (open).
    pub mean: f64,
}

/// The gates of a forward pass, not yet read from the device.
pub(super) struct Gates {
    gates: &'static [(usize, Gate)],
    /// `[gates, time]`.
    means: Tensor<2>,
}

/// The gates of a cell that see the input and the state alone, each with its block in the projections.
fn blocks(cell: Cell) -> &'static [(usize, Gate)] {
    match cell {
        Cell::Lstm => &[(0, Gate::Input), (1, Gate::Forget), (3, Gate::Output)],
        Cell::CoupledLstm => &[(0, Gate::Forget), (2, Gate::Output)],
        Cell::Gru => &[(0, Gate::Reset), (1, Gate::Update)],
        Cell::Rnn | Cell::ReluRnn | Cell::PeepholeLstm | Cell::LayerNormLstm => &[],
    }
}

impl Gates {
    /// Computes the gates of the first layer again, from the inputs `[batch, time × features]` and the
    /// states that the taps saw; `None` for networks without gates.
    pub(super) fn of(
        config: &NetworkConfig,
        network: &ZooNetwork,
        inputs: &Tensor<2>,
        taps: &Taps,
    ) -> Option<Self> {
        let (NetworkConfig::Recurrent(config), ZooNetwork::Recurrent(network)) = (config, network)
        else {
            return None;
        };
        let gates = blocks(config.cell);
        let states = states(taps);
        if gates.is_empty() || states.is_empty() {
            return None;
        }
        Some(Self { gates, means: means(gates, network, inputs, states) })
    }

    /// Returns the gates of each time step.
    pub(super) fn read(self) -> Result<Vec<Vec<Openness>>, ExecutionError> {
        let [_, time] = self.means.dims();
        let means: Vec<f64> = self.means.try_into_data()?.iter::<f64>().collect();
        let at = |step| {
            let of_gate = |(row, (_, gate)): (usize, &(usize, Gate))| Openness {
                gate: *gate,
                mean: means[row * time + step],
            };
            self.gates.iter().enumerate().map(of_gate).collect()
        };
        Ok((0..time).map(at).collect())
    }
}

/// Returns the states h of the first layer after each time step, `[batch, hidden]`.
fn states(taps: &Taps) -> Vec<Tensor<2>> {
    let is_state = |subject: &backdraft_rows::Subject| {
        subject.path() == "layers.0" && subject.time_step().is_some()
    };
    let tapped = taps.tapped().iter().filter(|tap| is_state(tap.subject()));
    tapped
        .map(|tap| {
            let activation = tap.activation();
            let [batch, hidden, _] = activation.dims();
            activation.reshape([batch, hidden])
        })
        .collect()
}

/// Returns the means of σ(W x + b + U h + b') as `[gates, time]`.
fn means(
    gates: &[(usize, Gate)],
    network: &Recurrent,
    inputs: &Tensor<2>,
    states: Vec<Tensor<2>>,
) -> Tensor<2> {
    let layer = &network.layers[0];
    let [batch, hidden] = states[0].dims();
    let time = states.len();
    // Each step sees the state that the step before left; the first sees zeros.
    let mut before = vec![states[0].zeros_like()];
    before.extend(states.into_iter().take(time - 1));
    let inputs = inputs.clone().without_autodiff();
    let features = inputs.dims()[1] / time;
    let inputs = inputs.reshape([batch, time, features]).swap_dims(0, 1); // [time, batch, features]
    let affine = |linear: &burn::nn::Linear, input: Tensor<2>| {
        let product = input.matmul(linear.weight.val().without_autodiff());
        match &linear.bias {
            Some(bias) => product + bias.val().without_autodiff().unsqueeze(),
            None => product,
        }
    };
    let all = affine(&layer.input, inputs.reshape([time * batch, features]))
        + affine(&layer.hidden, Tensor::cat(before, 0)); // [time × batch, gates × hidden]
    let mean = |(block, _): &(usize, Gate)| {
        let gate = sigmoid(all.clone().narrow(1, block * hidden, hidden));
        gate.reshape([time, batch * hidden]).mean_dim(1).reshape([1, time])
    };
    Tensor::cat(gates.iter().map(mean).collect::<Vec<Tensor<2>>>(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::{Material, first_batch};
    use crate::setup::{Sequence, Setup};
    use crate::{Answer, look};
    use backdraft_layers::Initializer;
    use burn::tensor::Device;

    fn seen(sequence: Sequence) -> Answer {
        look(&Setup::Sequence(sequence), &Device::flex()).unwrap()
    }

    fn mean(answer: &Answer, step: usize, gate: Gate) -> Option<f64> {
        let gates = &answer.places[step].gates;
        gates.iter().find(|of| of.gate == gate).map(|of| of.mean)
    }

    #[test]
    fn gates_open_as_far_as_their_bias_says() {
        for forget_bias in [-3.0_f64, 0.0, 1.0, 5.0] {
            let recurrent_initializer = Initializer::Zeros;
            let answer =
                seen(Sequence { forget_bias, recurrent_initializer, ..Default::default() });
            let expected = (1.0 + (-forget_bias).exp()).recip();
            // The input moves single units up and down.
            for step in [1, 20, 48] {
                let forget = mean(&answer, step, Gate::Forget).unwrap();
                assert!((forget - expected).abs() < 0.02, "bias {forget_bias}: {forget}");
                let output = mean(&answer, step, Gate::Output).unwrap();
                assert!((output - 0.5).abs() < 0.05, "{output}");
            }
        }
    }

    #[test]
    fn every_cell_has_its_gates() {
        for cell in [Cell::Lstm, Cell::CoupledLstm, Cell::Gru, Cell::Rnn, Cell::PeepholeLstm] {
            let answer = seen(Sequence { cell, length: 12, hidden: 8, ..Default::default() });
            let names: Vec<Gate> = answer.places[3].gates.iter().map(|of| of.gate).collect();
            let expected: Vec<Gate> = blocks(cell).iter().map(|(_, gate)| *gate).collect();
            assert_eq!(names, expected, "{cell:?}");
        }
    }

    /// A matrix in rows.
    fn rows<const D: usize>(tensor: Tensor<D>, columns: usize) -> Vec<Vec<f64>> {
        let values: Vec<f64> = tensor.into_data().iter::<f64>().collect();
        values.chunks(columns).map(<[f64]>::to_vec).collect()
    }

    #[test]
    fn gates_are_those_of_the_lstms_equations_at_their_time_step() {
        let (device, hidden, time) = (Device::flex(), 3, 10);
        let setup = Setup::Sequence(Sequence { length: time, hidden, ..Default::default() });
        let material = Material::of(&setup).unwrap();
        let ZooNetwork::Recurrent(network) = material.network(&device).unwrap() else {
            unreachable!("a sequence is read by a recurrent network")
        };
        let [train, _] = material.examples(&device);
        let inputs = first_batch(&train, 0, &device).inputs;
        let [batch, columns] = inputs.dims();
        let features = columns / time;
        let layer = &network.layers[0];
        let weights = rows(layer.input.weight.val(), 4 * hidden);
        let recurrent = rows(layer.hidden.weight.val(), 4 * hidden);
        let mut bias = rows(layer.input.bias.as_ref().unwrap().val(), 4 * hidden).remove(0);
        if let Some(more) = &layer.hidden.bias {
            let more = rows(more.val(), 4 * hidden).remove(0);
            bias.iter_mut().zip(more).for_each(|(bias, more)| *bias += more);
        }
        let sigmoid = |x: f64| (1.0 + (-x).exp()).recip();
        let mut forget = vec![0.0; time];
        for example in rows(inputs, columns) {
            let (mut state, mut memory) = (vec![0.0; hidden], vec![0.0; hidden]);
            for (step, x) in example.chunks(features).enumerate() {
                let affine = |column: usize| {
                    let of_input: f64 = x.iter().zip(&weights).map(|(x, w)| x * w[column]).sum();
                    let of_state: f64 =
                        state.iter().zip(&recurrent).map(|(h, u)| h * u[column]).sum();
                    of_input + of_state + bias[column]
                };
                let all: Vec<f64> = (0..4 * hidden).map(affine).collect();
                for unit in 0..hidden {
                    let [i, f, g, o] = [0, 1, 2, 3].map(|block| all[block * hidden + unit]);
                    forget[step] += sigmoid(f) / (batch * hidden) as f64;
                    memory[unit] = sigmoid(f) * memory[unit] + sigmoid(i) * g.tanh();
                    state[unit] = sigmoid(o) * memory[unit].tanh();
                }
            }
        }
        let answer = look(&setup, &device).unwrap();
        for (step, expected) in forget.into_iter().enumerate() {
            let found = mean(&answer, step, Gate::Forget).unwrap();
            assert!((found - expected).abs() < 1e-6, "step {step}: {found} ≠ {expected}");
        }
    }
}
