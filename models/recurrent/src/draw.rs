//! Initialisation of a recurrent layer.

use backdraft_layers::{Initializer, InitializerExt, WeightRng};
use backdraft_spec::Cell;
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, TensorData};
use rand_core::Rng;

use crate::config::RecurrentConfig;
use crate::equations::Equations;
use crate::layer::RecurrentLayer;
use crate::variant::Variant;

impl RecurrentConfig {
    /// Creates a layer with drawn weights.
    pub(crate) fn layer(
        &self,
        inputs: usize,
        rng: &mut WeightRng,
        device: &Device,
    ) -> RecurrentLayer {
        let (cell, hidden) = (self.cell, self.hidden);
        let input = self.gates(self.initializer, inputs, rng);
        let state = self.gates(self.recurrent_initializer, hidden, rng);
        let bias = self.bias(rng);
        let variant = Variant::init(cell, hidden, &bias, device);
        let wide = bias.len();
        let has_bias = cell != Cell::LayerNormLstm;
        let linear = |weight: Vec<f32>, inputs: usize, bias: Vec<f32>| Linear {
            weight: Param::from_data(TensorData::new(weight, [inputs, wide]), device),
            bias: has_bias.then(|| Param::from_data(TensorData::new(bias, [wide]), device)),
        };
        let (input, hidden) = (linear(input, inputs, bias), linear(state, hidden, vec![0.0; wide]));
        RecurrentLayer { input, hidden, variant, cell, equations: Equations::default() }
    }

    /// Draws `[inputs, gates × hidden]`, each gate separately.
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
        let (cell, hidden) = (self.cell, self.hidden);
        let mut bias = vec![0.0; cell.gates() * hidden];
        let Some(keeping) = cell.keeping_gate() else { return bias };
        if cell.has_memory() {
            bias[keeping * hidden..][..hidden].fill(self.forget_bias as f32);
        }
        if self.chrono_length == 0 {
            return bias;
        }
        for unit in 0..hidden {
            // 53 random bits make a uniform number in [0, 1).
            let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let memory = (1.0 + uniform * (self.chrono_length as f64 - 2.0)).ln() as f32;
            bias[keeping * hidden + unit] = memory;
            if let Some(input) = cell.input_gate() {
                bias[input * hidden + unit] = -memory;
            }
        }
        bias
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_layers::weight_rng;

    #[test]
    fn chrono_biases_lie_between_the_shortest_and_the_longest_memory() {
        let config = RecurrentConfig { chrono_length: 50, ..Default::default() };
        let bias = config.bias(&mut weight_rng(3));
        let (input, forget) = (&bias[..128], &bias[128..256]);
        assert!(forget.iter().all(|b| (0.0..=49f32.ln()).contains(b)));
        assert!(input.iter().zip(forget).all(|(i, f)| *i == -f));
        let mean = forget.iter().map(|b| f64::from(b.exp())).sum::<f64>() / 128.0;
        assert!((mean - 25.0).abs() < 4.0, "uniform from 1 to 49: {mean}");
        let coupled = RecurrentConfig { cell: Cell::CoupledLstm, ..config };
        assert_eq!(&coupled.bias(&mut weight_rng(3))[..128], forget);
    }

    #[test]
    fn only_the_gate_that_keeps_the_memory_has_the_forget_bias() {
        let biased = |cell| {
            let config = RecurrentConfig { cell, hidden: 1, ..Default::default() };
            config.bias(&mut weight_rng(0))
        };
        assert_eq!(biased(Cell::Lstm), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(biased(Cell::CoupledLstm), [1.0, 0.0, 0.0]);
        assert_eq!(biased(Cell::Gru), [0.0; 3]);
        assert_eq!(biased(Cell::Rnn), [0.0]);
    }
}
