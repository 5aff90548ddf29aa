//! 1 if a parameter that requires a gradient received none in this backward pass, else 0.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};

/// 1 if a parameter that requires a gradient received none in this backward pass, else 0.
#[derive(Clone, Copy, Debug)]
pub struct GradientMissing;

impl Quantity for GradientMissing {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_MISSING
    }

    fn reads(&self) -> Reads {
        Reads { presence: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.is_missing.map(f64::from).into()
    }
}
