//! A value that left its range.

use std::fmt;

use serde::Serialize;

use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// The part of an optimiser step that a quantity belongs to, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The weights before the step.
    Weights,
    /// The forward pass, from the first layer to the last.
    Forward,
    /// The loss.
    Loss,
    /// The backward pass through the activations, from the last layer to the first.
    Backward,
    /// The gradients of the parameters, from the last layer to the first.
    Gradients,
    /// What the optimiser makes of them.
    Update,
}

impl Part {
    /// Returns the part that a quantity belongs to; `None` for one that has no scale of its own, such as
    /// a share or a count.
    pub fn of(quantity: &QuantityName) -> Option<Self> {
        JUDGED.iter().find(|(judged, _)| judged == quantity).map(|(_, part)| *part)
    }

    /// Tells whether the part goes through the layers from the last to the first.
    pub(super) fn is_backward(self) -> bool {
        matches!(self, Self::Backward | Self::Gradients)
    }
}

/// The quantities that are judged; within a part, in this order.
pub(super) const JUDGED: &[(QuantityName, Part)] = &[
    (QuantityName::WEIGHT_NORM, Part::Weights),
    (QuantityName::ACTIVATION_NORM, Part::Forward),
    (QuantityName::ACTIVATION_STANDARD_DEVIATION, Part::Forward),
    (QuantityName::LOSS, Part::Loss),
    (QuantityName::ACTIVATION_GRADIENT_NORM, Part::Backward),
    (QuantityName::GRADIENT_NORM, Part::Gradients),
    (QuantityName::GRADIENT_MAX, Part::Gradients),
    (QuantityName::GLOBAL_GRADIENT_NORM, Part::Gradients),
    (QuantityName::CLIPPED_GRADIENT_NORM, Part::Update),
    (QuantityName::UPDATE_RATIO, Part::Update),
];

/// A value that left its range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Departure {
    /// The optimiser step.
    pub step: u64,
    /// The part of the step.
    pub part: Part,
    /// What left its range.
    pub quantity: QuantityName,
    /// Of what; the network if every layer left it by about the same factor.
    pub subject: Subject,
    /// The value there.
    pub value: f64,
    /// The level before; `None` if nothing was measured before.
    pub usual: Option<f64>,
    /// Robust standard deviations from this level, in logarithms; `None` if the value is zero or not
    /// finite.
    pub deviations: Option<f64>,
    /// Whether every layer has left its range by about the same factor.
    pub is_common: bool,
}

/// Reads `step 41: activation_norm of hidden.3 is 1.2e6, usually 3.9e0: 3.1e5 times as much`.
impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, quantity, subject, value, usual, .. } = self;
        let whom = if self.is_common { "every layer" } else { subject.as_str() };
        write!(f, "step {step}: {quantity} of {whom} ")?;
        match usual {
            None => write!(f, "is {value:.1e}, with nothing before"),
            Some(usual) if !value.is_finite() => write!(f, "is {value}, usually {usual:.1e}"),
            Some(usual) => {
                let factor = value / usual;
                write!(f, "is {value:.1e}, usually {usual:.1e}: {factor:.1e} times as much")
            }
        }
    }
}
