//! Trainings repeated around one step, with everything measured.

mod examples;
mod watcher;

use backdraft_rows::{Row, Story, Thresholds};
use serde::Serialize;

pub(crate) use examples::MOST_EXAMPLES;
pub use examples::{ExampleBatch, ExampleGradient, RankedBy, example_gradients};

use crate::checkpoint::Checkpoint;
use crate::listener::Listener;
use watcher::Watcher;

/// Steps before the window that are looked at closely, too, so that it is known what is usual.
const LEAD: u64 = 40;

/// Repeats a training around a step, with every tap and every quantity, and tells what left its range
/// first, what followed, and which examples have the largest gradients.
///
/// A training with the same configuration, data and device takes the same steps, bit for bit. Replays
/// need no more than to run it again with another listener:
///
/// ```
/// use backdraft_hooks::{GradientHook, Schedule, Taps};
/// use backdraft_trainer::{Examples, MeanSquaredError, RankedBy, Replay, Splits, Trainer, TrainerConfig};
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let model: Linear = LinearConfig::new(4, 1).init(&device.clone().autodiff());
/// let values: Vec<f32> = (0..256).map(|at| (at as f32).sin()).collect();
/// let inputs = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([64, 4]);
/// // One example is a million times as large as it should be.
/// let scales: Vec<f32> = (0..64).map(|row| if row == 37 { 1e6 } else { 1.0 }).collect();
/// let scales = Tensor::<1>::from_floats(scales.as_slice(), &device).reshape([64, 1]);
/// let examples = Examples::new(inputs * scales, Tensor::<2>::ones([64, 1], &device));
///
/// let config = TrainerConfig { steps: 16, batch_size: 4, learning_rate: 1e-3, ..Default::default() };
/// let trainer = Trainer::new(config, &device).unwrap();
/// let replayed = Replay::at(10)
///     .with_window(6, 5)
///     .run(None, &[], |listener| {
///         let splits = Splits { train: &examples, test: &examples };
///         let forward =
///             |model: &Linear, x, taps: &mut Taps| taps.tap("output", model.forward(x));
///         let mut hook = GradientHook::new(&[], Schedule::Never);
///         trainer.fit(model.clone(), splits, forward, &MeanSquaredError, &mut hook, listener)
///     })
///     .unwrap();
/// if let (Some(cause), Some(batch)) = (replayed.story.cause(), &replayed.batch) {
///     let suspect = batch.largest_first(RankedBy::of(Some(cause.part)))[0].example;
///     println!("{cause}; example {suspect}");
///     assert_eq!(suspect, 37);
/// }
/// ```
///
/// A loop of your own needs three calls: keep a [`Checkpoint::take`] now and then, go back with
/// [`Checkpoint::restore`], and observe every quantity at every step with a
/// [`GradientHook`](backdraft_hooks::GradientHook); [`Story::of`] and [`example_gradients`] tell the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    at: u64,
    before: u64,
    after: u64,
}

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Replayed {
    /// Everything that was measured, by the training itself and by the close look.
    #[serde(skip)]
    pub rows: Vec<Row>,
    /// What left its range.
    pub story: Story,
    /// The batch of the step of the cause, or of the step that was asked for if everything kept to its
    /// range; `None` if the training does not come so far.
    pub batch: Option<ExampleBatch>,
    /// The last step that the training has reached; `None` if nothing was trained.
    pub reached: Option<u64>,
}

impl Replay {
    /// Replays five steps before and five after `step`.
    pub fn at(step: u64) -> Self {
        Self { at: step, before: 5, after: 5 }
    }

    /// Sets how many steps before and after are told of.
    #[must_use]
    pub fn with_window(self, before: u64, after: u64) -> Self {
        Self { before, after, ..self }
    }

    /// Returns the step that was asked for.
    pub fn step(&self) -> u64 {
        self.at
    }

    /// Returns the first step of the window.
    pub fn first(&self) -> u64 {
        self.at.saturating_sub(self.before)
    }

    /// Returns the last step of the window.
    pub fn last(&self) -> u64 {
        self.at.saturating_add(self.after)
    }

    /// Returns the first step that is looked at closely. A checkpoint of this step or an earlier one
    /// serves best; a later one leaves less to tell what is usual.
    pub fn lead(&self) -> u64 {
        self.first().saturating_sub(LEAD)
    }

    /// Replays what `train` trains with the listener that it is given: from a checkpoint, or from the
    /// start. `history` holds rows that were measured before; they help to tell what is usual.
    ///
    /// `train` is called twice: a second time for the gradients of the examples, from the start of the
    /// window. If it trains more than once, the first training is replayed.
    ///
    /// # Errors
    ///
    /// Those of `train`.
    pub fn run<T, E>(
        &self,
        from: Option<Checkpoint>,
        history: &[Row],
        mut train: impl FnMut(&mut dyn Listener) -> Result<T, E>,
    ) -> Result<Replayed, E> {
        let start = from.as_ref().map_or(0, Checkpoint::step);
        let mut watcher =
            Watcher::of_steps(from.clone(), self.lead()..=self.last(), self.first().max(start));
        train(&mut watcher)?;
        let Watcher { rows, kept, reached, .. } = watcher;
        let known = history.iter().filter(|row| row.step < start);
        let window = self.first()..=self.last();
        let story = Story::of(known.chain(&rows), window, &Thresholds::default());
        let step = story.cause().map_or(self.at, |cause| cause.step);
        let batch = if reached.is_some_and(|reached| reached >= step) {
            let mut watcher = Watcher::of_examples(kept.or(from), step);
            train(&mut watcher)?;
            watcher.examples
        } else {
            None
        };
        Ok(Replayed { rows, story, batch, reached })
    }
}
