//! How the magnitudes of a tensor spread, and what narrower float types would lose of them.

/// A float type that numbers may be stored in instead of `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NarrowFloat {
    /// IEEE 754 binary16.
    Fp16,
    /// bfloat16: the range of `f32` with 8 bits of precision.
    Bf16,
    /// FP8 with 4 bits of exponent, without infinities (Micikevicius et al. 2022, E4M3).
    Fp8E4M3,
    /// FP8 with 5 bits of exponent (Micikevicius et al. 2022, E5M2).
    Fp8E5M2,
}

impl NarrowFloat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fp16, Self::Bf16, Self::Fp8E4M3, Self::Fp8E5M2];

    /// Returns the binary exponent of the smallest normal number.
    pub const fn least_normal(self) -> i32 {
        match self {
            Self::Fp16 | Self::Fp8E5M2 => -14,
            Self::Bf16 => -126,
            Self::Fp8E4M3 => -6,
        }
    }

    /// Returns the binary exponent of the smallest subnormal number.
    pub const fn least_subnormal(self) -> i32 {
        match self {
            Self::Fp16 => -24,
            Self::Bf16 => -133,
            Self::Fp8E4M3 => -9,
            Self::Fp8E5M2 => -16,
        }
    }

    /// Returns the largest finite number.
    pub fn largest(self) -> f64 {
        match self {
            Self::Fp16 => 65_504.0,
            Self::Bf16 => (2.0 - 2f64.powi(-7)) * 2f64.powi(127),
            Self::Fp8E4M3 => 448.0,
            Self::Fp8E5M2 => 57_344.0,
        }
    }

    /// The smallest magnitude that rounds to more than the largest finite number.
    fn overflow(self) -> f64 {
        match self {
            Self::Fp16 => 65_520.0,
            Self::Bf16 => (2.0 - 2f64.powi(-8)) * 2f64.powi(127),
            Self::Fp8E4M3 => 464.0,
            Self::Fp8E5M2 => 61_440.0,
        }
    }
}

/// The binary exponents that have a bin of their own; others count in the first or last.
const EXPONENTS: std::ops::RangeInclusive<i32> = -160..=128;
const BINS: usize = (*EXPONENTS.end() - *EXPONENTS.start() + 1) as usize;

/// Share of the non-zero gradients that may become zero at the loss scale that
/// [suffices](Spread::loss_scale).
pub const TOLERATED_LOSS: f64 = 1e-3;

/// Magnitudes by binary exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    count: u64,
    not_finite: u64,
    binades: Vec<u64>,
    /// Too large for each of [`NarrowFloat::ALL`].
    over: [u64; 4],
    /// Bits of the largest finite magnitude.
    largest: u64,
}

impl Spread {
    /// Counts the magnitudes of `values`.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let limits = NarrowFloat::ALL.map(NarrowFloat::overflow);
        let mut spread =
            Self { count: 0, not_finite: 0, binades: vec![0; BINS], over: [0; 4], largest: 0 };
        for magnitude in values.into_iter().map(f64::abs) {
            spread.count += 1;
            if !magnitude.is_finite() {
                spread.not_finite += 1;
            } else if magnitude > 0.0 {
                spread.binades[bin(magnitude)] += 1;
                for (over, limit) in spread.over.iter_mut().zip(limits) {
                    *over += u64::from(magnitude >= limit);
                }
                spread.largest = spread.largest.max(magnitude.to_bits());
            }
        }
        spread
    }

    /// Returns the share of all elements that are not zero and would become zero: those below half of the
    /// smallest subnormal number.
    pub fn flushed(&self, float: NarrowFloat) -> f64 {
        self.share(self.below(float.least_subnormal() - 1))
    }

    /// Returns the share of all elements that are not zero and lie below the smallest normal number, where
    /// they lose precision or become zero.
    pub fn underflown(&self, float: NarrowFloat) -> f64 {
        self.share(self.below(float.least_normal()))
    }

    /// Returns the share of all elements that are finite and too large.
    pub fn overflown(&self, float: NarrowFloat) -> f64 {
        let at = NarrowFloat::ALL.iter().position(|other| *other == float);
        self.share(at.map_or(0, |at| self.over[at]))
    }

    /// Returns the smallest power of two, at least 1, by which the loss must be multiplied so that at most
    /// one in a thousand of these gradients that are not zero becomes zero; `None` if the largest would
    /// overflow at that scale, or an element is not finite.
    pub fn loss_scale(&self, float: NarrowFloat) -> Option<f64> {
        let not_zero: u64 = self.binades.iter().sum();
        let tolerated = (not_zero as f64 * TOLERATED_LOSS) as u64;
        let floor = float.least_subnormal() - 1;
        let exponent = (0..=-*EXPONENTS.start()).find(|k| self.below(floor - k) <= tolerated)?;
        let scale = 2f64.powi(exponent);
        let is_finite = self.not_finite == 0;
        (is_finite && f64::from_bits(self.largest) * scale < float.overflow()).then_some(scale)
    }

    /// Adds the elements of another tensor.
    pub(crate) fn merge(mut self, other: &Self) -> Self {
        self.count += other.count;
        self.not_finite += other.not_finite;
        let bins = self.binades.iter_mut().zip(&other.binades);
        bins.for_each(|(mine, more)| *mine += more);
        self.over.iter_mut().zip(other.over).for_each(|(mine, more)| *mine += more);
        self.largest = self.largest.max(other.largest);
        self
    }

    /// Elements that are not zero and below `2^exponent`.
    fn below(&self, exponent: i32) -> u64 {
        let bins = (exponent - EXPONENTS.start()).clamp(0, BINS as i32) as usize;
        self.binades[..bins].iter().sum()
    }

    fn share(&self, elements: u64) -> f64 {
        elements as f64 / self.count.max(1) as f64
    }
}

