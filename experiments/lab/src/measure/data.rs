//! The data of trials, and how much there is of them before they are drawn.

use std::sync::Arc;

use backdraft_datasets::SequenceTask;

use super::supervised::Supervised;

/// What trials learn from, by seed.
#[derive(Clone)]
pub struct Data {
    source: Arc<Source>,
    /// How much there is for a seed.
    pub extent: Extent,
    /// Whether they lie in memory before a trial asks for them.
    pub is_held: bool,
}

type Source = dyn Fn(u64) -> anyhow::Result<Arc<Supervised>> + Send + Sync;

/// How much there is to learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Examples to train on.
    pub trained: usize,
    /// Examples to test on.
    pub tested: usize,
    /// Numbers of an example and its targets.
    pub values: usize,
}

impl Data {
    /// Data that are in memory, the same for every seed.
    pub fn held(data: Arc<Supervised>) -> Self {
        let extent = data.extent();
        Self { source: Arc::new(move |_| Ok(Arc::clone(&data))), extent, is_held: true }
    }

    /// Data that are drawn for a trial.
    pub fn drawn(
        extent: Extent,
        source: impl Fn(u64) -> anyhow::Result<Arc<Supervised>> + Send + Sync + 'static,
    ) -> Self {
        Self { source: Arc::new(source), extent, is_held: false }
    }

    /// Sequences of a generated task; `counts` are the sizes of the training and the test split.
    ///
    /// # Errors
    ///
    /// If the task cannot have this length.
    pub fn sequences(
        task: SequenceTask,
        length: usize,
        counts: [usize; 2],
    ) -> anyhow::Result<Self> {
        let draw = move |seed| Ok(Supervised::of_sequences(task, length, counts, seed)?);
        if !task.is_drawn() {
            return Ok(Self::held(Arc::new(draw(0)?)));
        }
        let one = task.generate(length, 1, 0)?;
        let values = one.inputs.len() + one.targets.len();
        let [trained, tested] = counts;
        let extent = Extent { trained, tested, values };
        Ok(Self::drawn(extent, move |seed| draw(seed).map(Arc::new)))
    }

    /// Returns the data of a seed.
    ///
    /// # Errors
    ///
    /// If they cannot be drawn.
    pub fn of(&self, seed: u64) -> anyhow::Result<Arc<Supervised>> {
        (self.source)(seed)
    }
}

impl Extent {
    /// Returns how many numbers that is.
    pub(super) fn numbers(self) -> f64 {
        (self.trained as f64 + self.tested as f64) * self.values as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extent_is_known_before_anything_is_drawn() {
        for task in SequenceTask::ALL {
            let data = Data::sequences(*task, 12, [30, 20]).unwrap();
            assert_eq!(data.extent, data.of(3).unwrap().extent(), "{task:?}");
            assert_eq!(data.is_held, !task.is_drawn(), "{task:?}");
        }
    }

    #[test]
    fn there_are_no_more_digits_than_there_are_images() {
        let data = Data::sequences(SequenceTask::DigitRows, 8, [10_000_000, 1_000]).unwrap();
        assert!(data.extent.trained < 2_000, "{:?}", data.extent);
    }

    #[test]
    fn what_is_not_drawn_is_the_same_for_every_seed() {
        for task in SequenceTask::ALL.iter().filter(|task| !task.is_drawn()) {
            assert_eq!(task.generate(64, 50, 6), task.generate(64, 50, 0), "{task:?}");
        }
    }
}
