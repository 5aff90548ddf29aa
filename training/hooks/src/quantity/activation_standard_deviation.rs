//! Population standard deviation of a tapped activation over the batch and its elements.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// Population standard deviation of a tapped activation over the batch and its elements.
#[derive(Clone, Copy, Debug)]
pub struct ActivationStandardDeviation;

impl Quantity for ActivationStandardDeviation {
    fn name(&self) -> QuantityName {
        QuantityName::ACTIVATION_STANDARD_DEVIATION
    }

    fn reads(&self) -> Reads {
        Reads { activation: Some(Detail::Moments), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.activation.as_ref().and_then(Summary::standard_deviation).into()
    }
}
