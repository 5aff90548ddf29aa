//! Tournaments: arms learn the same task at several sizes, each at its best learning rate.

mod contest;
mod images;
mod sequences;

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use backdraft_hooks::{GradientHook, GradientNorm, Schedule};
use backdraft_lab::Trial;
use backdraft_lab::measure::{Arm, Budget, Data, TunedArm};
use backdraft_lab::settings::{Settings, SettingsError, in_range, positive};
use backdraft_layers::TaskShape;
use backdraft_record::{Factors, Results};
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_zoo::NetworkConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use contest::Contest;
use contest::Goal;
pub(crate) use images::{Images, Reading};
pub(crate) use sequences::{Problem, Sequences};

/// Settings of a tournament: those of any task, and beside them those of its own. Unknown keys are
/// refused where settings are overlaid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tournament<T> {
    /// Number of seeds that are judged.
    pub(crate) seeds: u64,
    /// The first seed; the others follow it.
    pub(crate) first_seed: u64,
    /// Optimiser steps per training, at most.
    pub(crate) steps: u64,
    /// Examples per step.
    pub(crate) batch_size: usize,
    /// Learning rates; each arm is trained at its best one.
    pub(crate) rates: Vec<f64>,
    /// Seeds on which every rate is tried; none of them is judged.
    pub(crate) tuning_seeds: u64,
    /// Steps between two evaluations.
    pub(crate) evaluate_every: u64,
    /// What is learnt.
    #[serde(flatten)]
    pub(crate) task: T,
}

/// What the arms of a tournament learn, and the settings that only this kind of task has.
pub(crate) trait Task: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The factor whose levels are the sizes of the task.
    const SIZE: &'static str;

    /// The form in which an arm meets the task.
    type Form: Copy;

    /// Returns the sizes at which every arm is trained.
    fn sizes(&self) -> &[usize];

    /// Checks the task's own settings.
    fn validate(&self) -> Result<(), SettingsError>;

    /// Loads what all arms share, and returns a function from form and size to the lesson.
    fn lessons(&self) -> anyhow::Result<impl Fn(Self::Form, usize) -> anyhow::Result<Lesson>>;
}

/// The task at one size, in one form.
pub(crate) struct Lesson {
    /// Shape that networks are fitted to.
    pub(crate) shape: TaskShape,
    pub(crate) data: Data,
    /// Test loss at which training ends.
    pub(crate) stop_below: Option<f64>,
}

/// A network and its training, all but size, seed and learning rate.
pub(crate) struct TournamentArm<T: Task> {
    pub(crate) name: String,
    /// Returns the network for a size. Its inputs and outputs become those of the task.
    pub(crate) network: Box<dyn Fn(usize) -> NetworkConfig>,
    pub(crate) trainer: TrainerConfig,
    pub(crate) rates: Rates,
    pub(crate) form: T::Form,
    pub(crate) hook: fn() -> GradientHook,
}

/// Where an arm's learning rate comes from.
#[derive(Clone)]
pub(crate) enum Rates {
    /// The best of these.
    BestOf(Vec<f64>),
    /// The best one of an arm that is listed before.
    SameAs(&'static str),
}

impl<T: Task> Settings for Tournament<T> {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 8)?;
        in_range(&format!("{}s", T::SIZE), self.task.sizes().len(), 1..=100)?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("rates", self.rates.len(), 1..=100)?;
        self.rates.iter().try_for_each(|rate| positive("rates", *rate))?;
        in_range("tuning_seeds", self.tuning_seeds, 1..=1_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        self.task.validate()
    }
}

impl<T: Task> Tournament<T> {
    /// Returns the seeds that are judged.
    pub(crate) fn seeds(&self) -> Range<u64> {
        self.first_seed..self.first_seed + self.seeds
    }

