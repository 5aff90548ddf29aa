//! Size of the update actually applied, relative to the parameter: ‖ΔW‖ / ‖W‖; none where ‖W‖ = 0.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::{Detail, Summary};

/// Size of the update actually applied, relative to the parameter: ‖ΔW‖ / ‖W‖; none where ‖W‖ = 0.
#[derive(Clone, Copy, Debug)]
pub struct UpdateRatio;

impl Quantity for UpdateRatio {
    fn name(&self) -> QuantityName {
        QuantityName::UPDATE_RATIO
    }

    fn reads(&self) -> Reads {
        Reads { weight: Some(Detail::Norm), update: Some(Detail::Norm), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let ratio = |update: &Summary, weight: &Summary| {
            let norm = weight.norm();
            (norm != 0.0).then(|| update.norm() / norm)
        };
        let pair = measured.update.as_ref().zip(measured.weight.as_ref());
        pair.and_then(|(update, weight)| ratio(update, weight)).into()
    }
}
