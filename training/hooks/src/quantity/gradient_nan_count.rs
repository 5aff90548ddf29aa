//! Number of NaN elements in a parameter’s gradient.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Number of NaN elements in a parameter’s gradient.
#[derive(Clone, Copy, Debug)]
pub struct GradientNanCount;

impl Quantity for GradientNanCount {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_NAN_COUNT
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Full), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let full = measured.gradient.as_ref().and_then(|gradient| gradient.full.as_ref());
        full.map(|full| full.nans as f64).into()
    }
}
