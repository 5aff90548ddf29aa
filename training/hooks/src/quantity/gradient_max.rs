//! Largest magnitude among the finite elements of a parameter’s gradient, max |g|.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Largest magnitude among the finite elements of a parameter’s gradient, max |g|.
#[derive(Clone, Copy, Debug)]
pub struct GradientMax;

impl Quantity for GradientMax {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_MAX
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Full), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let full = measured.gradient.as_ref().and_then(|gradient| gradient.full.as_ref());
        full.map(|full| full.max_absolute).into()
    }
}
