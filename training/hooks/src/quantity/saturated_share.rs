//! Share of a sigmoid’s or tanh’s outputs where its slope is below 1 % of the largest.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};

/// Share of a sigmoid’s or tanh’s outputs where its slope is below 1 % of the largest.
#[derive(Clone, Copy, Debug)]
pub struct SaturatedShare;

impl Quantity for SaturatedShare {
    fn name(&self) -> QuantityName {
        QuantityName::SATURATED_SHARE
    }

    fn reads(&self) -> Reads {
        Reads { saturation: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.saturated_share.into()
    }
}
