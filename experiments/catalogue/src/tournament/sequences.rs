//! Tasks over time, at several lengths.

use anyhow::Context;
use backdraft_datasets::SequenceTask;
use backdraft_lab::measure::{Data, sequence_shape};
use backdraft_lab::settings::{SettingsError, in_range, positive};
use backdraft_record::Results;
use backdraft_recurrent::RecurrentConfig;
use backdraft_trainer::{Clipping, OptimizerConfig, TrainerConfig};
use backdraft_zoo::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::{Contest, Goal, Lesson, Task, Tournament, TournamentArm};

/// Settings of a tournament in which networks learn over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sequences {
    /// Lengths of the sequences.
    pub(crate) lengths: Vec<usize>,
    /// Units of the recurrent layer.
    pub(crate) hidden: usize,
    /// Sequences to train on: one epoch.
    pub(crate) sequences: usize,
    /// Bound on the gradient's global norm.
    pub(crate) clip_norm: f64,
}

/// A task and what counts as solving it. Training ends at the first evaluation that finds it solved.
#[derive(Clone, Copy)]
pub(crate) struct Problem {
    pub(crate) task: SequenceTask,
    /// Test loss that counts as solved, as a share of the loss of a model without memory.
    pub(crate) solved: f64,
}

/// Sequences of a test split.
const TESTED: usize = 200;

impl Problem {
    /// Returns the test loss that counts as solved.
    fn bound(self, length: usize) -> f64 {
        self.solved * self.task.trivial_loss(length)
    }
}

impl Sequences {
    /// Returns what most experiments have in common: a small net.
    pub(crate) fn of(lengths: Vec<usize>) -> Self {
        Self { lengths, hidden: 32, sequences: 20_000, clip_norm: 1.0 }
    }
}

impl Task for Sequences {
    const SIZE: &'static str = "length";

    type Form = Problem;

    fn sizes(&self) -> &[usize] {
        &self.lengths
    }

    fn validate(&self) -> Result<(), SettingsError> {
        self.lengths.iter().try_for_each(|length| in_range("lengths", *length, 10..=10_000))?;
        in_range("hidden", self.hidden, 1..=8_192)?;
        in_range("sequences", self.sequences, 1..=10_000_000)?;
        positive("clip_norm", self.clip_norm)
    }

    fn lessons(&self) -> anyhow::Result<impl Fn(Problem, usize) -> anyhow::Result<Lesson>> {
        let counts = [self.sequences, TESTED];
        Ok(move |problem: Problem, length| {
            let task = problem.task;
            Ok(Lesson {
                shape: sequence_shape(task, length).context("cannot generate the sequences")?,
                data: Data::sequences(task, length, counts)?,
                stop_below: Some(problem.bound(length)),
            })
        })
    }
}

impl Tournament<Sequences> {
    /// Returns what most experiments have in common: eight seeds, two learning rates. Rates are tried
    /// on three seeds, because the luck of a single one would decide for all.
    pub(crate) fn of(task: Sequences, steps: u64) -> Self {
        Self {
            seeds: 8,
            first_seed: 0,
            steps,
            batch_size: 20,
            rates: vec![3e-3, 1e-2],
            tuning_seeds: 3,
            evaluate_every: (steps / 30).max(1),
            task,
        }
    }

    /// Returns an arm that trains as most do: with Adam, clipped by global norm.
    pub(crate) fn arm(
        &self,
        problem: Problem,
        name: &str,
        network: RecurrentConfig,
    ) -> TournamentArm<Sequences> {
        let Sequences { hidden, clip_norm, .. } = self.task;
        let network = NetworkConfig::Recurrent(RecurrentConfig { hidden, ..network });
        let network = move |_| network.clone();
        let arm = self.arm_of(name.to_owned(), OptimizerConfig::ADAM, problem, network);
        let clipping = Some(Clipping::GlobalNorm(clip_norm));
        TournamentArm { trainer: TrainerConfig { clipping, ..arm.trainer }, ..arm }
    }

    /// Returns the outcome of the arms.
    pub(crate) fn contest<'a>(&'a self, problem: Problem, results: &'a Results) -> Contest<'a> {
        self.contest_for(move |length| Goal::LossBelow(problem.bound(length)), results)
    }
}
