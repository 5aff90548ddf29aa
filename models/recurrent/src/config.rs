//! Configuration of a recurrent network.

use backdraft_layers::{Initializer, InvalidField, LinearInit, WeightRng, weight_rng};
use backdraft_spec::{Cell, Readout};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::layer::RecurrentLayer;
use crate::network::Recurrent;
use crate::variant::Variant;

/// Largest numbers that are accepted. Larger ones are taken for typing errors.
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
/// | `layers` | 1 | stacked layers | 1 to 1,000 |
/// | `bidirectional` | false | whether a second layer at each level reads from the end (Schuster & Paliwal 1997) | |
/// | `readout` | `last` | time steps that the head reads | [`Readout`] |
/// | `length` | 100 | time steps of a typical example; any length is accepted | 1 to 65,536 |
/// | `initializer` | `xavier_uniform` | of the input weights and the head | [`Initializer`] |
/// | `recurrent_initializer` | `{ orthogonal = 1.0 }` | of U, for each gate separately | [`Initializer`] |
/// | `forget_bias` | 1 | initial bias of an LSTM's forget gate (Jozefowicz et al. 2015) | finite |
/// | `chrono_length` | 0 | if not 0, biases are initialised for memories of up to this many steps | 0, or 3 to 1,000,000 |
///
/// With `chrono_length` T, the forget gate's biases are ln U(1, T − 1) and the input gate's their
/// negatives (Tallec & Ollivier 2018, eq. 16); for a GRU the update gate's are positive, because z
/// keeps the state here.
///
/// With `bidirectional`, the layers above and the head read the concatenated states of both
/// directions.
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
    /// Whether a second layer at each level reads the sequence from its end.
    pub bidirectional: bool,
    /// Time steps that the head reads.
    pub readout: Readout,
    /// Time steps of a typical example.
    pub length: usize,
    /// Initialiser of the input weights and the head.
    pub initializer: Initializer,
    /// Initialiser of each gate's recurrent weights.
    pub recurrent_initializer: Initializer,
    /// Initial bias of an LSTM's forget gate.
    pub forget_bias: f64,
    /// Longest memory to initialise the biases for; 0 for no chrono initialisation.
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
            bidirectional: false,
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
    /// Creates the network on `device`, with weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, seed: u64, device: &Device) -> Result<Recurrent, InvalidField> {
        self.validate()?;
        let mut rng = weight_rng(seed);
        let (layers, reverse) = self.layers(&mut rng, device);
        let head = LinearInit { weight: self.initializer, bias_variance: Some(0.0) };
        let head = head.init(self.width(), self.outputs, &mut rng, device);
        Ok(Recurrent { layers, reverse, head, readout: self.readout })
    }

    /// Creates the layers of the first direction and of the other.
    pub(crate) fn layers(
        &self,
        rng: &mut WeightRng,
        device: &Device,
    ) -> (Vec<RecurrentLayer>, Vec<RecurrentLayer>) {
        let (mut layers, mut reverse) = (Vec::new(), Vec::new());
        for level in 0..self.layers {
            let inputs = if level == 0 { self.inputs } else { self.width() };
            layers.push(self.layer(inputs, rng, device));
            if self.bidirectional {
                reverse.push(self.layer(inputs, rng, device));
            }
        }
        (layers, reverse)
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
        let more = Variant::num_learned(self.cell, self.hidden);
        let level = |inputs: usize| self.directions() * ((inputs + self.hidden) * wide + more);
        level(self.inputs)
            + (self.layers - 1) * level(self.width())
            + (self.width() + 1) * self.outputs
    }

    fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    /// Returns the number of features of a level's states.
    fn width(&self) -> usize {
        self.directions() * self.hidden
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
}
