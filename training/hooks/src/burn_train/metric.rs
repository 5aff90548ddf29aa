//! A quantity as a metric of Burn's dashboard.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use backdraft_rows::{QuantityName, Row, Subject};
use burn::tensor::TensorReadError;
use burn_train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};

/// Values that wait for a metric: the number of batches at which each was measured, and the value.
type Waiting = Arc<Mutex<VecDeque<(u64, f64)>>>;

/// Values that wait at most: Burn updates metrics at each batch, so more wait only for a metric that was
/// never used.
const MOST_WAITING: usize = 4_096;

/// The metrics that are to get values.
#[derive(Default)]
pub(super) struct Channels(Vec<Channel>);

struct Channel {
    quantity: QuantityName,
    subject: Subject,
    waiting: Weak<Mutex<VecDeque<(u64, f64)>>>,
}

impl Channels {
    /// Opens a channel to a new metric.
    pub(super) fn open(&mut self, quantity: QuantityName, subject: Subject) -> WatchMetric {
        let waiting = Waiting::default();
        let name = Arc::new(format!("{quantity} of {subject}"));
        self.0.push(Channel { quantity, subject, waiting: Arc::downgrade(&waiting) });
        WatchMetric { waiting, name, batches: 0, current: None, sum: 0.0, count: 0 }
    }

    /// Sends each metric its value, and forgets metrics that are gone.
    pub(super) fn send(&mut self, batches: u64, rows: &[Row]) {
        self.0.retain(|channel| {
            let Some(waiting) = channel.waiting.upgrade() else { return false };
            let is_its =
                |row: &&Row| row.quantity == channel.quantity && row.subject == channel.subject;
            if let Some(row) = rows.iter().find(is_its) {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.push_back((batches, row.value));
                if waiting.len() > MOST_WAITING {
                    waiting.pop_front();
                }
            }
            true
        });
    }
}

/// One quantity of one subject, shown and logged by Burn at each training batch.
///
/// Between observations it repeats the last value. Its value for an epoch is the mean over the epoch's
/// batches, which is not finite if one of them is not. Clones share what they are sent; use one of them.
#[derive(Clone, Debug)]
pub struct WatchMetric {
    waiting: Waiting,
    name: MetricName,
    /// Training batches so far, in all epochs. Burn updates metrics on another thread, when the
    /// model may already be further.
    batches: u64,
    current: Option<f64>,
    sum: f64,
    count: usize,
}

impl WatchMetric {
    /// Processes the values up to the current batch.
    fn advance(&mut self) {
        self.batches += 1;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, value)) = waiting.pop_front_if(|(batch, _)| *batch <= self.batches) {
            self.current = Some(value);
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn entry(&self) -> SerializedEntry {
        match self.current {
            None => SerializedEntry::not_available(None),
            Some(current) => SerializedEntry::new(
                format!("epoch {:.3e} - batch {current:.3e}", self.mean()),
                NumericEntry::Value(current).serialize(),
            ),
        }
    }
}

impl Metric for WatchMetric {
    type Input = ();

    fn name(&self) -> MetricName {
        Arc::clone(&self.name)
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes { unit: None, higher_is_better: false }.into()
    }

    fn update(
        &mut self,
        _: &Self::Input,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        self.advance();
        if let Some(current) = self.current {
            self.sum += current;
            self.count += 1;
        }
        Ok(self.entry())
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        match self.count {
            0 => Ok(SerializedEntry::not_available(None)),
            _ => {
                let value = NumericEntry::Final(self.mean());
                Ok(SerializedEntry::new(format!("epoch {:.3e}", self.mean()), value.serialize()))
            }
        }
    }

    fn clear(&mut self) {
        self.sum = 0.0;
        self.count = 0;
    }
}

impl Numeric for WatchMetric {
    fn value(&self) -> Option<NumericEntry> {
        self.current.map(NumericEntry::Value)
    }

    fn running_value(&self) -> Option<NumericEntry> {
        let (aggregated_value, count) = (self.mean(), self.count);
        (count > 0).then_some(NumericEntry::Aggregated { aggregated_value, count })
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Final(self.mean())
    }
}
