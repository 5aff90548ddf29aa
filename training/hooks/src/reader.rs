//! One read-back per observation, however many numbers are requested.

use burn::tensor::{Bool, DType, ExecutionError, FloatDType, Int, Tensor, TensorData};

use crate::device::{self, Reductions};
use crate::host;
use crate::nonlinearity::Nonlinearity;
use crate::read_back::read_back_with_counts;
use crate::spread::Spread;
use crate::summary::{Detail, Summary};

/// Collects requests for reductions of tensors, then reads all results back at once.
///
/// A tensor in host memory is summarised immediately. The reductions of all others are queued on their
/// device, which keeps running; [`finish`](Self::finish) waits for it once.
#[derive(Default)]
pub(crate) struct Reader {
    summaries: Vec<Slot>,
    queued: Vec<Tensor<1>>,
    counts: Vec<Tensor<1, Int>>,
    spreads: Vec<SpreadSlot>,
}

enum SpreadSlot {
    Ready(Spread),
    /// All elements, to be counted on the host.
    Queued(usize),
}

/// A spread that [`Reader::finish`] will deliver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpreadTicket(usize);

/// Numbers that [`Reader::finish`] will deliver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumbersTicket(usize);

enum Slot {
    Ready(Summary),
    Queued { result: usize, counts: Option<usize>, count: u64, detail: Detail },
}

/// A summary that [`Reader::finish`] will deliver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SummaryTicket(usize);

/// A share, from 0 to 1: known immediately, or computed once the device has counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ShareTicket {
    Ready(f64),
    Queued { result: usize, total: usize },
}

/// The results by ticket.
pub(crate) struct Readings {
    summaries: Vec<Summary>,
    spreads: Vec<Spread>,
    results: Vec<TensorData>,
    counts: Vec<TensorData>,
}

impl Reader {
    /// Makes room for `additional` summaries.
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.summaries.reserve(additional);
    }

    /// Requests the summary of a tensor without autodiff.
    pub(crate) fn summary<const D: usize>(
        &mut self,
        tensor: Tensor<D>,
        detail: Detail,
    ) -> SummaryTicket {
        let count = tensor.shape().num_elements() as u64;
        let least = least_normal(tensor.dtype());
        let tensor = wide(tensor);
        let slot = match on_host(&tensor, |values| values.summary(detail, least)) {
            Some(summary) => Slot::Ready(summary),
            None if count == 0 => Slot::Ready(host::summarise::<f32>(&[], detail)),
            None => {
                let Reductions { sums, counts } = device::reductions(tensor, least, detail);
                self.queued.push(sums);
                let counts = counts.map(|counts| self.queue(counts));
                Slot::Queued { result: self.queued.len() - 1, counts, count, detail }
            }
        };
        self.summaries.push(slot);
        SummaryTicket(self.summaries.len() - 1)
    }

    /// Requests the summary of `after − before`, both without autodiff and of the same shape.
    pub(crate) fn difference<const D: usize>(
        &mut self,
        after: Tensor<D>,
        before: Tensor<D>,
        detail: Detail,
    ) -> SummaryTicket {
        let (after, before) = (wide(after), wide(before));
        let norm = on_host(&after, |after| on_host(&before, |before| after.distance(&before)));
        match norm.flatten().flatten() {
            Some(summary) if detail == Detail::Norm => {
                self.summaries.push(Slot::Ready(summary));
                SummaryTicket(self.summaries.len() - 1)
            }
            _ => self.summary(after - before, detail),
        }
    }

    /// Requests the spread of a tensor without autodiff. One that is not in host memory is copied there
    /// with the results of all other requests.
    pub(crate) fn spread<const D: usize>(&mut self, tensor: Tensor<D>) -> SpreadTicket {
        let tensor = wide(tensor);
        let slot = match on_host(&tensor, |values| values.spread()) {
            Some(spread) => SpreadSlot::Ready(spread),
            None => {
                let count = tensor.shape().num_elements();
                self.queued.push(tensor.reshape([count]));
                SpreadSlot::Queued(self.queued.len() - 1)
            }
        };
        self.spreads.push(slot);
        SpreadTicket(self.spreads.len() - 1)
    }

    /// Requests numbers that were computed without autodiff.
    pub(crate) fn numbers(&mut self, numbers: Tensor<1>) -> NumbersTicket {
        self.queued.push(numbers);
        NumbersTicket(self.queued.len() - 1)
    }

    /// Requests the share of saturated elements; `None` where saturation is not defined.
    pub(crate) fn saturated(
        &mut self,
        activation: Tensor<3>,
        nonlinearity: Nonlinearity,
    ) -> Option<ShareTicket> {
        let (slope, bound) = nonlinearity.slope()?;
        let activation = wide(activation);
        if let Some(share) = on_host(&activation, |values| values.share_below(slope, bound)) {
            return Some(ShareTicket::Ready(share));
        }
        let total = activation.shape().num_elements();
        Some(self.share(nonlinearity.saturated(activation)?, total))
    }

    /// Requests the share of dead units of `[outer, units, inner]`; `None` where death is not
    /// defined.
    pub(crate) fn dead(
        &mut self,
        activation: Tensor<3>,
        nonlinearity: Nonlinearity,
    ) -> Option<ShareTicket> {
        if nonlinearity != Nonlinearity::Rectifier {
            return None;
        }
        let dims = activation.dims();
        let activation = wide(activation);
        if let Some(share) = on_host(&activation, |values| values.dead_share(dims)) {
            return Some(ShareTicket::Ready(share));
        }
        Some(self.share(nonlinearity.dead(activation)?, dims[1]))
    }

    fn share(&mut self, mask: Tensor<3, Bool>, total: usize) -> ShareTicket {
        ShareTicket::Queued { result: self.queue(device::count_of(mask)), total }
    }

    fn queue(&mut self, counts: Tensor<1, Int>) -> usize {
        self.counts.push(counts);
        self.counts.len() - 1
    }

    /// Waits for the device, if anything was queued there, and returns all results.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] when the device failed.
    pub(crate) fn finish(self) -> Result<Readings, ExecutionError> {
        let (results, counted) = if self.queued.is_empty() && self.counts.is_empty() {
            Default::default()
        } else {
            read_back_with_counts(self.queued, self.counts)?
        };
        let summaries = self.summaries.into_iter().map(|slot| match slot {
            Slot::Ready(summary) => summary,
            Slot::Queued { result, counts, count, detail } => {
                let sums: Vec<f64> = results[result].iter::<f64>().collect();
                let counts = counts.map_or(Vec::new(), |counts| numbers(&counted[counts]));
                device::summary(&sums, &counts, count, detail)
            }
        });
        let summaries = summaries.collect();
        let spreads = self.spreads.into_iter().map(|slot| match slot {
            SpreadSlot::Ready(spread) => spread,
            SpreadSlot::Queued(result) => Spread::of(results[result].iter::<f64>()),
        });
        let spreads = spreads.collect();
        Ok(Readings { summaries, spreads, results, counts: counted })
    }
}

