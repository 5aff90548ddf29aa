//! L2 norm of one parameter tensor, ‖W‖, before the optimiser’s step.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// L2 norm of one parameter tensor, ‖W‖, before the optimiser’s step.
#[derive(Clone, Copy, Debug)]
pub struct WeightNorm;

impl Quantity for WeightNorm {
    fn name(&self) -> QuantityName {
        QuantityName::WEIGHT_NORM
    }

    fn reads(&self) -> Reads {
        Reads { weight: Some(Detail::Norm), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.weight.as_ref().map(Summary::norm).into()
    }
}
