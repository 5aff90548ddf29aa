//! What can be wrong with gradients.

use std::fmt;

use backdraft_rows::Subject;

/// Something that is wrong with a module's gradients.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GradientFault {
    /// The module has no parameters that are trained, or the loss depends on none of them.
    NothingToTrain,
    /// The loss is not finite.
    Loss {
        /// Its value.
        loss: f64,
    },
    /// The loss is another one when it is computed again.
    Random {
        /// The first value.
        first: f64,
        /// The second value.
        second: f64,
    },
    /// The loss does not depend on a parameter.
    Unreached {
        /// Its path.
        parameter: Subject,
    },
    /// A gradient has an element that is not finite.
    NotFinite {
        /// The parameter's path.
        parameter: Subject,
    },
    /// A gradient is exactly zero.
    Zero {
        /// The parameter's path.
        parameter: Subject,
    },
    /// A gradient is not the derivative of the loss.
    Wrong {
        /// The parameter's path.
        parameter: Subject,
        /// The derivative along a direction, by the gradient.
        autodiff: f64,
        /// The same by finite differences.
        difference: f64,
        /// The largest error that would be allowed.
        allowed: f64,
    },
    /// Finite differences are too inexact to judge a gradient.
    Unclear {
        /// The parameter's path.
        parameter: Subject,
        /// The derivative along a direction, by the gradient.
        autodiff: f64,
        /// The same by finite differences.
        difference: f64,
    },
    /// A step of the optimiser does not change a parameter.
    Unmoved {
        /// Its path.
        parameter: Subject,
    },
    /// A parameter that is in several places has different values after a step of the optimiser.
    Untied {
        /// Its path in the first place.
        parameter: Subject,
    },
    /// The loss is another one on the second device.
    OtherLoss {
        /// The loss on the first device.
        first: f64,
        /// The loss on the second device.
        second: f64,
    },
    /// A gradient is another one on the second device.
    OtherGradient {
        /// The parameter's path.
        parameter: Subject,
        /// The norm of the difference, relative to that of the gradient.
        difference: f64,
    },
}

impl GradientFault {
    /// Returns the path of the parameter that it is about; `None` if it is about the loss.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::NothingToTrain
            | Self::Loss { .. }
            | Self::Random { .. }
            | Self::OtherLoss { .. } => None,
            Self::Unreached { parameter }
            | Self::NotFinite { parameter }
            | Self::Zero { parameter }
            | Self::Wrong { parameter, .. }
            | Self::Unclear { parameter, .. }
            | Self::Unmoved { parameter }
            | Self::Untied { parameter }
            | Self::OtherGradient { parameter, .. } => Some(parameter.as_str()),
        }
    }
}

impl fmt::Display for GradientFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingToTrain => write!(
                f,
                "the loss depends on no parameter that is trained: unfreeze some, and do not detach the loss"
            ),
            Self::Loss { loss } => write!(f, "the loss is {loss}: check it with smaller inputs"),
            Self::Random { first, second } => write!(
                f,
                "the loss is {first}, then {second} for the same parameters: leave out dropout, or draw \
                 random numbers before the check"
            ),
            Self::Unreached { parameter } => write!(f, "`{parameter}` gets no gradient"),
            Self::NotFinite { parameter } => {
                write!(f, "the gradient of `{parameter}` is not finite")
            }
            Self::Zero { parameter } => write!(f, "the gradient of `{parameter}` is exactly zero"),
            Self::Wrong { parameter, autodiff, difference, allowed } => write!(
                f,
                "`{parameter}`: autodiff gives {autodiff}, finite differences {difference} (allowed \
                 ± {allowed:.1e})"
            ),
            Self::Unclear { parameter, autodiff, difference } => write!(
                f,
                "`{parameter}`: finite differences ({difference}) are too inexact to judge {autodiff}: check \
                 in f64, with a smaller loss, or away from kinks"
            ),
            Self::Unmoved { parameter } => {
                write!(f, "`{parameter}` stays where it is when the optimiser steps")
            }
            Self::Untied { parameter } => write!(
                f,
                "`{parameter}` is shared, but a step of the optimiser changes it in one place only: keep it in \
                 one place and use it twice"
            ),
            Self::OtherLoss { first, second } => {
                write!(f, "the loss is {first}, and {second} on the second device")
            }
            Self::OtherGradient { parameter, difference } => write!(
                f,
                "the gradient of `{parameter}` differs by {difference:.1e} of its norm on the second device"
            ),
        }
    }
}

/// All that is wrong, one fault or more. Its `Debug` output is one fault a line, for a test that unwraps.
#[derive(Clone, PartialEq)]
pub struct GradientFaults(pub Vec<GradientFault>);

impl From<GradientFault> for GradientFaults {
    fn from(fault: GradientFault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for GradientFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for GradientFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for GradientFaults {}
