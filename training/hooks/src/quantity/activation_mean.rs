//! Mean of a tapped activation over the batch and its elements.

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// Mean of a tapped activation over the batch and its elements.
#[derive(Clone, Copy, Debug)]
pub struct ActivationMean;

impl Quantity for ActivationMean {
    fn name(&self) -> &'static str {
        "activation_mean"
    }

    fn about(&self) -> &'static str {
        "Mean of a tapped activation over the batch and its elements."
    }

    fn reads(&self) -> Reads {
        Reads { activation: Some(Detail::Moments), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.activation.as_ref().and_then(Summary::mean).into()
    }
}
