//! The formulas that predict a network's gradient, with sources and caveats.

use std::fmt;

use serde::Serialize;

/// A formula for the gradient of a network at initialisation.
///
/// It displays as the expression, the source and the caveat.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Formula {
    /// √χ per layer.
    MeanField {
        /// σw².
        weight_variance: f64,
    },
    /// √(E φ′² / Var φ) per layer.
    BatchNorm,
    /// √(E φ′² / E φ²) per layer.
    LayerNorm,
    /// √(1 + E φ′² / v) per layer.
    BatchNormResidual,
    /// √(1 + χ) per layer.
    Residual {
        /// σw².
        weight_variance: f64,
    },
    /// √(1 + χ) per layer, and more along the mean of the activations.
    ResidualWithMean {
        /// σw².
        weight_variance: f64,
        /// Units of a layer; `None` in the limit of wide layers.
        width: Option<usize>,
    },
    /// 1 per layer.
    Identity,
    /// √χ per time step.
    Recurrence {
        /// σw² of the recurrent weights.
        weight_variance: f64,
    },
    /// The gain of an orthogonal recurrent matrix per time step.
    RecurrentMatrix {
        /// The gain.
        gain: f64,
    },
    /// The factor of a gate per time step.
    Gate {
        /// Which gate.
        gate: Gate,
        /// Its bias.
        bias: f64,
        /// Whether the gradient has no other path, the recurrent weights being zero.
        is_only_path: bool,
    },
    /// The factor of gates whose biases are drawn for memories of many lengths.
    ChronoGates {
        /// Which gate.
        gate: Gate,
    },
}

/// A gate that carries memory or state from step to step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The forget gate of an LSTM, for its memory.
    Forget,
    /// The update gate of a GRU, for its state.
    Update,
}

impl Gate {
    fn name(self) -> &'static str {
        match self {
            Self::Forget => "forget gate",
            Self::Update => "update gate",
        }
    }
}

impl Formula {
    /// Returns a short name for legends.
    pub fn name(&self) -> String {
        match self {
            Self::MeanField { .. } | Self::Recurrence { .. } => "mean field".to_owned(),
            Self::BatchNorm => "batch-norm mean field".to_owned(),
            Self::LayerNorm => "layer-norm mean field".to_owned(),
            Self::BatchNormResidual => "batch-norm residual mean field".to_owned(),
            Self::Residual { .. } | Self::ResidualWithMean { .. } => {
                "residual mean field".to_owned()
            }
            Self::Identity => "identity".to_owned(),
            Self::RecurrentMatrix { .. } => "recurrent matrix alone".to_owned(),
            Self::Gate { gate, .. } => format!("{} alone", gate.name()),
            Self::ChronoGates { gate } => format!("{}s alone", gate.name()),
        }
    }

    /// Returns the formula in symbols and words.
    pub fn expression(&self) -> String {
        match self {
            Self::MeanField { weight_variance } => {
                format!("√χ per layer with χ = σw² E φ′(√q z)² and σw² = {weight_variance:.3}")
            }
            Self::BatchNorm => "√(E φ′² / Var φ) per layer, for any variance of the weights".to_owned(),
            Self::LayerNorm => "√(E φ′² / E φ²) per layer, for any variance of the weights".to_owned(),
            Self::BatchNormResidual => {
                "√(1 + E φ′² / v) per layer, where the variance v of its input grows by Var φ from layer \
                 to layer"
                    .to_owned()
            }
            Self::Residual { weight_variance } => format!(
                "√(1 + χ) per layer with χ = σw² E φ′(√q z)² and σw² = {weight_variance:.3}, branch and \
                 skip being independent"
            ),
            Self::ResidualWithMean { weight_variance, width: None } => format!(
                "√(1 + χ) per layer with χ = σw² E φ′(√q z)² and σw² = {weight_variance:.3}, in the limit \
                 of wide layers"
            ),
            Self::ResidualWithMean { weight_variance, width: Some(width) } => format!(
                "√(1 + χ) per layer with χ = σw² E φ′(√q z)² and σw² = {weight_variance:.3}, and more \
                 along the mean of the activations, which layers of {width} units share"
            ),
            Self::Identity => {
                "ReZero starts as the identity: each layer passes the gradient on unchanged".to_owned()
            }
            Self::Recurrence { weight_variance } => format!(
                "√χ per step with χ = σw² E φ′(√q z)² and σw² = {weight_variance:.3}, for wide nets"
            ),
            Self::RecurrentMatrix { gain } => {
                format!("{gain} per step: what the recurrent matrix does alone")
            }
            Self::Gate { gate, bias, .. } => {
                let kept = crate::forget_factor(*bias);
                format!("σ({bias}) = {kept:.3} per step: the {} alone", gate.name())
            }
            Self::ChronoGates { gate } => {
                format!("The {}s alone, whose biases are ln U(1, T − 1)", gate.name())
            }
        }
    }