/// The bin of a positive finite magnitude.
fn bin(magnitude: f64) -> usize {
    let exponent = (magnitude.to_bits() >> 52) as i32 - 1_023;
    (exponent.clamp(*EXPONENTS.start(), *EXPONENTS.end()) - EXPONENTS.start()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

    /// Magnitudes over all of `f32`, none of them on an edge.
    fn magnitudes() -> Vec<f64> {
        (0..4_000).map(|i| 1.37 * 2f64.powf(f64::from(i) * 0.0675 - 141.03)).collect()
    }

    #[test]
    fn what_16_bits_lose_is_what_burns_conversion_loses() {
        let device = Device::flex();
        let values: Vec<f64> = magnitudes().into_iter().map(|x| f64::from(x as f32)).collect();
        let values: Vec<f64> = values.into_iter().filter(|x| *x > 0.0 && x.is_finite()).collect();
        let spread = Spread::of(values.iter().copied());
        for (float, dtype) in
            [(NarrowFloat::Fp16, FloatDType::F16), (NarrowFloat::Bf16, FloatDType::BF16)]
        {
            let data = TensorData::new(values.clone(), [values.len()]);
            let narrow = Tensor::<1>::from_data(data, (&device, DType::F32)).cast(dtype);
            let narrow: Vec<f64> = narrow.into_data().iter::<f64>().collect();
            let count = |fits: &dyn Fn(f64) -> bool| {
                narrow.iter().filter(|x| fits(**x)).count() as f64 / values.len() as f64
            };
            assert_eq!(spread.flushed(float), count(&|x| x == 0.0), "{float:?}");
            assert_eq!(spread.overflown(float), count(&f64::is_infinite), "{float:?}");
            let least = 2f64.powi(float.least_normal());
            let below = values.iter().filter(|x| **x < least).count() as f64;
            assert_eq!(spread.underflown(float), below / values.len() as f64, "{float:?}");
        }
    }

    #[test]
    fn eight_bits_have_the_edges_of_their_definition() {
        let share = |value: f64, float| {
            let spread = Spread::of([value, 0.0]);
            [spread.flushed(float), spread.underflown(float), spread.overflown(float)]
        };
        let (e4m3, e5m2) = (NarrowFloat::Fp8E4M3, NarrowFloat::Fp8E5M2);
        assert_eq!(share(449.0, e4m3), [0.0, 0.0, 0.0], "rounds to 448");
        assert_eq!(share(464.0, e4m3), [0.0, 0.0, 0.5]);
        assert_eq!(share(2f64.powi(-7), e4m3), [0.0, 0.5, 0.0]);
        assert_eq!(share(0.9 * 2f64.powi(-10), e4m3), [0.5, 0.5, 0.0]);
        assert_eq!(share(60_000.0, e5m2), [0.0, 0.0, 0.0]);
        assert_eq!(share(61_440.0, e5m2), [0.0, 0.0, 0.5]);
        assert_eq!(share(0.9 * 2f64.powi(-17), e5m2), [0.5, 0.5, 0.0]);
    }

    #[test]
    fn the_loss_scale_is_the_smallest_that_keeps_the_gradients() {
        let fp16 = NarrowFloat::Fp16;
        assert_eq!(Spread::of([1e-3; 10]).loss_scale(fp16), Some(1.0));
        // 1.5 · 2⁻³⁰ must become at least 2⁻²⁵.
        let tiny = 1.5 * 2f64.powi(-30);
        assert_eq!(Spread::of([tiny; 10]).loss_scale(fp16), Some(32.0));
        assert_eq!(Spread::of([tiny, 2_100.0]).loss_scale(fp16), None, "67,200 is too large");
        let rare = (0..2_000).map(|i| if i == 0 { tiny } else { 0.1 });
        assert_eq!(Spread::of(rare).loss_scale(fp16), Some(1.0), "one in 2,000 may be lost");
        assert_eq!(Spread::of([f64::NAN, tiny]).loss_scale(fp16), None);
        assert_eq!(Spread::of([tiny; 10]).loss_scale(NarrowFloat::Bf16), Some(1.0));
    }

    #[test]
    fn merging_is_counting_both() {
        let values = magnitudes();
        let merged = Spread::of(values[..1_000].iter().copied())
            .merge(&Spread::of(values[1_000..].iter().copied()));
        assert_eq!(merged, Spread::of(values));
    }
}
