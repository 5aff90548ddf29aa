//! What theory says of a setup, where it says anything.

use backdraft_layers::Initializer;
use backdraft_mlp::{Normalization, Skip};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_zoo::NetworkConfig;
use serde::Serialize;

use super::setup::{Layers, Sequence, Setup};
use crate::theory::{MeanField, batch_norm_chi, layer_norm_chi};

/// Factors of a gradient's norm from each place to the one before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Whether it speaks of an LSTM's memory, ∂L/∂c, and not of the state.
    pub is_of_memory: bool,
    /// What predicts, for a legend.
    pub label: String,
    /// What it rests on, in a sentence.
    pub words: String,
    /// ln ‖∂L/∂h_l‖ / ‖∂L/∂h_(l+1)‖, first place first.
    #[serde(skip)]
    pub(super) log_factors: Vec<f64>,
}

impl Prediction {
    /// Returns the prediction for a network whose examples have the mean square norm `square`; `None`
    /// where there is no theory.
    pub(super) fn of(setup: &Setup, config: &NetworkConfig, square: f64) -> Option<Self> {
        match (setup, config) {
            (Setup::Layers(layers), NetworkConfig::Mlp(mlp)) => {
                of_layers(layers, mlp.inputs, square)
            }
            (Setup::Sequence(sequence), NetworkConfig::Recurrent(config)) => {
                of_sequence(sequence, config)
            }
            _ => None,
        }
    }
}

fn of_layers(layers: &Layers, inputs: usize, square: f64) -> Option<Prediction> {
    let Layers { depth, width, initializer, gain, normalization, skip, .. } = *layers;
    let predict = |label: &str, words: String, log_factors: Vec<f64>| {
        Some(Prediction { is_of_memory: false, label: label.to_owned(), words, log_factors })
    };
    if skip == Skip::Rezero {
        let words = "ReZero starts as the identity: each layer passes the gradient on unchanged.";
        return predict("identity", words.to_owned(), vec![0.0; depth - 1]);
    }
    let activation = layers.activation;
    // The derivations are for weights drawn independently, or orthogonal, and for layers in a chain.
    if skip != Skip::None || !is_random(initializer) {
        return None;
    }
    let constant = |chi: f64| vec![0.5 * chi.ln(); depth - 1];
    match normalization {
        Normalization::Batch => predict(
            "batch-norm mean field",
            "√(E φ′² / Var φ) per layer, whatever the weights' variance (Yang et al. 2019)."
                .to_owned(),
            constant(batch_norm_chi(&activation)),
        ),
        Normalization::Layer => predict(
            "layer-norm mean field",
            "√(E φ′² / E φ²) per layer, whatever the weights' variance.".to_owned(),
            constant(layer_norm_chi(&activation)),
        ),
        Normalization::None => {
            let per_input = gain * gain * initializer.weight_variance(inputs, width);
            let variance = gain * gain * initializer.weight_variance(width, width) * width as f64;
            let field = MeanField::new(activation, variance, 0.0);
            let words = format!(
                "√χ per layer with χ = σw² E φ′(√q z)² and σw² = {variance:.3} (Poole et al. 2016; \
                 Schoenholz et al. 2017)."
            );
            let factors = field.log_factors(per_input * square).take(depth - 1).collect();
            predict("mean field", words, factors)
        }
    }
}

/// Tells whether weights are random with mean zero.
fn is_random(initializer: Initializer) -> bool {
    !matches!(initializer, Initializer::Zeros | Initializer::Constant(_) | Initializer::Identity(_))
}

fn of_sequence(sequence: &Sequence, config: &RecurrentConfig) -> Option<Prediction> {
    let steps = config.length - 1;
    let recurrent = sequence.recurrent_initializer;
    let (is_of_memory, label, words, log_factors) = match (sequence.cell, recurrent) {
        (
            Cell::Rnn | Cell::ReluRnn,
            Initializer::Orthogonal(gain) | Initializer::Identity(gain),
        ) => {
            let factor = gain.abs().ln();
            let words = format!(
                "{gain} per step: what the recurrent matrix does alone. The activation's slope, 1 at \
                 most, can only take away."
            );
            (false, "recurrent matrix alone", words, vec![factor; steps])
        }
        (cell, _) if cell.has_memory() && sequence.chrono => {
            let words = "The forget gates alone, whose biases are ln U(1, T − 1) (Tallec & Ollivier \
                         2018); recurrent weights add other paths.";
            (true, "forget gates alone", words.to_owned(), chrono(config.length))
        }
        (cell, _) if cell.has_memory() => {
            let kept = 1.0 / (1.0 + (-sequence.forget_bias).exp());
            let words = match recurrent {
                Initializer::Zeros => format!(
                    "σ(b) = {kept:.3} per step: without recurrent weights the forget gate is the only path."
                ),
                _ => format!(
                    "σ(b) = {kept:.3} per step: the forget gate alone. Recurrent weights add other paths."
                ),
            };
            (true, "forget gate alone", words, vec![kept.ln(); steps])
        }
        _ => return None,
    };
    Some(Prediction { is_of_memory, label: label.to_owned(), words, log_factors })
}

/// Forget gates u / (1 + u) with u uniform from 1 to T − 1: the root mean square over units of their
/// powers, from step to step.
fn chrono(length: usize) -> Vec<f64> {
    const UNITS: usize = 512;
    let gate = |unit: usize| {
        let share = (unit as f64 + 0.5) / UNITS as f64;
        let memory = 1.0 + share * (length as f64 - 2.0);
        memory / (1.0 + memory)
    };
    let left = |lag: usize| {
        let powers = (0..UNITS).map(|unit| gate(unit).powi(2 * lag as i32));
        0.5 * (powers.sum::<f64>() / UNITS as f64).ln()
    };
    (1..length).rev().map(|lag| left(lag) - left(lag - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predicted(layers: Layers) -> Option<f64> {
        let prediction = of_layers(&layers, 64, 64.0)?;
        prediction.log_factors.last().map(|log| log.exp())
    }

    #[test]
    fn a_sigmoid_net_under_xavier_loses_three_quarters_per_layer() {
        let factor = predicted(Layers::default()).unwrap();
        assert!((factor - 0.236).abs() < 1e-3, "{factor}");
    }

    #[test]
    fn where_the_derivations_do_not_hold_nothing_is_predicted() {
        assert_eq!(predicted(Layers { skip: Skip::Residual, ..Default::default() }), None);
        assert_eq!(
            predicted(Layers { initializer: Initializer::Zeros, ..Default::default() }),
            None
        );
        assert_eq!(predicted(Layers { skip: Skip::Rezero, ..Default::default() }), Some(1.0));
    }

    #[test]
    fn chrono_gates_forget_little_at_first_and_less_and_less() {
        let factors = chrono(100);
        assert_eq!(factors.len(), 99);
        assert!(factors.windows(2).all(|pair| pair[0] > pair[1]), "{factors:?}");
        assert!(factors[98] < 0.0 && factors[98] > -0.1, "{}", factors[98]);
    }
}