    /// Returns authors and years; `None` if the formula follows directly from the definitions.
    pub fn source(&self) -> Option<&'static str> {
        match self {
            Self::MeanField { .. } => Some("Poole et al. 2016; Schoenholz et al. 2017"),
            Self::BatchNorm => Some("Yang et al. 2019"),
            Self::BatchNormResidual => Some("De & Smith 2020; Yang et al. 2019"),
            Self::Residual { .. } | Self::ResidualWithMean { .. } => Some("Yang & Schoenholz 2017"),
            Self::Identity => Some("Bachlechner et al. 2021"),
            Self::Recurrence { .. } => Some("Poole et al. 2016; Segadlo et al. 2022"),
            Self::Gate { gate: Gate::Forget, .. } => Some("Gers et al. 2000, eq. 11"),
            Self::Gate { gate: Gate::Update, .. } => Some("Cho et al. 2014"),
            Self::ChronoGates { .. } => Some("Tallec & Ollivier 2018"),
            Self::LayerNorm | Self::RecurrentMatrix { .. } => None,
        }
    }

    /// Returns the formula's limits in a sentence, if they matter.
    pub fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::BatchNorm | Self::BatchNormResidual => Some("It holds for large batches."),
            Self::ResidualWithMean { width: None, .. } => Some(
                "At finite width, the gradient along the mean of the activations grows faster and dominates in \
                 deep networks; give a width to include it.",
            ),
            Self::ResidualWithMean { .. } => Some(
                "This is the root mean square over networks. Most have a smaller gradient, because a single \
                 random component dominates it.",
            ),
            Self::RecurrentMatrix { .. } => {
                Some("The activation's slope is at most 1 and can only reduce this.")
            }
            Self::Gate { is_only_path: true, .. } => {
                Some("Without recurrent weights it is the only path.")
            }
            Self::Gate { .. } | Self::ChronoGates { .. } => {
                Some("Recurrent weights add other paths.")
            }
            _ => None,
        }
    }

    /// Tells whether it predicts the gradient of an LSTM's memory, ∂L/∂c, instead of the state.
    pub fn is_of_memory(&self) -> bool {
        use Gate::Forget;
        matches!(self, Self::Gate { gate: Forget, .. } | Self::ChronoGates { gate: Forget })
    }

    /// Tells whether it predicts only one of several paths of the gradient.
    pub fn is_of_one_path(&self) -> bool {
        use Formula::{ChronoGates, Gate, RecurrentMatrix};
        matches!(self, RecurrentMatrix { .. } | Gate { .. } | ChronoGates { .. })
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression())?;
        if let Some(source) = self.source() {
            write!(f, " ({source})")?;
        }
        f.write_str(".")?;
        self.caveat().map_or(Ok(()), |caveat| write!(f, " {caveat}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_told_with_its_source_and_its_caveat() {
        let gate = Formula::Gate { gate: Gate::Update, bias: 0.0, is_only_path: false };
        assert_eq!(
            gate.to_string(),
            "σ(0) = 0.500 per step: the update gate alone (Cho et al. 2014). Recurrent weights add other \
             paths."
        );
        assert!(gate.is_of_one_path() && !gate.is_of_memory());
        let plain = Formula::MeanField { weight_variance: 2.0 };
        assert!(
            plain.to_string().ends_with("σw² = 2.000 (Poole et al. 2016; Schoenholz et al. 2017).")
        );
    }
}
