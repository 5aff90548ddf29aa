//! What theory says of a setup, where it says anything.

use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{Normalization, Skip};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_zoo::NetworkConfig;
use serde::Serialize;

use super::setup::{Layers, Sequence, Setup};
use crate::theory::{
    Entering, MeanField, batch_norm_chi, batch_norm_residual_chi, forget_factor, is_odd, is_random,
    layer_norm_chi,
};

/// Factors of a gradient's norm from each place to the one before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Whether it speaks of an LSTM's memory, ∂L/∂c, and not of the state.
    pub is_of_memory: bool,
    /// Whether it speaks of one path of the gradient, beside which there are others.
    pub is_of_one_path: bool,
    /// What predicts, for a legend.
    pub label: String,
    /// What it rests on, in a sentence.
    pub words: String,
    /// ln ‖∂L/∂h_l‖ / ‖∂L/∂h_(l+1)‖, first place first.
    #[serde(skip)]
    pub(super) log_factors: Vec<f64>,
}

const NOT_RANDOM: &str = "No theory for weights that are not drawn at random with mean zero.";
const HIGHWAY: &str = "No theory for highway layers: their gates multiply the gradient by random matrices \
                       of their own.";
const NO_PATH: &str =
    "No theory is needed: without recurrent weights there is no path back in time.";

/// What theory needs to know of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inputs {
    /// ‖x‖² of each time step, of layers as a whole: the mean over examples.
    pub(super) squares: Vec<f64>,
    /// The variance over examples, summed over the features.
    pub(super) variance: f64,
    /// The mean over examples, summed over the features.
    pub(super) sum: f64,
}

impl Prediction {
    /// Returns the prediction for a network on a batch.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is none.
    pub(super) fn of(
        setup: &Setup,
        config: &NetworkConfig,
        inputs: &Inputs,
    ) -> Result<Self, String> {
        match (setup, config) {
            (Setup::Layers(layers), NetworkConfig::Mlp(mlp)) => {
                of_layers(layers, mlp.inputs, inputs)
            }
            (Setup::Sequence(sequence), NetworkConfig::Recurrent(config)) => {
                of_sequence(sequence, config, inputs)
            }
            _ => Err("No theory for this network.".to_owned()),
        }
    }

    fn whole(label: &str, words: String, log_factors: Vec<f64>) -> Result<Self, String> {
        let label = label.to_owned();
        Ok(Self { is_of_memory: false, is_of_one_path: false, label, words, log_factors })
    }
}

fn of_layers(layers: &Layers, inputs: usize, batch: &Inputs) -> Result<Prediction, String> {
    let Layers { depth, width, initializer, gain, normalization, skip, activation, .. } = *layers;
    let per_input = gain * gain * initializer.weight_variance(inputs, width);
    let variance = gain * gain * initializer.weight_variance(width, width) * width as f64;
    let field = MeanField::new(activation, variance, 0.0);
    let square: f64 = batch.squares.iter().sum();
    // The first layer has a skip only where as many inputs come as it has units.
    let kept = |of_inputs: f64| if inputs == width { of_inputs / width as f64 } else { 0.0 };
    let logs = |chis: Vec<f64>| chis.into_iter().map(|chi| 0.5 * chi.ln()).collect();
    let constant = |chi: f64| logs(vec![chi; depth - 1]);
    match (skip, normalization) {
        (Skip::Rezero, _) => Prediction::whole(
            "identity",
            "ReZero starts as the identity: each layer passes the gradient on unchanged."
                .to_owned(),
            constant(1.0),
        ),
        _ if !is_random(initializer) => Err(NOT_RANDOM.to_owned()),
        (Skip::None, Normalization::Batch) => Prediction::whole(
            "batch-norm mean field",
            "√(E φ′² / Var φ) per layer, whatever the weights' variance (Yang et al. 2019)."
                .to_owned(),
            constant(batch_norm_chi(&activation)),
        ),
        (Skip::None, Normalization::Layer) => Prediction::whole(
            "layer-norm mean field",
            "√(E φ′² / E φ²) per layer, whatever the weights' variance.".to_owned(),
            constant(layer_norm_chi(&activation)),
        ),
        (Skip::None, Normalization::None) => {
            let words = format!(
                "√χ per layer with χ = σw² E φ′(√q z)² and σw² = {variance:.3} (Poole et al. 2016; \
                 Schoenholz et al. 2017)."
            );
            let factors = field.log_factors(per_input * square).take(depth - 1).collect();
            Prediction::whole("mean field", words, factors)
        }
        (Skip::Residual, Normalization::Batch) => {
            let words = "√(1 + E φ′² / v) per layer, where v, the variance of what enters it, grows by \
                         Var φ with each (De & Smith 2020; Yang et al. 2019).";
            let chis = batch_norm_residual_chi(&activation, kept(batch.variance), depth);
            let chis = chis.into_iter().skip(1).collect();
            Prediction::whole("batch-norm residual mean field", words.to_owned(), logs(chis))
        }
        (Skip::Residual, Normalization::None) => {
            let words = if is_odd(&activation) {
                format!(
                    "√(1 + χ) per layer with χ = σw² E φ′(√q z)² and σw² = {variance:.3}, branch and \
                     skip being independent (Yang & Schoenholz 2017)."
                )
            } else {
                format!(
                    "√(1 + χ) per layer (Yang & Schoenholz 2017) with σw² = {variance:.3}, and more: the \
                     activations have a mean, along which the gradient of {width} units grows faster. \
                     It is the root mean square over networks."
                )
            };
            let first = MeanField::new(activation, 1.0, 0.0);
            let q = per_input * square;
            let entering = Entering {
                mean: kept(batch.sum) + first.mean_value(q),
                square: kept(square) + first.next_variance(q),
            };
            let chis = field.residual_factors(entering, depth - 1, Some(width));
            let chis = chis.into_iter().map(|(_, chi)| chi).collect();
            Prediction::whole("residual mean field", words, logs(chis))
        }
        (Skip::Residual, Normalization::Layer) => {
            Err("No theory for residual layers with layer normalisation.".to_owned())
        }
        (Skip::Highway(_), _) => Err(HIGHWAY.to_owned()),
    }
}

