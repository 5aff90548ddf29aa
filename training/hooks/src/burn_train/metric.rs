//! A quantity as a metric of Burn's dashboard.

use std::sync::Arc;

use backdraft_rows::{QuantityName, Subject};
use burn::tensor::TensorReadError;
use burn_train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};

use super::Watch;

/// One quantity of one subject, shown and logged by Burn at each training batch.
///
/// Between observations it repeats the last value. Its value for an epoch is the mean over the epoch's
/// batches, which is not finite if one of them is not.
#[derive(Clone, Debug)]
pub struct WatchMetric {
    watch: Watch,
    quantity: QuantityName,
    subject: Subject,
    name: MetricName,
    /// Training batches so far, in all epochs. Burn updates metrics on another thread, when the
    /// model may already be further.
    batches: u64,
    /// Number of rows already processed.
    cursor: usize,
    current: Option<f64>,
    sum: f64,
    count: usize,
}

impl WatchMetric {
    pub(super) fn new(watch: Watch, quantity: QuantityName, subject: Subject) -> Self {
        Self {
            watch,
            name: Arc::new(format!("{quantity} of {subject}")),
            quantity,
            subject,
            batches: 0,
            cursor: 0,
            current: None,
            sum: 0.0,
            count: 0,
        }
    }

    /// Processes the rows up to the current batch.
    fn advance(&mut self) {
        let shared = self.watch.lock();
        let rows = shared.rows[self.cursor..].iter().take_while(|row| row.step <= self.batches);
        for row in rows {
            self.cursor += 1;
            if row.quantity == self.quantity && row.subject == self.subject {
                self.current = Some(row.value);
            }
        }
        self.batches += 1;
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
