//! Share of the elements of a parameter’s gradient that are exactly zero.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Share of the elements of a parameter’s gradient that are exactly zero.
#[derive(Clone, Copy, Debug)]
pub struct GradientZeroShare;

impl Quantity for GradientZeroShare {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_ZERO_SHARE
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Full), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let gradient = measured.gradient.as_ref();
        gradient.and_then(|g| g.full.as_ref().map(|full| full.zeros as f64 / g.elements())).into()
    }
}
