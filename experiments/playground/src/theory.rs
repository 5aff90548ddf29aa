//! Maps setups to the theory's description of networks.

use backdraft_mlp::MlpConfig;
use backdraft_recurrent::RecurrentConfig;
use backdraft_theory::{Inputs, LayerStack, NetworkTheory, NoTheory, Recurrence};
use backdraft_zoo::NetworkConfig;
use serde::Serialize;

use super::setup::{Layers, Setup};

/// Predicted factors of the gradient norm from each place to the one before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Whether it predicts the gradient of an LSTM's memory, ∂L/∂c, instead of the state.
    pub is_of_memory: bool,
    /// Whether it predicts only one of several paths of the gradient.
    pub is_of_one_path: bool,
    /// Name of the formula, for legends.
    pub label: String,
    /// The formula with its source and caveat.
    pub words: String,
    /// ln ‖∂L/∂h_l‖ / ‖∂L/∂h_(l+1)‖, first place first.
    #[serde(skip)]
    pub(super) log_factors: Vec<f64>,
}

/// Moments of a batch, as means over the examples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch {
    /// ‖x‖² of each time step, of layers as a whole.
    pub(super) squares: Vec<f64>,
    /// The variance over examples, summed over the features.
    pub(super) variance: f64,
    /// The sum of the features.
    pub(super) sum: f64,
}

impl Prediction {
    /// Returns the prediction for a network on a batch.
    ///
    /// # Errors
    ///
    /// [`NoTheory`] with the reason why there is none.
    pub(super) fn of(
        setup: &Setup,
        config: &NetworkConfig,
        batch: &Batch,
    ) -> Result<Self, NoTheory> {
        let theory = match (setup, config) {
            (Setup::Layers(layers), NetworkConfig::Mlp(config)) => {
                NetworkTheory::of_layers(&stack(layers, config, batch))
            }
            (Setup::Sequence(_), NetworkConfig::Recurrent(config)) => {
                NetworkTheory::of_recurrence(&recurrence(config, batch))
            }
            _ => Err(NoTheory::Unknown),
        };
        theory.map(Self::from)
    }
}

impl From<NetworkTheory> for Prediction {
    fn from(theory: NetworkTheory) -> Self {
        let formula = theory.formula;
        Self {
            is_of_memory: formula.is_of_memory(),
            is_of_one_path: formula.is_of_one_path(),
            label: formula.name(),
            words: formula.to_string(),
            log_factors: theory.log_factors().collect(),
        }
    }
}

fn stack(layers: &Layers, config: &MlpConfig, batch: &Batch) -> LayerStack {
    LayerStack {
        activation: config.activation,
        initializer: config.initializer,
        gain: layers.gain,
        bias_variance: config.bias_variance,
        normalization: config.normalization,
        skip: config.skip,
        depth: config.depth,
        width: Some(config.width),
        inputs: Some(Inputs {
            count: config.inputs,
            square: batch.squares.iter().sum(),
            variance: batch.variance,
            sum: batch.sum,
        }),
    }
}

fn recurrence(config: &RecurrentConfig, batch: &Batch) -> Recurrence {
    let RecurrentConfig { inputs, hidden, chrono_length, .. } = *config;
    Recurrence {
        cell: config.cell,
        hidden,
        recurrent_initializer: config.recurrent_initializer,
        input_weight_variance: config.initializer.weight_variance(inputs, hidden),
        forget_bias: config.forget_bias,
        chrono_length: (chrono_length > 0).then_some(chrono_length),
        squares: batch.squares.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look;
    use crate::setup::Sequence;
    use backdraft_layers::{Activation, Initializer};
    use backdraft_mlp::{Normalization, Skip};
    use backdraft_recurrent::Cell;
    use burn::tensor::Device;

    #[test]
    fn networks_have_the_factors_that_are_predicted() {
        // Twice what single networks of these widths were seen to stray by: most where one direction is
        // all that counts.
        for (activation, normalization, skip, tolerance) in [
            (Activation::Sigmoid, Normalization::None, Skip::None, 0.02),
            (Activation::Tanh, Normalization::None, Skip::Residual, 0.02),
            (Activation::Sigmoid, Normalization::None, Skip::Residual, 0.02),
            (Activation::Relu, Normalization::None, Skip::Residual, 0.06),
            (Activation::Tanh, Normalization::Batch, Skip::Residual, 0.02),
            (Activation::Relu, Normalization::Batch, Skip::Residual, 0.02),
        ] {
            for width in [64, 128] {
                let layers =
                    Layers { width, activation, normalization, skip, ..Default::default() };
                let answer = look(&Setup::Layers(layers), &Device::flex()).unwrap();
                let ratio = answer.factor.unwrap() / answer.theory.unwrap().factor;
                assert!((ratio - 1.0).abs() < tolerance, "{activation:?}, {width}: {ratio}");
            }
        }
    }

    #[test]
    fn a_setup_without_a_theory_has_its_reason() {
        for (layers, reason) in [
            (Layers { skip: Skip::Highway(-2.0), ..Default::default() }, "highway layers"),
            (Layers { initializer: Initializer::Zeros, ..Default::default() }, "at random"),
        ] {
            let answer = look(&Setup::Layers(layers), &Device::flex()).unwrap();
            let refused = answer.without_theory.unwrap();
            assert!(refused.starts_with("No theory") && refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn gates_of_a_sequence_are_those_of_its_settings() {
        let words = |sequence: Sequence| {
            let answer = look(&Setup::Sequence(sequence), &Device::flex()).unwrap();
            answer.theory.unwrap().prediction.words
        };
        let sequence = Sequence { length: 10, hidden: 8, ..Default::default() };
        let forget_bias = 2.0;
        let lstm = words(Sequence { forget_bias, ..sequence.clone() });
        assert!(lstm.starts_with("σ(2) = 0.881 per step: the forget gate alone"), "{lstm}");
        let gru = words(Sequence { cell: Cell::Gru, ..sequence.clone() });
        assert!(gru.starts_with("σ(0) = 0.500 per step: the update gate alone"), "{gru}");
        let chrono = words(Sequence { chrono: true, ..sequence });
        assert!(
            chrono.starts_with("The forget gates alone, whose biases are ln U(1, T"),
            "{chrono}"
        );
    }
}
