//! Summaries of tensors on an accelerator: a few queued reductions each.

use burn::tensor::{Int, Tensor};

use crate::histogram::{BINS, Histogram};
use crate::summary::{Detail, FullSummary, Summary};

/// Results of [`reductions`] before the histogram, in order.
const NORM_RESULTS: usize = 2;
const MOMENTS_RESULTS: usize = 3;
const FULL_RESULTS: usize = 8;

/// Queues the reductions that [`summary`] needs; nothing is read back.
///
/// Sums are over `x / max|x|`, because squares of small `f32` values underflow on the device.
///
/// # Shapes
///
/// - output: `[2]` for [`Detail::Norm`], `[3]` for [`Detail::Moments`], `[8 + 84]` for
///   [`Detail::Full`]
pub(crate) fn reductions<const D: usize>(tensor: Tensor<D>, detail: Detail) -> Tensor<1> {
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
        return Tensor::cat(results, 0);
    }
    let is_nan = values.clone().is_nan();
    let is_infinite = values.clone().is_inf();
    let is_finite = is_nan.clone().bool_or(is_infinite.clone()).bool_not();
    let values = values.mask_fill(is_finite.clone().bool_not(), 0.0);
    let magnitude = values.clone().abs();
    let scale = magnitude.clone().max();
    let relative = scaled(&values, &scale);
    let is_zero = magnitude.clone().equal_elem(0.0);
    let share = |mask: Tensor<1, burn::tensor::Bool>| mask.float().sum();
    let results = vec![
        scale,
        relative.clone().square().sum(),
        relative.clone().sum(),
        relative.abs().sum(),
        share(is_zero.clone().bool_and(is_finite.clone())),
        share(
            magnitude
                .clone()
                .lower_elem(f32::MIN_POSITIVE)
                .bool_and(is_zero.clone().bool_not())
                .bool_and(is_finite.clone()),
        ),
        share(is_nan),
        share(is_infinite),
        histogram(magnitude, is_zero.bool_not().bool_and(is_finite)),
    ];
    Tensor::cat(results, 0)
}

/// `values / scale`, or `values` where the scale is 0 and there is nothing to scale.
pub(crate) fn scaled(values: &Tensor<1>, scale: &Tensor<1>) -> Tensor<1> {
    let divisor = scale.clone().mask_fill(scale.clone().equal_elem(0.0), 1.0);
    values.clone() / divisor
}

/// Counts by decade, shape `[84]`, of the elements where `counted` holds.
fn histogram(magnitude: Tensor<1>, counted: Tensor<1, burn::tensor::Bool>) -> Tensor<1> {
    let device = magnitude.device();
    let lowest_decade = -45.0;
    let decade = magnitude.mask_fill(counted.clone().bool_not(), 1.0).log() // natural logarithm
        * std::f64::consts::LOG10_E;
    let bin: Tensor<1, Int> = (decade.floor() - lowest_decade).clamp(0.0, (BINS - 1) as f64).int();
    Tensor::<1>::zeros([BINS], &device).select_assign(
        0,
        bin,
        counted.float(),
        burn::tensor::IndexingUpdateOp::Add,
    )
}

/// Rebuilds the summary from what [`reductions`] computed.
pub(crate) fn summary(results: &[f64], count: u64, detail: Detail) -> Summary {
    let (scale, square_sum) = (results[0], results[1]);
    debug_assert_eq!(
        results.len(),
        match detail {
            Detail::Norm => NORM_RESULTS,
            Detail::Moments => MOMENTS_RESULTS,
            Detail::Full => FULL_RESULTS + BINS,
        }
    );
    let full = (detail == Detail::Full).then(|| {
        Box::new(FullSummary {
            absolute_sum: results[3],
            max_absolute: scale,
            zeros: results[4] as u64,
            subnormals: results[5] as u64,
            nans: results[6] as u64,
            infinities: results[7] as u64,
            histogram: Histogram::from_counts(
                results[FULL_RESULTS..].iter().map(|count| *count as u64).collect(),
            ),
        })
    });
    let broken = full.as_ref().is_some_and(|full| full.nans + full.infinities > 0);
    Summary {
        count,
        scale: if scale == 0.0 { 1.0 } else { scale },
        square_sum: if broken { f64::NAN } else { square_sum },
        sum: (detail >= Detail::Moments).then(|| if broken { f64::NAN } else { results[2] }),
        full,
    }
}
