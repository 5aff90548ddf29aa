//! What an optimiser's state and step say.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};

/// The cosine of the step that the optimiser took against the negative gradient: 1 for plain gradient
/// descent, below 0 where momentum or weight decay outweighs the gradient.
#[derive(Clone, Copy, Debug)]
pub struct UpdateCosine;

impl Quantity for UpdateCosine {
    fn name(&self) -> QuantityName {
        QuantityName::UPDATE_COSINE
    }

    fn reads(&self) -> Reads {
        Reads { alignment: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.update_cosine.into()
    }
}

/// Share of a parameter's elements whose √v̂ lies below ε, where Adam and its kin take ordinary gradient
/// steps instead of adaptive ones.
#[derive(Clone, Copy, Debug)]
pub struct MomentBelowEpsilonShare;

/// Mean of |m̂| / √v̂ over a parameter's elements: near 1 where gradients keep their direction, near 0 where
/// they cancel out.
#[derive(Clone, Copy, Debug)]
pub struct MomentRatio;

/// Mean of 1 / (√v̂ + ε) over a parameter's elements: times the learning rate, the effective step per unit
/// of gradient.
#[derive(Clone, Copy, Debug)]
pub struct EffectiveStep;

macro_rules! of_moments {
    ($($quantity:ident: $name:ident, $field:ident;)*) => {$(
        impl Quantity for $quantity {
            fn name(&self) -> QuantityName {
                QuantityName::$name
            }

            fn reads(&self) -> Reads {
                Reads { moments: true, ..Reads::NOTHING }
            }

            fn values(&self, measured: &Measured) -> Values {
                measured.moments.as_ref().map(|moments| moments.$field()).into()
            }
        }
    )*};
}

of_moments! {
    MomentBelowEpsilonShare: MOMENT_BELOW_EPSILON_SHARE, below_epsilon_share;
    MomentRatio: MOMENT_RATIO, ratio;
    EffectiveStep: EFFECTIVE_STEP, effective_step;
}

/// The direction of the optimiser's step, and what its moments say. The moments need
/// [`rows_after_optimizer`](crate::Observation::rows_after_optimizer).
pub const OPTIMIZER: &[&dyn Quantity] =
    &[&UpdateCosine, &MomentBelowEpsilonShare, &MomentRatio, &EffectiveStep];
