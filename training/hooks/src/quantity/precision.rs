//! What a narrower float type would lose.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};
use crate::spread::{NarrowFloat, Spread};

/// What a narrower float type would lose of the gradients or activations of a run in `f32`, or the loss
/// scale that it needs. Every element is read, so observe rarely.
#[derive(Clone, Debug)]
pub struct PrecisionLoss {
    name: QuantityName,
    of: Of,
    float: NarrowFloat,
}

#[derive(Clone, Copy, Debug)]
enum Of {
    Gradient(fn(&Spread, NarrowFloat) -> f64),
    Activation(fn(&Spread, NarrowFloat) -> f64),
    LossScale,
}

impl Quantity for PrecisionLoss {
    fn name(&self) -> QuantityName {
        self.name.clone()
    }

    fn reads(&self) -> Reads {
        match self.of {
            Of::Gradient(_) | Of::LossScale => Reads { gradient_spread: true, ..Reads::NOTHING },
            Of::Activation(_) => Reads { activation_spread: true, ..Reads::NOTHING },
        }
    }

    fn values(&self, measured: &Measured) -> Values {
        let (gradient, activation) = (&measured.gradient_spread, &measured.activation_spread);
        match self.of {
            Of::Gradient(share) => gradient.as_ref().map(|spread| share(spread, self.float)),
            Of::Activation(share) => activation.as_ref().map(|spread| share(spread, self.float)),
            Of::LossScale => gradient.as_ref().and_then(|spread| spread.loss_scale(self.float)),
        }
        .into()
    }
}

macro_rules! losses {
    ($($float:ident: $flushed:ident, $underflown:ident, $overflown:ident, $scale:ident,
        $activation_flushed:ident, $activation_overflown:ident;)*) => {
        /// What fp16, bf16 and both kinds of fp8 would lose of each parameter's gradient and each tapped
        /// activation, and the smallest loss scale that suffices.
        pub const PRECISION: &[&dyn Quantity] = &[$(
            &PrecisionLoss {
                name: QuantityName::$flushed,
                of: Of::Gradient(Spread::flushed),
                float: NarrowFloat::$float,
            },
            &PrecisionLoss {
                name: QuantityName::$underflown,
                of: Of::Gradient(Spread::underflown),
                float: NarrowFloat::$float,
            },
            &PrecisionLoss {
                name: QuantityName::$overflown,
                of: Of::Gradient(Spread::overflown),
                float: NarrowFloat::$float,
            },
            &PrecisionLoss {
                name: QuantityName::$scale,
                of: Of::LossScale,
                float: NarrowFloat::$float,
            },
            &PrecisionLoss {
                name: QuantityName::$activation_flushed,
                of: Of::Activation(Spread::flushed),
                float: NarrowFloat::$float,
            },
            &PrecisionLoss {
                name: QuantityName::$activation_overflown,
                of: Of::Activation(Spread::overflown),
                float: NarrowFloat::$float,
            },
        )*];
    };
}

losses! {
    Fp16: GRADIENT_FLUSHED_FP16, GRADIENT_UNDERFLOWN_FP16, GRADIENT_OVERFLOWN_FP16, LOSS_SCALE_FP16,
        ACTIVATION_FLUSHED_FP16, ACTIVATION_OVERFLOWN_FP16;
    Bf16: GRADIENT_FLUSHED_BF16, GRADIENT_UNDERFLOWN_BF16, GRADIENT_OVERFLOWN_BF16, LOSS_SCALE_BF16,
        ACTIVATION_FLUSHED_BF16, ACTIVATION_OVERFLOWN_BF16;
    Fp8E4M3: GRADIENT_FLUSHED_E4M3, GRADIENT_UNDERFLOWN_E4M3, GRADIENT_OVERFLOWN_E4M3, LOSS_SCALE_E4M3,
        ACTIVATION_FLUSHED_E4M3, ACTIVATION_OVERFLOWN_E4M3;
    Fp8E5M2: GRADIENT_FLUSHED_E5M2, GRADIENT_UNDERFLOWN_E5M2, GRADIENT_OVERFLOWN_E5M2, LOSS_SCALE_E5M2,
        ACTIVATION_FLUSHED_E5M2, ACTIVATION_OVERFLOWN_E5M2;
}
