//! One read-back per observation, whatever is asked for.

use burn::tensor::{DType, ExecutionError, Tensor, TensorData, Transaction};

use crate::device;
use crate::host;
use crate::summary::{Detail, Summary};

/// Collects requests for reductions of tensors, then reads all results back at once.
///
/// A tensor that already lies in host memory is summarised on the spot. The reductions of all
/// others are queued on their device, which keeps running; [`finish`](Self::finish) waits for it
/// once.
#[derive(Default)]
pub(crate) struct Reader {
    summaries: Vec<Slot>,
    transaction: Option<Transaction>,
    queued: usize,
}

enum Slot {
    Ready(Summary),
    Queued { result: usize, count: u64, detail: Detail },
}

/// A summary that [`Reader::finish`] will deliver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SummaryTicket(usize);

/// A single number that [`Reader::finish`] will deliver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScalarTicket(usize);

/// The results, by ticket.
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
        let slot = match in_place(&tensor, detail) {
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

    /// Requests a number that was computed on the device, shape `[1]`.
    pub(crate) fn scalar(&mut self, value: Tensor<1>) -> ScalarTicket {
        ScalarTicket(self.queue(value))
    }

    fn queue(&mut self, result: Tensor<1>) -> usize {
        let transaction = self.transaction.take().unwrap_or_default();
        self.transaction = Some(transaction.register(result));
        self.queued += 1;
        self.queued - 1
    }

    /// Waits for the device, if anything was queued there, and returns all results.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] when the device failed.
    pub(crate) fn finish(self) -> Result<Readings, ExecutionError> {
        let results = match self.transaction {
            Some(transaction) => transaction.try_execute()?,
            None => Vec::new(),
        };
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

    pub(crate) fn scalar(&self, ticket: ScalarTicket) -> f64 {
        values(&self.results[ticket.0])[0]
    }
}

fn values(data: &TensorData) -> Vec<f64> {
    data.iter::<f64>().collect()
}

/// Summarises a tensor that lies in host memory; `None` if it does not.
fn in_place<const D: usize>(tensor: &Tensor<D>, detail: Detail) -> Option<Summary> {
    #[cfg(feature = "flex")]
    if let Ok(primitive) = tensor.clone().try_into_primitive::<burn::backend::Flex>() {
        let primitive =
            if primitive.is_contiguous() { primitive } else { primitive.to_contiguous() };
        match primitive.dtype() {
            DType::F32 => {
                return primitive.as_slice::<f32>().map(|values| host::summarise(values, detail));
            }
            DType::F64 => {
                return primitive.as_slice::<f64>().map(|values| host::summarise(values, detail));
            }
            _ => return None,
        }
    }
    #[cfg(feature = "ndarray")]
    if is_ndarray(tensor) {
        let data = tensor.to_data();
        return match data.dtype() {
            DType::F32 => data.as_slice::<f32>().ok().map(|v| host::summarise(v, detail)),
            DType::F64 => data.as_slice::<f64>().ok().map(|v| host::summarise(v, detail)),
            _ => None,
        };
    }
    let _ = (tensor, detail, DType::F32);
    None
}

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "the back end is offered although upstream deprecates it")]
fn is_ndarray<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device() == burn::tensor::Device::ndarray()
}
