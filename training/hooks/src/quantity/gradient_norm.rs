//! L2 norm of the gradient of the loss with respect to one parameter tensor, ‖∂L/∂W‖.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// L2 norm of the gradient of the loss with respect to one parameter tensor, ‖∂L/∂W‖.
#[derive(Clone, Copy, Debug)]
pub struct GradientNorm;

impl Quantity for GradientNorm {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_NORM
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Norm), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.gradient.as_ref().map(Summary::norm).into()
    }
}
