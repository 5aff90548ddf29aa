//! Summaries of tensors on an accelerator: a few queued reductions each.

use burn::tensor::{Bool, DType, Int, IntDType, Tensor};

use crate::histogram::{BINS, Histogram};
use crate::summary::{Detail, FullSummary, Summary};

/// Counts in [`Reductions::counts`] before the histogram: zeros, subnormal numbers, NaN, infinities.
const COUNTS: usize = 4;

/// What [`summary`] is built from, still on the device.
pub(crate) struct Reductions {
    /// The scale and Σ (x / scale)², then Σ x / scale from [`Detail::Moments`] on, then Σ |x| / scale.
    pub(crate) sums: Tensor<1>,
    /// Whole numbers, because a float cannot count beyond 2²⁴; shape `[4 + 84]`, for [`Detail::Full`].
    pub(crate) counts: Option<Tensor<1, Int>>,
}

/// Queues the reductions that [`summary`] needs of a tensor of `f32` or `f64`; nothing is read back.
///
/// Sums are over `x / max|x|`, because squares of small `f32` values underflow on the device.
/// `least_normal` is the smallest normal number of the type that the values come from.
pub(crate) fn reductions<const D: usize>(
    tensor: Tensor<D>,
    least_normal: f64,
    detail: Detail,
) -> Reductions {
    let count = tensor.shape().num_elements();
    let values = tensor.reshape([count]); // [count]
    let magnitude = values.clone().abs();
    if detail < Detail::Full {
        let scale = magnitude.max();
        let relative = scaled(&values, &scale);
        let square_sum = relative.clone().square().sum();
        let mut results = vec![scale, square_sum];
        if detail == Detail::Moments {
            results.push(relative.sum());
        }
        return Reductions { sums: Tensor::cat(results, 0), counts: None };
    }
    let is_nan = values.clone().is_nan();
    let is_infinite = values.clone().is_inf();
    let is_finite = is_nan.clone().bool_or(is_infinite.clone()).bool_not();
    let values = values.mask_fill(is_finite.clone().bool_not(), 0.0);
    let magnitude = values.clone().abs();
    let scale = magnitude.clone().max();
    let relative = scaled(&values, &scale);
    let is_zero = magnitude.clone().equal_elem(0.0);
    let is_counted = is_zero.clone().bool_not().bool_and(is_finite.clone());
    let is_subnormal = magnitude.clone().lower_elem(least_normal).bool_and(is_counted.clone());
    let sums =
        vec![scale, relative.clone().square().sum(), relative.clone().sum(), relative.abs().sum()];
    let counts = vec![
        count_of(is_zero.bool_and(is_finite)),
        count_of(is_subnormal),
        count_of(is_nan),
        count_of(is_infinite),
        histogram(magnitude, is_counted),
    ];
    Reductions { sums: Tensor::cat(sums, 0), counts: Some(Tensor::cat(counts, 0)) }
}

/// Counts where a mask holds, shape `[1]`, exactly up to 2³¹.
pub(crate) fn count_of<const D: usize>(mask: Tensor<D, Bool>) -> Tensor<1, Int> {
    wide_enough(mask.int()).sum()
}

/// Numbers of 32 bits or more: a device may be set up to count in fewer.
fn wide_enough<const D: usize>(numbers: Tensor<D, Int>) -> Tensor<D, Int> {
    match numbers.dtype() {
        DType::I64 | DType::I32 => numbers,
        _ => numbers.cast(IntDType::I32),
    }
}

/// `values / scale`, or `values` where the scale is 0 and there is nothing to scale.
pub(crate) fn scaled(values: &Tensor<1>, scale: &Tensor<1>) -> Tensor<1> {
    let divisor = scale.clone().mask_fill(scale.clone().equal_elem(0.0), 1.0);
    values.clone() / divisor
}

