//! Mean of a tapped activation over the batch and its elements.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// Mean of a tapped activation over the batch and its elements.
#[derive(Clone, Copy, Debug)]
pub struct ActivationMean;

impl Quantity for ActivationMean {
    fn name(&self) -> QuantityName {
        QuantityName::ACTIVATION_MEAN
    }

    fn reads(&self) -> Reads {
        Reads { activation: Some(Detail::Moments), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.activation.as_ref().and_then(Summary::mean).into()
    }
}
