//! Settings and trials of experiments in which networks compete at learning a task over time.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Context;
use backdraft_datasets::{Answer, SequenceTask};
use backdraft_hooks::{GradientHook, GradientNorm, Schedule};
use backdraft_recurrent::{Readout, RecurrentConfig};
use backdraft_trainer::{Clipping, OptimizerConfig, TrainerConfig};
use backdraft_zoo::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::contest::{Contest, Goal};
use crate::measure::{Arm, Budget, Supervised, TunedArm};
use crate::results::Results;
use crate::settings::{Settings, SettingsError, in_range, positive};
use crate::trial::{Factors, Trial};

/// Settings of an experiment in which networks compete at learning a task over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearningSettings {
    /// Number of seeds that are judged.
    pub(crate) seeds: u64,
    /// The first seed; the others follow it.
    pub(crate) first_seed: u64,
    /// Lengths of the sequences.
    pub(crate) lengths: Vec<usize>,
    /// Units of the recurrent layer.
    pub(crate) hidden: usize,
    /// Optimiser steps per training, at most.
    pub(crate) steps: u64,
    /// Sequences to train on: one epoch.
    pub(crate) sequences: usize,
    /// Sequences per step.
    pub(crate) batch_size: usize,
    /// Learning rates; each arm is trained at its best one.
    pub(crate) rates: Vec<f64>,
    /// Seeds on which every rate is tried; none of them is judged.
    pub(crate) tuning_seeds: u64,
    /// Bound on the gradient's global norm.
    pub(crate) clip_norm: f64,
    /// Steps between two evaluations. Training ends at the first one that finds the task solved.
    pub(crate) evaluate_every: u64,
}

/// A task and what counts as solving it.
#[derive(Clone, Copy)]
pub(crate) struct Problem {
    pub(crate) task: SequenceTask,
    /// Test loss that counts as solved, as a share of the loss of a model without memory.
    pub(crate) solved: f64,
}

/// A network and its training, all but seed and learning rate. Inputs, outputs and length are the
/// task's.
#[derive(Clone)]
pub(crate) struct LearningArm {
    pub(crate) name: &'static str,
    pub(crate) network: RecurrentConfig,
    pub(crate) trainer: TrainerConfig,
    /// An arm listed before this one, whose learning rate it takes instead of its own best.
    pub(crate) rate_of: Option<&'static str>,
}

/// Sequences of a test split.
const TESTED: usize = 200;

impl Settings for LearningSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 8)?;
        in_range("lengths", self.lengths.len(), 1..=100)?;
        for length in &self.lengths {
            in_range("lengths", *length, 10..=10_000)?;
        }
        in_range("hidden", self.hidden, 1..=8_192)?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("sequences", self.sequences, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("rates", self.rates.len(), 1..=100)?;
        self.rates.iter().try_for_each(|rate| positive("rates", *rate))?;
        in_range("tuning_seeds", self.tuning_seeds, 1..=1_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        positive("clip_norm", self.clip_norm)
    }
}

impl LearningSettings {
    /// Returns what most experiments have in common: eight seeds, two learning rates, a small net.
    /// Rates are tried on three seeds, because the luck of a single one would decide for all.
    pub(crate) fn of(lengths: Vec<usize>, steps: u64) -> Self {
        Self {
            seeds: 8,
            first_seed: 0,
            lengths,
            hidden: 32,
            steps,
            sequences: 20_000,
            batch_size: 20,
            rates: vec![3e-3, 1e-2],
            tuning_seeds: 3,
            clip_norm: 1.0,
            evaluate_every: (steps / 30).max(1),
        }
    }

    /// Returns the seeds that are judged.
    pub(crate) fn seeds(&self) -> Range<u64> {
        self.first_seed..self.first_seed + self.seeds
    }

