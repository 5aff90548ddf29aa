//! Share of a rectifier’s units that are zero for the whole batch.

use super::{Measured, Quantity, Reads, Values};

/// Share of a rectifier’s units that are zero for the whole batch.
#[derive(Clone, Copy, Debug)]
pub struct DeadShare;

impl Quantity for DeadShare {
    fn name(&self) -> &'static str {
        "dead_share"
    }

    fn about(&self) -> &'static str {
        "Share of a rectifier’s units that are zero for the whole batch."
    }

    fn reads(&self) -> Reads {
        Reads { death: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.dead_share.into()
    }
}