fn of_sequence(
    sequence: &Sequence,
    config: &RecurrentConfig,
    batch: &Inputs,
) -> Result<Prediction, String> {
    let steps = config.length - 1;
    let one_path = |is_of_memory: bool, label: &str, words: String, log_factors: Vec<f64>| {
        let label = label.to_owned();
        Ok(Prediction { is_of_memory, is_of_one_path: true, label, words, log_factors })
    };
    let cell = sequence.cell;
    match (cell, sequence.recurrent_initializer) {
        (
            Cell::Rnn | Cell::ReluRnn,
            Initializer::Orthogonal(gain) | Initializer::Identity(gain),
        ) => {
            let words = format!(
                "{gain} per step: what the recurrent matrix does alone. The activation's slope, 1 at \
                 most, can only take away."
            );
            one_path(false, "recurrent matrix alone", words, vec![gain.abs().ln(); steps])
        }
        (Cell::Rnn | Cell::ReluRnn, initializer) if is_random(initializer) => {
            of_recurrence(config, batch)
        }
        (Cell::Rnn | Cell::ReluRnn, Initializer::Zeros) => Err(NO_PATH.to_owned()),
        (Cell::Rnn | Cell::ReluRnn, _) => Err(NOT_RANDOM.to_owned()),
        _ if sequence.chrono => {
            let gates = if cell.has_memory() { "forget gates" } else { "update gates" };
            let words = format!(
                "The {gates} alone, whose biases are ln U(1, T − 1) (Tallec & Ollivier 2018); recurrent \
                 weights add other paths."
            );
            one_path(cell.has_memory(), &format!("{gates} alone"), words, chrono(config.length))
        }
        (_, initializer) => {
            let (gate, bias, source) = match cell.has_memory() {
                true => ("forget gate", sequence.forget_bias, "Gers et al. 2000, eq. 11"),
                false => ("update gate", 0.0, "Cho et al. 2014"),
            };
            let kept = forget_factor(bias);
            let others = match initializer {
                Initializer::Zeros => "without recurrent weights it is the only path",
                _ => "recurrent weights add other paths",
            };
            let words =
                format!("σ({bias}) = {kept:.3} per step: the {gate} alone ({source}); {others}.");
            let label = format!("{gate} alone");
            one_path(cell.has_memory(), &label, words, vec![kept.ln(); steps])
        }
    }
}