    /// The shortest and the longest length.
    pub(crate) fn extremes(&self) -> (usize, usize) {
        let lengths = || self.lengths.iter().copied();
        (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0))
    }

    /// Returns an arm that trains as most do: with Adam, clipped by global norm.
    pub(crate) fn arm(&self, name: &'static str, network: RecurrentConfig) -> LearningArm {
        let trainer = TrainerConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            optimizer: OptimizerConfig::ADAM,
            clipping: Some(Clipping::GlobalNorm(self.clip_norm)),
            evaluate_every: self.evaluate_every,
            ..Default::default()
        };
        let network = RecurrentConfig { hidden: self.hidden, ..network };
        LearningArm { name, network, trainer, rate_of: None }
    }

    /// Trains every arm on the problem at every length with every seed.
    pub(crate) fn trials(
        &self,
        problem: Problem,
        arms: &[LearningArm],
    ) -> anyhow::Result<Vec<Trial>> {
        let budget = Budget::new(self.rates.clone(), self.tuning_seeds, self.first_seed);
        let mut tuned = Vec::new();
        for &length in &self.lengths {
            let first = tuned.len();
            for arm in arms {
                let factors =
                    Factors::new([("arm", arm.name.to_owned()), ("length", length.to_string())]);
                let same = |(factors, ..): &&(Factors, usize, Arc<TunedArm>)| {
                    arm.rate_of.is_some() && factors.level("arm") == arm.rate_of
                };
                let fitted = self.fitted(problem, arm, length)?;
                let tuned_arm = match tuned[first..].iter().find(same) {
                    Some((.., other)) => TunedArm::at_rate_of(other, fitted),
                    None => TunedArm::new(fitted, budget.clone()),
                };
                tuned.push((factors, length, tuned_arm));
            }
        }
        // Arms vary fastest, and all of a length have the same cost: workers that start together
        // should tune different arms instead of waiting for each other.
        let trial = |seed: u64, (factors, length, arm): &(Factors, usize, Arc<TunedArm>)| Trial {
            factors: factors.clone(),
            seed,
            cost: *length as u64,
            task: arm.task(seed),
        };
        Ok(self.seeds().flat_map(|seed| tuned.iter().map(move |arm| trial(seed, arm))).collect())
    }

    /// Gives the arm the task's shape, data and stopping point.
    pub(crate) fn fitted(
        &self,
        problem: Problem,
        arm: &LearningArm,
        length: usize,
    ) -> anyhow::Result<Arm> {
        let task = problem.task;
        let one = task.generate(length, 1, 0).context("cannot generate the sequences")?;
        let (outputs, readout) = match task.answer() {
            Answer::Value => (1, Readout::Last),
            Answer::Class(classes) => (classes, Readout::Last),
            Answer::ClassEveryStep(classes) => (classes, Readout::Every),
        };
        let network = RecurrentConfig {
            inputs: one.features,
            outputs,
            readout,
            length: one.steps,
            ..arm.network.clone()
        };
        let stop_below = Some(problem.bound(length));
        let trainer = TrainerConfig { stop_below, ..arm.trainer.clone() };
        let counts = [self.sequences, TESTED];
        let data = move |seed| Ok(Arc::new(Supervised::of_sequences(task, length, counts, seed)?));
        let network = NetworkConfig::Recurrent(network);
        Ok(Arm { network, trainer, data: Arc::new(data), hook })
    }

    /// Returns the outcome of the arms.
    pub(crate) fn contest<'a>(&'a self, problem: Problem, results: &'a Results) -> Contest<'a> {
        Contest {
            results,
            steps: self.steps,
            evaluate_every: self.evaluate_every,
            size: "length",
            sizes: &self.lengths,
            goal: Box::new(move |length| Goal::LossBelow(problem.bound(length))),
        }
    }
}

impl Problem {
    /// Returns the test loss that counts as solved.
    fn bound(self, length: usize) -> f64 {
        self.solved * self.task.trivial_loss(length)
    }
}

/// Observes the gradients at log-spaced steps.
pub(super) fn hook() -> GradientHook {
    GradientHook::new(&[&GradientNorm], Schedule::LogSpaced { per_decade: 3 })
}
