//! Population standard deviation of the elements of a parameter’s gradient.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// Population standard deviation of the elements of a parameter’s gradient.
#[derive(Clone, Copy, Debug)]
pub struct GradientStandardDeviation;

impl Quantity for GradientStandardDeviation {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_STANDARD_DEVIATION
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Moments), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.gradient.as_ref().and_then(Summary::standard_deviation).into()
    }
}