/// √χ per step of a recurrence without gates, whose pre-activations have the variance
/// q_t = σw² E φ(√q_(t−1) z)² + σu² ‖x_t‖².
///
/// # Reference
///
/// Poole et al. 2016 for a chain of layers; that weights shared by all steps have the same limit where
/// the last state is read: Segadlo et al., "Unified field theory for deep and recurrent neural
/// networks", 2022.
fn of_recurrence(config: &RecurrentConfig, batch: &Inputs) -> Result<Prediction, String> {
    let RecurrentConfig { hidden, inputs, recurrent_initializer, initializer, .. } = *config;
    let activation = if config.cell == Cell::ReluRnn { Activation::Relu } else { Activation::Tanh };
    let variance = recurrent_initializer.weight_variance(hidden, hidden) * hidden as f64;
    let per_input = initializer.weight_variance(inputs, hidden);
    let mut q = 0.0;
    let mut chis = Vec::with_capacity(batch.squares.len());
    for square in &batch.squares {
        let field = MeanField::new(activation, variance, per_input * square);
        // Before the first step the state is zero; there is nothing to take the mean of.
        q = if chis.is_empty() { field.bias_variance().max(1e-12) } else { field.next_variance(q) };
        chis.push(field.chi(q));
    }
    let words = format!(
        "√χ per step with χ = σw² E φ′(√q z)² and σw² = {variance:.3}, for wide nets (Poole et al. 2016; \
         Segadlo et al. 2022)."
    );
    let log_factors = chis.into_iter().skip(1).map(|chi| 0.5 * chi.ln()).collect();
    Prediction::whole("mean field", words, log_factors)
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
    use crate::playground::look;
    use burn::tensor::Device;

    fn inputs(squares: Vec<f64>) -> Inputs {
        Inputs { squares, variance: 64.0, sum: 0.0 }
    }

    fn predicted(layers: Layers) -> Result<f64, String> {
        let prediction = of_layers(&layers, 64, &inputs(vec![64.0]))?;
        Ok(prediction.log_factors.last().unwrap().exp())
    }

    #[test]
    fn a_sigmoid_net_under_xavier_loses_three_quarters_per_layer() {
        let factor = predicted(Layers::default()).unwrap();
        assert!((factor - 0.236).abs() < 1e-3, "{factor}");
    }

    #[test]
    fn where_the_derivations_do_not_hold_the_reason_is_told() {
        let plain = Layers::default();
        for (layers, reason) in [
            (Layers { skip: Skip::Highway(-2.0), ..plain.clone() }, "highway layers"),
            (Layers { initializer: Initializer::Zeros, ..plain.clone() }, "at random"),
        ] {
            let refused = predicted(layers).unwrap_err();
            assert!(refused.starts_with("No theory") && refused.contains(reason), "{refused}");
        }
        assert_eq!(predicted(Layers { skip: Skip::Rezero, ..plain }), Ok(1.0));
    }

    #[test]
    fn a_linear_residual_layer_doubles_the_square() {
        let linear = Layers {
            activation: Activation::Identity,
            initializer: Initializer::LecunNormal,
            skip: Skip::Residual,
            ..Default::default()
        };
        assert!((predicted(linear).unwrap() - 2f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn networks_with_skips_have_the_factors_that_are_predicted() {
        // Twice what single networks of these widths were seen to stray by: most where one direction is
        // all that counts.
        for (activation, normalization, tolerance) in [
            (Activation::Tanh, Normalization::None, 0.02),
            (Activation::Sigmoid, Normalization::None, 0.02),
            (Activation::Relu, Normalization::None, 0.06),
            (Activation::Tanh, Normalization::Batch, 0.02),
            (Activation::Relu, Normalization::Batch, 0.02),
        ] {
            for width in [64, 128] {
                let skip = Skip::Residual;
                let layers =
                    Layers { width, activation, normalization, skip, ..Default::default() };
                let answer = look(&Setup::Layers(layers), &Device::flex()).unwrap();
                let ratio = answer.factor.unwrap() / answer.theory.unwrap().factor;
                assert!((ratio - 1.0).abs() < tolerance, "{activation:?}, {width}: {ratio}");
            }
        }
    }

    #[test]
    fn every_cell_has_a_theory_or_a_reason() {
        for cell in [Cell::Rnn, Cell::ReluRnn, Cell::Lstm, Cell::Gru] {
            for recurrent in [
                Initializer::Zeros,
                Initializer::Constant(0.1),
                Initializer::LecunNormal,
                Initializer::Orthogonal(1.0),
            ] {
                let sequence =
                    Sequence { cell, recurrent_initializer: recurrent, ..Default::default() };
                let config = RecurrentConfig {
                    cell,
                    recurrent_initializer: recurrent,
                    length: 3,
                    ..Default::default()
                };
                match of_sequence(&sequence, &config, &inputs(vec![1.0; 3])) {
                    Ok(prediction) => assert_eq!(prediction.log_factors.len(), 2, "{cell:?}"),
                    Err(reason) => assert!(reason.starts_with("No theory"), "{reason}"),
                }
            }
        }
    }

    #[test]
    fn a_relu_recurrence_under_he_keeps_its_gradient_whatever_comes_in() {
        let config = RecurrentConfig {
            cell: Cell::ReluRnn,
            recurrent_initializer: Initializer::HeNormal,
            ..Default::default()
        };
        let prediction = of_recurrence(&config, &inputs(vec![0.0, 3.0, 1.0])).unwrap();
        assert!(prediction.log_factors.iter().all(|log| log.abs() < 1e-9), "{prediction:?}");
    }

    #[test]
    fn chrono_gates_forget_little_at_first_and_less_and_less() {
        let factors = chrono(100);
        assert_eq!(factors.len(), 99);
        assert!(factors.windows(2).all(|pair| pair[0] > pair[1]), "{factors:?}");
        assert!(factors[98] < 0.0 && factors[98] > -0.1, "{}", factors[98]);
    }
}
