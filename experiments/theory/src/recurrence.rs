//! Recurrent layers.

use backdraft_spec::{Activation, Cell, Initializer};

use crate::forget_gate::{chrono_gain, forget_factor};
use crate::formula::{Formula, Gate};
use crate::mean_field::MeanField;
use crate::network::NetworkTheory;
use crate::no_theory::NoTheory;

/// A recurrent layer at initialisation, of which the head reads the last state.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrence {
    /// The cell.
    pub cell: Cell,
    /// Units.
    pub hidden: usize,
    /// How recurrent weights are drawn.
    pub recurrent_initializer: Initializer,
    /// Variance of one input weight.
    pub input_weight_variance: f64,
    /// Bias of an LSTM's forget gate.
    pub forget_bias: f64,
    /// Longest memory that chrono initialisation provides for; `None` without it.
    pub chrono_length: Option<usize>,
    /// ‖x‖² of each time step: the mean over examples.
    pub squares: Vec<f64>,
}

impl Recurrence {
    pub(crate) fn theory(&self) -> Result<NetworkTheory, NoTheory> {
        match (self.cell, self.recurrent_initializer) {
            (
                Cell::Rnn | Cell::ReluRnn,
                Initializer::Orthogonal(gain) | Initializer::Identity(gain),
            ) => Ok(self.constant(Formula::RecurrentMatrix { gain }, gain * gain)),
            (Cell::Rnn | Cell::ReluRnn, Initializer::Zeros) => Err(NoTheory::NoPathInTime),
            (Cell::Rnn | Cell::ReluRnn, initializer) if initializer.is_random() => {
                Ok(self.without_gates())
            }
            (Cell::Rnn | Cell::ReluRnn, _) => Err(NoTheory::NotRandom),
            (_, initializer) => Ok(self.gated(initializer == Initializer::Zeros)),
        }
    }

    fn constant(&self, formula: Formula, chi: f64) -> NetworkTheory {
        NetworkTheory::multiplied_up(formula, vec![(None, chi); self.squares.len()])
    }

    /// Returns the gradient through the gate that keeps memory or state.
    fn gated(&self, is_only_path: bool) -> NetworkTheory {
        let (gate, bias) = if self.cell.has_memory() {
            (Gate::Forget, self.forget_bias)
        } else {
            (Gate::Update, 0.0)
        };
        let Some(longest) = self.chrono_length else {
            let kept = forget_factor(bias);
            return self.constant(Formula::Gate { gate, bias, is_only_path }, kept * kept);
        };
        // After many steps only long memories are left, so the factor per step rises with the lag.
        let left = |lag: usize| chrono_gain(lag as f64, longest as f64).powi(2);
        let left: Vec<f64> = (0..=self.squares.len()).map(left).collect();
        let factors = left.windows(2).rev().map(|pair| (None, pair[1] / pair[0]));
        NetworkTheory::multiplied_up(Formula::ChronoGates { gate }, factors)
    }

    /// Returns √χ per step of a recurrence without gates, whose pre-activations have the variance
    /// q_t = σw² E φ(√q_(t−1) z)² + σu² ‖x_t‖².
    ///
    /// # Reference
    ///
    /// Poole et al. 2016 for a chain of layers; that weights shared by all steps have the same limit where
    /// the last state is read: Segadlo et al., "Unified field theory for deep and recurrent neural
    /// networks", 2022.
    fn without_gates(&self) -> NetworkTheory {
        let activation =
            if self.cell == Cell::ReluRnn { Activation::Relu } else { Activation::Tanh };
        let weights = self.recurrent_initializer.weight_variance(self.hidden, self.hidden);
        let weight_variance = weights * self.hidden as f64;
        let mut variance = None;
        let step = |square: &f64| {
            let inputs = self.input_weight_variance * square;
            let field = MeanField::new(activation, weight_variance, inputs);
            // Before the first step the state is zero; there is nothing to take the mean of.
            let q = variance.map_or(inputs.max(1e-12), |before| field.next_variance(before));
            variance = Some(q);
            (Some(q), field.chi(q))
        };
        let factors: Vec<_> = self.squares.iter().map(step).collect();
        NetworkTheory::multiplied_up(Formula::Recurrence { weight_variance }, factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recurrence(cell: Cell, recurrent_initializer: Initializer) -> Recurrence {
        Recurrence {
            cell,
            hidden: 64,
            recurrent_initializer,
            input_weight_variance: 0.1,
            forget_bias: 1.0,
            chrono_length: None,
            squares: vec![0.0, 3.0, 1.0],
        }
    }

    #[test]
    fn every_cell_has_a_theory_or_a_reason() {
        use Cell::{CoupledLstm, Gru, LayerNormLstm, Lstm, PeepholeLstm, ReluRnn, Rnn};
        for cell in [Rnn, ReluRnn, Lstm, CoupledLstm, PeepholeLstm, LayerNormLstm, Gru] {
            for recurrent in [
                Initializer::Zeros,
                Initializer::Constant(0.1),
                Initializer::LecunNormal,
                Initializer::Orthogonal(1.0),
            ] {
                match NetworkTheory::of_recurrence(&recurrence(cell, recurrent)) {
                    Ok(theory) => assert_eq!(theory.log_factors().count(), 2, "{cell:?}"),
                    Err(reason) => assert!(reason.to_string().starts_with("No theory"), "{reason}"),
                }
            }
        }
    }

    #[test]
    fn a_relu_recurrence_under_he_keeps_its_gradient_whatever_comes_in() {
        let recurrence = recurrence(Cell::ReluRnn, Initializer::HeNormal);
        let theory = NetworkTheory::of_recurrence(&recurrence).unwrap();
        assert!(theory.log_factors().all(|log| log.abs() < 1e-9), "{theory:?}");
    }

    #[test]
    fn chrono_gates_forget_little_at_first_and_less_and_less() {
        let chrono = Recurrence {
            chrono_length: Some(100),
            squares: vec![1.0; 100],
            ..recurrence(Cell::Lstm, Initializer::LecunNormal)
        };
        let factors: Vec<f64> =
            NetworkTheory::of_recurrence(&chrono).unwrap().log_factors().collect();
        assert_eq!(factors.len(), 99);
        assert!(factors.windows(2).all(|pair| pair[0] > pair[1]), "{factors:?}");
        assert!(factors[98] < 0.0 && factors[98] > -0.1, "{}", factors[98]);
    }
}
