//! Share of the elements of a parameter’s gradient below the smallest normal number: underflow, as
//! opposed to no gradient.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Share of the elements of a parameter’s gradient below the smallest normal number: underflow, as
/// opposed to no gradient.
#[derive(Clone, Copy, Debug)]
pub struct GradientUnderflowShare;

impl Quantity for GradientUnderflowShare {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_UNDERFLOW_SHARE
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Full), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let gradient = measured.gradient.as_ref();
        gradient
            .and_then(|g| g.full.as_ref().map(|full| full.subnormals as f64 / g.elements()))
            .into()
    }
}
