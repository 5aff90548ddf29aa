//! Generated sequence tasks, in which what must be remembered, and for how long, is known exactly.

mod adding;
mod copy_memory;
mod digits;
mod latch;
mod temporal_order;

use serde::{Deserialize, Serialize};

use crate::error::DatasetError;

/// A sequence task. Its length is the number of time steps that information must survive, as defined in
/// the task's paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SequenceTask {
    /// Add the two marked numbers (Hochreiter & Schmidhuber 1997, § 5.4, in the form of Le, Jaitly &
    /// Hinton 2015, § 4.1).
    Adding,
    /// Repeat ten symbols after a pause (Hochreiter & Schmidhuber 1997; Arjovsky, Shah & Bengio
    /// 2016, § 5.1).
    CopyMemory,
    /// Tell which two symbols occurred, and in which order (Hochreiter & Schmidhuber 1997, § 5.6, in the form
    /// of Pascanu, Mikolov & Bengio 2013, supplement, § 3.1.1).
    TemporalOrder,
    /// Keep one bit through noise (Bengio, Simard & Frasconi 1994, § 3.1).
    Latch,
    /// The embedded digits row by row: 8 steps of 8 pixels.
    DigitRows,
    /// The embedded digits pixel by pixel: 64 steps of one pixel (after Le, Jaitly & Hinton 2015).
    DigitPixels,
    /// The same with the pixels permuted, in the same way for all images (ibid.).
    PermutedDigitPixels,
}

/// Sequences with their targets in host memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequences {
    /// Time steps of every sequence.
    pub steps: usize,
    /// Features of a time step.
    pub features: usize,
    /// `[sequences, steps, features]`, row by row.
    pub inputs: Vec<f32>,
    /// `[sequences, targets each]`: values, or classes as whole numbers.
    pub targets: Vec<f32>,
}

/// The answer expected of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A number at the end, scored by its squared error.
    Value,
    /// One of this many classes at the end.
    Class(usize),
    /// One of this many classes at every step.
    ClassEveryStep(usize),
}

impl SequenceTask {
    /// Every task.
    pub const ALL: &[Self] = &[
        Self::Adding,
        Self::CopyMemory,
        Self::TemporalOrder,
        Self::Latch,
        Self::DigitRows,
        Self::DigitPixels,
        Self::PermutedDigitPixels,
    ];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adding => "adding",
            Self::CopyMemory => "copy-memory",
            Self::TemporalOrder => "temporal-order",
            Self::Latch => "latch",
            Self::DigitRows => "digit-rows",
            Self::DigitPixels => "digit-pixels",
            Self::PermutedDigitPixels => "permuted-digit-pixels",
        }
    }

    /// Draws sequences of the task. Different seeds give different sequences, so a test split uses another
    /// seed.
    ///
    /// The digits have a fixed length and at most as many sequences as there are images: for them,
    /// `length` and `count` are upper bounds, and `seed` only selects the split (even: training).
    ///
    /// # Errors
    ///
    /// [`DatasetError::Setting`] if the length is too short for the task or there are no sequences.
    pub fn generate(
        self,
        length: usize,
        count: usize,
        seed: u64,
    ) -> Result<Sequences, DatasetError> {
        let requirement = "there must be at least one sequence";
        if count == 0 {
            return Err(DatasetError::Setting { field: "count", value: 0, requirement });
        }
        let shortest = self.shortest();
        if length < shortest.0 {
            let (requirement, value) = (shortest.1, length);
            return Err(DatasetError::Setting { field: "length", value, requirement });
        }
        match self {
            Self::Adding => Ok(adding::generate(length, count, seed)),
            Self::CopyMemory => Ok(copy_memory::generate(length, count, seed)),
            Self::TemporalOrder => Ok(temporal_order::generate(length, count, seed)),
            Self::Latch => Ok(latch::generate(length, count, seed)),
            Self::DigitRows => digits::generate(digits::Order::Rows, count, seed),
            Self::DigitPixels => digits::generate(digits::Order::Pixels, count, seed),
            Self::PermutedDigitPixels => digits::generate(digits::Order::Permuted, count, seed),
        }
    }

    /// Tells whether the seed draws the sequences, in any number. The digits of a split are always the same.
    pub fn is_drawn(self) -> bool {
        !matches!(self, Self::DigitRows | Self::DigitPixels | Self::PermutedDigitPixels)
    }

    /// Returns the answer expected of a network.
    pub fn answer(self) -> Answer {
        match self {
            Self::Adding => Answer::Value,
            Self::CopyMemory => Answer::ClassEveryStep(copy_memory::CLASSES),
            Self::TemporalOrder => Answer::Class(temporal_order::CLASSES),
            Self::Latch => Answer::Class(2),
            Self::DigitRows | Self::DigitPixels | Self::PermutedDigitPixels => Answer::Class(10),
        }
    }

    /// Returns the loss of the best predictor without memory: the mean squared error of the mean, or the
    /// cross-entropy of equally likely classes.
    pub fn trivial_loss(self, length: usize) -> f64 {
        match self {
            Self::Adding => 1.0 / 6.0,
            Self::CopyMemory => copy_memory::trivial_loss(length),
            Self::TemporalOrder => (temporal_order::CLASSES as f64).ln(),
            Self::Latch => 2f64.ln(),
            Self::DigitRows | Self::DigitPixels | Self::PermutedDigitPixels => 10f64.ln(),
        }
    }

    fn shortest(self) -> (usize, &'static str) {
        match self {
            Self::Adding => (2, "there must be room for two numbers"),
            Self::CopyMemory => (1, "there must be a pause"),
            Self::TemporalOrder => (10, "a tenth of it must hold a symbol"),
            Self::Latch => (latch::INFORMED + 1, "there must be noise after the information"),
            Self::DigitRows | Self::DigitPixels | Self::PermutedDigitPixels => (0, ""),
        }
    }
}

