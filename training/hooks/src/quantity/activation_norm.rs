//! L2 norm of a tapped activation over the whole batch, ‖a‖.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// L2 norm of a tapped activation over the whole batch, ‖a‖.
#[derive(Clone, Copy, Debug)]
pub struct ActivationNorm;

impl Quantity for ActivationNorm {
    fn name(&self) -> QuantityName {
        QuantityName::ACTIVATION_NORM
    }

    fn reads(&self) -> Reads {
        Reads { activation: Some(Detail::Norm), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.activation.as_ref().map(Summary::norm).into()
    }
}
