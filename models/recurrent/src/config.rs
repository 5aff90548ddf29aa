//! Configuration of a recurrent network.

use backdraft_layers::{Initializer, InvalidField, LinearInit, WeightRng, weight_rng};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, TensorData};
use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, Readout};
use crate::layer::RecurrentLayer;
use crate::network::Recurrent;

/// Largest numbers that are accepted: beyond them lies a typing error, not a network.
const MAX_LAYERS: usize = 1_000;
const MAX_MEMORY: usize = 1_000_000;

/// Describes a [`Recurrent`] network.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `inputs` | 2 | features of a time step | 1 to 65,536 |
/// | `outputs` | 1 | outputs of the head, without activation | 1 to 65,536 |
/// | `cell` | `lstm` | the recurrence | [`Cell`] |
/// | `hidden` | 128 | units of a layer | 1 to 65,536 |
/// | `layers` | 1 | layers, each reading the states of the one below | 1 to 1,000 |
/// | `readout` | `last` | time steps that the head reads | [`Readout`] |
/// | `length` | 100 | time steps of a typical example; any length can be scored | 1 to 65,536 |
/// | `initializer` | `xavier_uniform` | of input weights and head | [`Initializer`] |
/// | `recurrent_initializer` | `{ orthogonal = 1.0 }` | of U, gate by gate | [`Initializer`] |
/// | `forget_bias` | 1 | of an LSTM's forget gate (Jozefowicz et al. 2015) | finite |
/// | `chrono_length` | 0 | if not 0, biases for memories of up to so many steps | 0, or 3 to 1,000,000 |
///
/// With `chrono_length` T the forget gate's biases are ln U(1, T − 1) and the input gate's their
/// negatives (Tallec & Ollivier 2018, eq. 16); for a GRU the update gate's are positive, because z
/// keeps the state here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecurrentConfig {
    /// Features of a time step.
    pub inputs: usize,
    /// Outputs of the head.
    pub outputs: usize,
    /// The recurrence.
    pub cell: Cell,
    /// Units of each layer.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Time steps that the head reads.
    pub readout: Readout,
    /// Time steps of a typical example.
    pub length: usize,
    /// How input weights and the head's are drawn.
    pub initializer: Initializer,
    /// How each gate's recurrent weights are drawn.
    pub recurrent_initializer: Initializer,
    /// Initial bias of an LSTM's forget gate.
    pub forget_bias: f64,
    /// Longest memory that chrono initialisation provides for; 0 for none.
    pub chrono_length: usize,
}

impl Default for RecurrentConfig {
    fn default() -> Self {
        Self {
            inputs: 2,
            outputs: 1,
            cell: Cell::Lstm,
            hidden: 128,
            layers: 1,
            readout: Readout::Last,
            length: 100,
            initializer: Initializer::XavierUniform,
            recurrent_initializer: Initializer::Orthogonal(1.0),
            forget_bias: 1.0,
            chrono_length: 0,
        }
    }
}

