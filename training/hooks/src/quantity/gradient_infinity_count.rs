//! Number of infinite elements in a parameter’s gradient.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Number of infinite elements in a parameter’s gradient.
#[derive(Clone, Copy, Debug)]
pub struct GradientInfinityCount;

impl Quantity for GradientInfinityCount {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_INFINITY_COUNT
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Full), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let full = measured.gradient.as_ref().and_then(|gradient| gradient.full.as_ref());
        full.map(|full| full.infinities as f64).into()
    }
}