/// Counts by decade, shape `[84]`, of the elements where `counted` holds.
fn histogram(magnitude: Tensor<1>, counted: Tensor<1, Bool>) -> Tensor<1, Int> {
    let device = magnitude.device();
    let lowest_decade = -45.0;
    let decade = magnitude.mask_fill(counted.clone().bool_not(), 1.0).log() // natural logarithm
        * std::f64::consts::LOG10_E;
    let bin: Tensor<1, Int> = (decade.floor() - lowest_decade).clamp(0.0, (BINS - 1) as f64).int();
    let ones = wide_enough(counted.int());
    Tensor::<1, Int>::zeros([BINS], (&device, ones.dtype())).select_assign(
        0,
        bin,
        ones,
        burn::tensor::IndexingUpdateOp::Add,
    )
}

/// Rebuilds the summary from what [`reductions`] computed.
pub(crate) fn summary(sums: &[f64], counts: &[u64], count: u64, detail: Detail) -> Summary {
    let (scale, square_sum) = (sums[0], sums[1]);
    let full = (detail == Detail::Full).then(|| {
        Box::new(FullSummary {
            absolute_sum: sums[3],
            max_absolute: scale,
            zeros: counts[0],
            subnormals: counts[1],
            nans: counts[2],
            infinities: counts[3],
            histogram: Histogram::from_counts(counts[COUNTS..].to_vec()),
        })
    });
    let broken = full.as_ref().is_some_and(|full| full.nans + full.infinities > 0);
    Summary {
        count,
        scale: if scale == 0.0 { 1.0 } else { scale },
        square_sum: if broken { f64::NAN } else { square_sum },
        sum: (detail >= Detail::Moments).then(|| if broken { f64::NAN } else { sums[2] }),
        full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::summarise;
    use crate::reader::{least_normal, wide};
    use burn::tensor::{Device, FloatDType, TensorData};

    fn on_device(tensor: Tensor<1>, detail: Detail) -> Summary {
        let (count, least) = (tensor.dims()[0] as u64, least_normal(tensor.dtype()));
        let Reductions { sums, counts } = reductions(wide(tensor), least, detail);
        let sums: Vec<f64> = sums.into_data().iter::<f64>().collect();
        let counts = counts.map_or(Vec::new(), |counts| counts.into_data().iter::<u64>().collect());
        summary(&sums, &counts, count, detail)
    }

    #[test]
    fn every_float_type_is_summarised_like_its_values_in_f64() {
        // Within each decade and type, away from the edges of decades.
        let values: Vec<f64> = (0..5_000)
            .map(|i| {
                let sign = if i % 3 == 0 { -1.0 } else { 1.0 };
                sign * 3.0 * 10f64.powi(i % 8 - 4) * f64::from(u8::from(i % 7 != 0))
            })
            .collect();
        for dtype in [FloatDType::F64, FloatDType::F32, FloatDType::F16, FloatDType::BF16] {
            let data = TensorData::new(values.clone(), [values.len()]);
            let tensor = Tensor::<1>::from_data(data, (&Device::flex(), DType::F64)).cast(dtype);
            let exact: Vec<f64> = tensor.clone().into_data().iter::<f64>().collect();
            let expected = summarise(&exact, Detail::Full);
            let ours = on_device(tensor.clone(), Detail::Full);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-5 * b.abs().max(1e-6);
            assert!(close(ours.norm(), expected.norm()), "{dtype:?}");
            assert!(close(on_device(tensor, Detail::Norm).norm(), expected.norm()), "{dtype:?}");
            let (ours, expected) = (ours.full.unwrap(), expected.full.unwrap());
            assert_eq!((ours.zeros, ours.nans, ours.infinities), (715, 0, 0), "{dtype:?}");
            assert_eq!(ours.histogram, expected.histogram, "{dtype:?}");
            assert_eq!(ours.max_absolute, expected.max_absolute, "{dtype:?}");
        }
    }

    #[test]
    fn more_elements_than_an_f32_can_count_are_counted() {
        let count = (1 << 24) + 5;
        let mask = Tensor::<1, Bool>::full([count], true, &Device::flex());
        assert_eq!(count_of(mask).into_data().iter::<u64>().next(), Some(count as u64));
    }
}
