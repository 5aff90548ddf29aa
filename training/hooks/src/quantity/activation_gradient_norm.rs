//! L2 norm of the gradient of the loss with respect to a tapped activation over the whole batch,
//! ‖∂L/∂a‖.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// L2 norm of the gradient of the loss with respect to a tapped activation over the whole batch,
/// ‖∂L/∂a‖.
#[derive(Clone, Copy, Debug)]
pub struct ActivationGradientNorm;

impl Quantity for ActivationGradientNorm {
    fn name(&self) -> QuantityName {
        QuantityName::ACTIVATION_GRADIENT_NORM
    }

    fn reads(&self) -> Reads {
        Reads { activation_gradient: Some(Detail::Norm), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.activation_gradient.as_ref().map(Summary::norm).into()
    }
}
