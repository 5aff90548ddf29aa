//! The formulas that predict a network's gradient: what each says, who found it, and where it ends.

use std::fmt;

use serde::Serialize;

/// What predicts the gradient of a network as it starts.
///
/// Its [`Display`](fmt::Display) is the expression, the source, and the caveat, in sentences.
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
    /// √(1 + χ) per layer, and what the mean of the activations adds.
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
    /// What a gate keeps per time step.
    Gate {
        /// Which gate.
        gate: Gate,
        /// Its bias.
        bias: f64,
        /// Whether the gradient has no other path, the recurrent weights being zero.
        is_only_path: bool,
    },
    /// What gates keep whose biases are drawn for memories of many lengths.
    ChronoGates {
        /// Which gate.
        gate: Gate,
    },
}

/// A gate that keeps what is there when it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// An LSTM's, of its memory.
    Forget,
    /// A GRU's, of its state.
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
    /// Returns a short name, for legends.
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

    /// Returns what it says, in symbols and words.
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

    /// Returns authors and years; `None` where the formula is derived in this crate or follows at once.
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

    /// Returns what the formula leaves out, where that matters, as a sentence.
    pub fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::BatchNorm | Self::BatchNormResidual => Some("It holds for large batches."),
            Self::ResidualWithMean { width: None, .. } => Some(
                "In layers of finite width, the gradient along the mean of the activations grows faster \
                 and takes over with depth: give a width.",
            ),
            Self::ResidualWithMean { .. } => Some(
                "It is the root mean square over networks; most have a smaller gradient, because one \
                 direction in which it is random makes up most of it.",
            ),
            Self::RecurrentMatrix { .. } => {
                Some("The activation's slope, 1 at most, can only take away.")
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

    /// Tells whether it speaks of an LSTM's memory, ∂L/∂c, and not of the state.
    pub fn is_of_memory(&self) -> bool {
        use Gate::Forget;
        matches!(self, Self::Gate { gate: Forget, .. } | Self::ChronoGates { gate: Forget })
    }

    /// Tells whether it speaks of one path of the gradient, beside which there are others.
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

/// Why there is no theory of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTheory {
    /// The gates multiply the gradient by a random matrix of their own.
    #[error(
        "No theory for highway layers: their gates multiply the gradient by random matrices of their own."
    )]
    Highway,
    /// Layer normalisation beside a skip.
    #[error(
        "No theory: there is no formula for layer normalisation with residual layers; drop one of them."
    )]
    LayerNormResidual,
    /// Weights that are all the same.
    #[error("No theory for weights that are not drawn at random with mean zero.")]
    NotRandom,
    /// A recurrence without recurrent weights.
    #[error("No theory is needed: without recurrent weights there is no path back in time.")]
    NoPathInTime,
    /// A kind of network that there is no formula for.
    #[error("No theory for this network.")]
    Unknown,
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
