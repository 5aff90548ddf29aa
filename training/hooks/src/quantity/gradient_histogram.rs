//! Number of elements of a parameter’s gradient in each decade of |g|; the bin 1e-4 holds [1e-4,
//! 1e-3).

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::summary::Detail;

/// Number of elements of a parameter’s gradient in each decade of |g|; the bin 1e-4 holds [1e-4,
/// 1e-3).
#[derive(Clone, Copy, Debug)]
pub struct GradientHistogram;

impl Quantity for GradientHistogram {
    fn name(&self) -> QuantityName {
        QuantityName::GRADIENT_HISTOGRAM
    }

    fn reads(&self) -> Reads {
        Reads { gradient: Some(Detail::Full), ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        let full = measured.gradient.as_ref().and_then(|gradient| gradient.full.as_ref());
        full.map_or(Values::None, |full| {
            let decades = full.histogram.decades();
            Values::ByDecade(decades.map(|(decade, count)| (decade, count as f64)).collect())
        })
    }
}
