//! Mean magnitude of the finite elements of a parameter’s gradient, mean |g|.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Mean magnitude of the finite elements of a parameter’s gradient, mean |g|.
#[derive(Clone, Copy, Debug)]
pub struct GradientMeanAbsolute;

impl Quantity for GradientMeanAbsolute {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_MEAN_ABSOLUTE
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Full), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let gradient = measured.gradient.as_ref();
        gradient
            .and_then(|g| g.full.as_ref().map(|full| g.scale * full.absolute_sum / g.elements()))
            .into()
    }
}