impl Readings {
    pub(crate) fn summary(&self, ticket: SummaryTicket) -> &Summary {
        &self.summaries[ticket.0]
    }

    pub(crate) fn spread(&self, ticket: SpreadTicket) -> &Spread {
        &self.spreads[ticket.0]
    }

    pub(crate) fn numbers(&self, ticket: NumbersTicket) -> Vec<f64> {
        self.results[ticket.0].iter::<f64>().collect()
    }

    pub(crate) fn share(&self, ticket: ShareTicket) -> f64 {
        match ticket {
            ShareTicket::Ready(share) => share,
            ShareTicket::Queued { result, total } => {
                numbers(&self.counts[result])[0] as f64 / total.max(1) as f64
            }
        }
    }
}

fn numbers(data: &TensorData) -> Vec<u64> {
    data.iter::<u64>().collect()
}

/// The tensor in a type that its sums fit into: `f64` stays, all others become `f32`, which holds the
/// values of every smaller float type exactly.
pub(crate) fn wide<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    match tensor.dtype() {
        DType::F32 | DType::F64 => tensor,
        _ => tensor.cast(FloatDType::F32),
    }
}

/// The smallest positive normal number of a float type.
pub(crate) fn least_normal(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::MIN_POSITIVE,
        DType::F16 => 2f64.powi(-14),
        _ => f64::from(f32::MIN_POSITIVE), // that of `bf16` as well
    }
}

/// The elements of a tensor that lies in host memory.
pub(crate) enum Elements<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Elements<'_> {
    /// `least_normal` is that of the type from which the values were widened.
    fn summary(&self, detail: Detail, least_normal: f64) -> Summary {
        match self {
            Self::F32(values) => {
                let mut summary = host::summarise(values, detail);
                if least_normal > f64::from(f32::MIN_POSITIVE)
                    && let Some(full) = &mut summary.full
                {
                    full.subnormals = host::count_below(values, least_normal) - full.zeros;
                }
                summary
            }
            Self::F64(values) => host::summarise(values, detail),
        }
    }

    fn spread(&self) -> Spread {
        match self {
            Self::F32(values) => Spread::of(values.iter().map(|x| f64::from(*x))),
            Self::F64(values) => Spread::of(values.iter().copied()),
        }
    }

    /// The norm of the difference, computed without a tensor for it; only for `f32`.
    fn distance(&self, other: &Self) -> Option<Summary> {
        match (self, other) {
            (Self::F32(a), Self::F32(b)) => Some(host::distance(a, b)),
            _ => None,
        }
    }

    fn share_below(&self, slope: fn(f64) -> f64, bound: f64) -> f64 {
        match self {
            Self::F32(values) => host::share_below(values, slope, bound),
            Self::F64(values) => host::share_below(values, slope, bound),
        }
    }

    fn dead_share(&self, dims: [usize; 3]) -> f64 {
        match self {
            Self::F32(values) => host::dead_share(values, dims),
            Self::F64(values) => host::dead_share(values, dims),
        }
    }
}

/// Reads a tensor that lies in host memory; `None` if it does not.
pub(crate) fn on_host<const D: usize, T>(
    tensor: &Tensor<D>,
    read: impl FnOnce(Elements<'_>) -> T,
) -> Option<T> {
    #[cfg(feature = "flex")]
    if let Ok(primitive) = tensor.clone().try_into_primitive::<burn::backend::Flex>() {
        let primitive =
            if primitive.is_contiguous() { primitive } else { primitive.to_contiguous() };
        let elements = match primitive.dtype() {
            DType::F32 => Elements::F32(primitive.as_slice()?),
            DType::F64 => Elements::F64(primitive.as_slice()?),
            _ => return None,
        };
        return Some(read(elements));
    }
    #[cfg(feature = "ndarray")]
    if is_ndarray(tensor) {
        let data = tensor.to_data();
        let elements = match data.dtype() {
            DType::F32 => Elements::F32(data.as_slice().ok()?),
            DType::F64 => Elements::F64(data.as_slice().ok()?),
            _ => return None,
        };
        return Some(read(elements));
    }
    let _ = (tensor, read, DType::F32);
    None
}

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "the back end is offered although upstream deprecates it")]
fn is_ndarray<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device() == burn::tensor::Device::ndarray()
}