impl Sequences {
    /// Returns the number of sequences.
    pub fn len(&self) -> usize {
        self.inputs.len() / (self.steps * self.features)
    }

    /// Tells whether there are no sequences.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Returns the number of targets of a sequence.
    pub fn targets_each(&self) -> usize {
        self.targets.len() / self.len().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 40;

    /// The loss of the best predictor that ignores its inputs.
    fn trivial(task: SequenceTask, sequences: &Sequences) -> f64 {
        let targets = &sequences.targets;
        match task.answer() {
            Answer::Value => {
                let mean =
                    targets.iter().map(|y| f64::from(*y)).sum::<f64>() / targets.len() as f64;
                targets.iter().map(|y| (f64::from(*y) - mean).powi(2)).sum::<f64>()
                    / targets.len() as f64
            }
            Answer::Class(_) | Answer::ClassEveryStep(_) => {
                // For each position, the entropy of the class frequencies over the sequences.
                let each = sequences.targets_each();
                let entropy = |position: usize| -> f64 {
                    let mut counts = [0.0f64; 16];
                    targets.iter().skip(position).step_by(each).for_each(|class| {
                        counts[*class as usize] += 1.0 / sequences.len() as f64;
                    });
                    counts.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
                };
                (0..each).map(entropy).sum::<f64>() / each as f64
            }
        }
    }

    #[test]
    fn the_trivial_predictor_has_the_documented_loss_on_what_is_generated() {
        for task in SequenceTask::ALL {
            let sequences = task.generate(LENGTH, 4_000, 1).unwrap();
            let (measured, documented) = (trivial(*task, &sequences), task.trivial_loss(LENGTH));
            assert!(
                (measured / documented - 1.0).abs() < 0.04,
                "{task:?}: {measured}, {documented}"
            );
        }
    }

    #[test]
    fn shapes_fit_and_the_seed_decides() {
        for task in SequenceTask::ALL {
            let sequences = task.generate(LENGTH, 50, 2).unwrap();
            let count = sequences.len();
            assert!((1..=50).contains(&count), "{task:?}");
            assert_eq!(sequences.inputs.len(), count * sequences.steps * sequences.features);
            let each = match task.answer() {
                Answer::ClassEveryStep(_) => sequences.steps,
                _ => 1,
            };
            assert_eq!(sequences.targets_each(), each, "{task:?}");
            assert_eq!(sequences, task.generate(LENGTH, 50, 2).unwrap());
            assert_ne!(sequences, task.generate(LENGTH, 50, 3).unwrap(), "{task:?}");
        }
    }

    #[test]
    fn what_is_too_short_or_empty_is_refused() {
        for task in SequenceTask::ALL {
            assert!(task.generate(LENGTH, 0, 0).is_err());
        }
        let error = SequenceTask::TemporalOrder.generate(5, 1, 0).unwrap_err();
        assert!(error.to_string().contains("`length = 5`"), "{error}");
    }
}
