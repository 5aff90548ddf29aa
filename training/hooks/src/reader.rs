//! One read-back per observation, however many numbers are requested.

use burn::tensor::{Bool, DType, ExecutionError, Tensor, TensorData};

use crate::device;
use crate::host;
use crate::nonlinearity::Nonlinearity;
use crate::read_back::read_back;
use crate::summary::{Detail, Summary};

/// Collects requests for reductions of tensors, then reads all results back at once.
///
/// A tensor in host memory is summarised immediately. The reductions of all others are queued on their
/// device, which keeps running; [`finish`](Self::finish) waits for it once.
#[derive(Default)]
pub(crate) struct Reader {
    summaries: Vec<Slot>,
    queued: Vec<Tensor<1>>,
}

enum Slot {
    Ready(Summary),
    Queued { result: usize, count: u64, detail: Detail },
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
    results: Vec<TensorData>,
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
        let slot = match on_host(&tensor, |values| values.summary(detail)) {
            Some(summary) => Slot::Ready(summary),
            None if count == 0 => Slot::Ready(host::summarise::<f32>(&[], detail)),
            None => {
                let result = self.queue(device::reductions(tensor, detail));
                Slot::Queued { result, count, detail }
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
        let norm = on_host(&after, |after| on_host(&before, |before| after.distance(&before)));
        match norm.flatten().flatten() {
            Some(summary) if detail == Detail::Norm => {
                self.summaries.push(Slot::Ready(summary));
                SummaryTicket(self.summaries.len() - 1)
            }
            _ => self.summary(after - before, detail),
        }
    }

    /// Requests the share of saturated elements; `None` where saturation is not defined.
    pub(crate) fn saturated(
        &mut self,
        activation: Tensor<3>,
        nonlinearity: Nonlinearity,
    ) -> Option<ShareTicket> {
        let (slope, bound) = nonlinearity.slope()?;
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
        if let Some(share) = on_host(&activation, |values| values.dead_share(dims)) {
            return Some(ShareTicket::Ready(share));
        }
        Some(self.share(nonlinearity.dead(activation)?, dims[1]))
    }

    fn share(&mut self, mask: Tensor<3, Bool>, total: usize) -> ShareTicket {
        ShareTicket::Queued { result: self.queue(mask.float().sum()), total }
    }

    fn queue(&mut self, result: Tensor<1>) -> usize {
        self.queued.push(result);
        self.queued.len() - 1
    }

    /// Waits for the device, if anything was queued there, and returns all results.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] when the device failed.
    pub(crate) fn finish(self) -> Result<Readings, ExecutionError> {
        let results = if self.queued.is_empty() { Vec::new() } else { read_back(self.queued)? };
        let summaries = self.summaries.into_iter().map(|slot| match slot {
            Slot::Ready(summary) => summary,
            Slot::Queued { result, count, detail } => {
                device::summary(&values(&results[result]), count, detail)
            }
        });
        Ok(Readings { summaries: summaries.collect(), results })
    }
}

impl Readings {
    pub(crate) fn summary(&self, ticket: SummaryTicket) -> &Summary {
        &self.summaries[ticket.0]
    }

    pub(crate) fn share(&self, ticket: ShareTicket) -> f64 {
        match ticket {
            ShareTicket::Ready(share) => share,
            ShareTicket::Queued { result, total } => {
                values(&self.results[result])[0] / total.max(1) as f64
            }
        }
    }
}

fn values(data: &TensorData) -> Vec<f64> {
    data.iter::<f64>().collect()
}

/// The elements of a tensor that lies in host memory.
pub(crate) enum Elements<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Elements<'_> {
    fn summary(&self, detail: Detail) -> Summary {
        match self {
            Self::F32(values) => host::summarise(values, detail),
            Self::F64(values) => host::summarise(values, detail),
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
