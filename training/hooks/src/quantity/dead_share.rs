//! Share of a rectifier’s units that are zero for the whole batch.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};

/// Share of a rectifier’s units that are zero for the whole batch.
#[derive(Clone, Copy, Debug)]
pub struct DeadShare;

impl Quantity for DeadShare {
    fn name(&self) -> QuantityName {
        QuantityName::DEAD_SHARE
    }

    fn reads(&self) -> Reads {
        Reads { death: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.dead_share.into()
    }
}