    /// Returns the smallest and the greatest size.
    pub(crate) fn extremes(&self) -> (usize, usize) {
        let sizes = || self.task.sizes().iter().copied();
        (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0))
    }

    fn arm_of(
        &self,
        name: String,
        optimizer: OptimizerConfig,
        form: T::Form,
        network: impl Fn(usize) -> NetworkConfig + 'static,
    ) -> TournamentArm<T> {
        let trainer = TrainerConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            optimizer,
            evaluate_every: self.evaluate_every,
            ..Default::default()
        };
        let rates = Rates::BestOf(self.rates.clone());
        TournamentArm { name, network: Box::new(network), trainer, rates, form, hook }
    }

    /// Trains every arm at every size with every seed.
    ///
    /// # Errors
    ///
    /// If the data cannot be loaded, or an arm cannot take them.
    pub(crate) fn trials(&self, arms: &[TournamentArm<T>]) -> anyhow::Result<Vec<Trial>> {
        let lessons = self.task.lessons()?;
        let mut tuned: Vec<(Factors, usize, Arc<TunedArm>)> = Vec::new();
        for &size in self.task.sizes() {
            for arm in arms {
                let full = arm.at(size, lessons(arm.form, size)?)?;
                let at_best = match arm.rates.clone() {
                    Rates::BestOf(rates) => {
                        TunedArm::new(full, Budget::new(rates, self.tuning_seeds, self.first_seed))
                    }
                    Rates::SameAs(other) => {
                        let is_other = |(factors, of, _): &&(Factors, usize, _)| {
                            *of == size && factors.level("arm") == Some(other)
                        };
                        let (.., other) = tuned.iter().find(is_other).with_context(|| {
                            format!("{} needs the rate of {other}, listed before it", arm.name)
                        })?;
                        TunedArm::at_rate_of(other, full)
                    }
                };
                let levels = [("arm", arm.name.clone()), (T::SIZE, size.to_string())];
                tuned.push((Factors::new(levels), size, at_best));
            }
        }
        // Arms vary fastest, and all of a size have the same cost: workers that start together
        // should tune different arms instead of waiting for each other.
        let trial = |seed: u64, (factors, size, arm): &(Factors, usize, Arc<TunedArm>)| Trial {
            factors: factors.clone(),
            seed,
            cost: *size as u64,
            task: arm.task(seed),
        };
        Ok(self.seeds().flat_map(|seed| tuned.iter().map(move |arm| trial(seed, arm))).collect())
    }

    fn contest_for<'a>(
        &'a self,
        goal: impl Fn(usize) -> Goal + 'a,
        results: &'a Results,
    ) -> Contest<'a> {
        Contest {
            results,
            steps: self.steps,
            evaluate_every: self.evaluate_every,
            size: T::SIZE,
            sizes: self.task.sizes(),
            goal: Box::new(goal),
        }
    }
}

impl<T: Task> TournamentArm<T> {
    /// Fits the arm to a lesson.
    pub(crate) fn at(&self, size: usize, lesson: Lesson) -> anyhow::Result<Arm> {
        let Lesson { shape, data, stop_below } = lesson;
        let network = (self.network)(size).fitted(&shape);
        let network = network.ok_or_else(|| {
            anyhow!("{} cannot take examples of shape {:?}", self.name, shape.example_shape)
        })?;
        let trainer = TrainerConfig { stop_below, ..self.trainer.clone() };
        Ok(Arm { network, trainer, data, hook: self.hook })
    }
}

/// Observes the gradients at log-spaced steps.
fn hook() -> GradientHook {
    GradientHook::new(&[&GradientNorm], Schedule::LogSpaced { per_decade: 3 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_datasets::SequenceTask;
    use backdraft_lab::settings::{Overlay, resolve, to_table};
    use backdraft_recurrent::RecurrentConfig;

    fn settings() -> Tournament<Sequences> {
        Tournament::of(Sequences::of(vec![10]), 30)
    }

    #[test]
    fn settings_of_any_task_are_one_flat_table_that_refuses_other_keys() {
        let set = |argument| resolve(&settings(), &[Overlay::parse(argument).unwrap()]);
        assert!(to_table(&settings()).unwrap().values().all(|value| !value.is_table()));
        assert_eq!(set("hidden=5").unwrap().task.hidden, 5);
        let error = set("task.hidden=5").unwrap_err().to_string();
        assert!(error.contains("there is no setting `task`"), "{error}");
        let error = set("lengths=[]").unwrap_err().to_string();
        assert!(error.contains("`lengths = 0` is not possible"), "{error}");
    }

    #[test]
    fn a_rate_is_shared_only_with_an_arm_that_is_listed_before() {
        let problem = Problem { task: SequenceTask::Adding, solved: 0.1 };
        let arm = |name| settings().arm(problem, name, RecurrentConfig::default());
        let follower = || TournamentArm { rates: Rates::SameAs("leader"), ..arm("follower") };
        assert!(settings().trials(&[arm("leader"), follower()]).is_ok());
        let error = settings().trials(&[follower(), arm("leader")]).err().unwrap().to_string();
        assert_eq!(error, "follower needs the rate of leader, listed before it");
    }
}
