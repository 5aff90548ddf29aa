//! Share of the elements of a parameter’s gradient below the smallest normal number: underflow, as opposed to no gradient.

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Share of the elements of a parameter’s gradient below the smallest normal number: underflow, as opposed to no gradient.
#[derive(Clone, Copy, Debug)]
pub struct GradientUnderflowShare;

impl Quantity for GradientUnderflowShare {
    fn name(&self) -> &'static str {
        "gradient_underflow_share"
    }

    fn about(&self) -> &'static str {
        "Share of the elements of a parameter’s gradient below the smallest normal number: underflow, as opposed to no gradient."
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