impl RecurrentConfig {
    /// Draws the network of `seed` on `device`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, seed: u64, device: &Device) -> Result<Recurrent, InvalidField> {
        self.validate()?;
        let mut rng = weight_rng(seed);
        let layers = (0..self.layers).map(|layer| {
            let inputs = if layer == 0 { self.inputs } else { self.hidden };
            self.layer(inputs, &mut rng, device)
        });
        let layers = layers.collect();
        let head = LinearInit { weight: self.initializer, bias_variance: Some(0.0) };
        let head = head.init(self.hidden, self.outputs, &mut rng, device);
        Ok(Recurrent { layers, head, readout: self.readout })
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), InvalidField> {
        InvalidField::unless_sizes([
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("hidden", self.hidden),
            ("length", self.length),
        ])?;
        InvalidField::unless_in(1..=MAX_LAYERS, "layers", self.layers)?;
        self.initializer.validate("initializer")?;
        self.recurrent_initializer.validate("recurrent_initializer")?;
        if !self.forget_bias.is_finite() {
            let requirement = "a bias is a finite number";
            return Err(InvalidField::new("forget_bias", self.forget_bias, requirement));
        }
        if self.chrono_length != 0 && !(3..=MAX_MEMORY).contains(&self.chrono_length) {
            let requirement = "it must be 0 for none, or from 3 to a million time steps";
            return Err(InvalidField::new("chrono_length", self.chrono_length, requirement));
        }
        Ok(())
    }

    /// Returns the number of learned parameters, by formula.
    pub fn num_learned(&self) -> usize {
        let wide = self.cell.gates() * self.hidden;
        let layer = |inputs: usize| (inputs + self.hidden + 2) * wide;
        layer(self.inputs)
            + (self.layers - 1) * layer(self.hidden)
            + (self.hidden + 1) * self.outputs
    }

    fn layer(&self, inputs: usize, rng: &mut WeightRng, device: &Device) -> RecurrentLayer {
        let (cell, hidden) = (self.cell, self.hidden);
        let input = self.gates(self.initializer, inputs, rng);
        let state = self.gates(self.recurrent_initializer, hidden, rng);
        let bias = self.bias(rng);
        let linear = |weight: Vec<f32>, inputs: usize, bias: Vec<f32>| {
            let wide = bias.len();
            Linear {
                weight: Param::from_data(TensorData::new(weight, [inputs, wide]), device),
                bias: Some(Param::from_data(TensorData::new(bias, [wide]), device)),
            }
        };
        RecurrentLayer {
            input: linear(input, inputs, bias),
            hidden: linear(state, hidden, vec![0.0; cell.gates() * hidden]),
            cell,
        }
    }

    /// Draws `[inputs, gates × hidden]`, each gate by itself.
    fn gates(&self, initializer: Initializer, inputs: usize, rng: &mut WeightRng) -> Vec<f32> {
        let (gates, hidden) = (self.cell.gates(), self.hidden);
        let mut weight = vec![0.0; inputs * gates * hidden];
        for gate in 0..gates {
            let block = initializer.draw(inputs, hidden, rng);
            for (row, values) in block.chunks_exact(hidden).enumerate() {
                weight[(row * gates + gate) * hidden..][..hidden].copy_from_slice(values);
            }
        }
        weight
    }

    /// Returns b, `[gates × hidden]`.
    fn bias(&self, rng: &mut WeightRng) -> Vec<f32> {
        let hidden = self.hidden;
        let mut bias = vec![0.0; self.cell.gates() * hidden];
        if self.cell == Cell::Lstm {
            bias[hidden..2 * hidden].fill(self.forget_bias as f32);
        }
        if self.chrono_length == 0 {
            return bias;
        }
        for unit in 0..hidden {
            // 53 random bits make a uniform number in [0, 1).
            let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let memory = (1.0 + uniform * (self.chrono_length as f64 - 2.0)).ln() as f32;
            match self.cell {
                Cell::Lstm => {
                    bias[unit] = -memory;
                    bias[hidden + unit] = memory;
                }
                Cell::Gru => bias[hidden + unit] = memory,
                Cell::Rnn | Cell::ReluRnn => {}
            }
        }
        bias
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_fields_are_refused_by_name() {
        let refused = |config: RecurrentConfig| config.validate().unwrap_err().field;
        let config = RecurrentConfig::default;
        assert_eq!(refused(RecurrentConfig { hidden: 0, ..config() }), "hidden");
        assert_eq!(refused(RecurrentConfig { layers: 5_000, ..config() }), "layers");
        assert_eq!(refused(RecurrentConfig { chrono_length: 2, ..config() }), "chrono_length");
        assert_eq!(refused(RecurrentConfig { forget_bias: f64::NAN, ..config() }), "forget_bias");
    }

    #[test]
    fn chrono_biases_lie_between_the_shortest_and_the_longest_memory() {
        let config = RecurrentConfig { chrono_length: 50, ..Default::default() };
        let bias = config.bias(&mut weight_rng(3));
        let (input, forget) = (&bias[..128], &bias[128..256]);
        assert!(forget.iter().all(|b| (0.0..=49f32.ln()).contains(b)));
        assert!(input.iter().zip(forget).all(|(i, f)| *i == -f));
        let mean = forget.iter().map(|b| f64::from(b.exp())).sum::<f64>() / 128.0;
        assert!((mean - 25.0).abs() < 4.0, "uniform from 1 to 49: {mean}");
    }
}
