//! Training of networks, each at the learning rate that suits it best.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use backdraft_hooks::{GradientHook, Schedule};
use backdraft_rows::{QuantityName, Row};
use backdraft_text::in_one_line;
use backdraft_trainer::{Listener, Outcome, TrainerConfig};
use backdraft_zoo::NetworkConfig;
use burn::tensor::Device;

use super::attempt::Attempt;
use super::data::Data;
use super::footprint;
use super::training::{check_batches, train};
use crate::trial::{Task, taking};

/// The learning rate that was found best.
pub const LEARNING_RATE: QuantityName = QuantityName::new("learning_rate");
/// The share of the loss that a learning rate left; its subject is `rate R`.
const REMAINING_LOSS: QuantityName = QuantityName::new("remaining_loss");

/// One side of a comparison: a network, its training and its data, all but seed and learning rate.
pub struct Arm {
    /// The network; its seed is the trial's.
    pub network: NetworkConfig,
    /// The training; its seed and learning rate are the trial's.
    pub trainer: TrainerConfig,
    /// The data of each seed.
    pub data: Data,
    /// What is observed.
    pub hook: fn() -> GradientHook,
}

/// What every arm may spend on choosing its learning rate: the same rates on the same seeds, none of
/// which is judged afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    rates: Vec<f64>,
    seeds: Range<u64>,
}

/// Distance between the seeds that are judged and those that tune, larger than any study.
const APART: u64 = 1 << 41;

impl Budget {
    /// Tries `rates` on `seeds` seeds, far beyond those that are judged from `first_judged` on.
    pub fn new(rates: Vec<f64>, seeds: u64, first_judged: u64) -> Self {
        let first = first_judged + APART;
        Self { rates, seeds: first..first + seeds }
    }
}

/// An arm whose learning rate is chosen by the first of its trials to run.
pub struct TunedArm {
    arm: Arm,
    choice: Choice,
    /// Empty until a trial has chosen. The error is a text, so that every trial can report it.
    tried: Mutex<Option<Result<Vec<Tried>, String>>>,
}

/// How the rate is chosen.
enum Choice {
    /// By the arm itself, within this budget.
    Own(Budget),
    /// By another arm, for itself.
    Of(Arc<TunedArm>),
}

/// A learning rate and the share of the loss that was left, averaged over training and seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tried {
    rate: f64,
    remaining: f64,
}

impl TunedArm {
    /// Prepares the arm without running anything.
    pub fn new(arm: Arm, budget: Budget) -> Arc<Self> {
        Arc::new(Self { arm, choice: Choice::Own(budget), tried: Mutex::default() })
    }

    /// Prepares an arm that uses another arm's best rate.
    pub fn at_rate_of(other: &Arc<Self>, arm: Arm) -> Arc<Self> {
        Arc::new(Self { arm, choice: Choice::Of(Arc::clone(other)), tried: Mutex::default() })
    }

    /// Returns the task of training with `seed` at the arm's best learning rate. The rate is recorded
    /// as the network's `learning_rate`, and the loss that each rate left as the `remaining_loss` of
    /// `rate R`.
    pub fn task(self: &Arc<Self>, seed: u64) -> Box<Task> {
        let tuned = Arc::clone(self);
        let Arm { network, trainer, data, .. } = &self.arm;
        let check = check_batches(network, trainer, data.extent.trained);
        taking(
            footprint::of_training(network, trainer, data),
            check,
            move |device: &Device, listener: &mut dyn Listener| {
                let Some(tried) = tuned.tried(device, listener) else {
                    return Ok(Outcome::Interrupted { step: 0 });
                };
                let tried = tried.map_err(|reason| anyhow!("tuning failed: {reason}"))?;
                let rate =
                    best(&tried).ok_or_else(|| anyhow!("there is no learning rate to try"))?;
                let of_rate = |t: &Tried| {
                    Row::new(0, REMAINING_LOSS, format!("rate {}", t.rate), t.remaining)
                };
                let mut rows: Vec<Row> = tried.iter().map(of_rate).collect();
                rows.push(Row::of_network(0, LEARNING_RATE, rate));
                listener.record(&rows)?;
                tuned.arm.train(seed, rate, (tuned.arm.hook)(), device, listener)
            },
        )
    }

    /// Returns the loss that every rate left. The first caller tries the rates; `None` if it was
    /// interrupted, in which case the next caller tries.
    fn tried(
        &self,
        device: &Device,
        listener: &mut dyn Listener,
    ) -> Option<Result<Vec<Tried>, String>> {
        let budget = match &self.choice {
            Choice::Of(other) => return other.tried(device, listener),
            Choice::Own(budget) => budget,
        };
        // A trial that panicked while trying has chosen nothing.
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.is_none() {
            let rates = self.try_rates(budget, device, listener);
            *tried = rates.map_err(|error| in_one_line(&error)).transpose();
        }
        tried.clone()
    }

    fn try_rates(
        &self,
        budget: &Budget,
        device: &Device,
        listener: &mut dyn Listener,
    ) -> anyhow::Result<Option<Vec<Tried>>> {
        if let [rate] = budget.rates[..] {
            // Nothing to choose from.
            return Ok(Some(vec![Tried { rate, remaining: 1.0 }]));
        }
        let looks = self.arm.trainer.steps.div_ceil(self.arm.trainer.loss_every);
        let seeds = budget.seeds.end - budget.seeds.start;
        let mut tried = Vec::new();
        for rate in &budget.rates {
            let mut sum = 0.0;
            for seed in budget.seeds.clone() {
                let mut attempt = Attempt::for_trial(listener);
                let hook = GradientHook::new(&[], Schedule::Never);
                let outcome = self.arm.train(seed, *rate, hook, device, &mut attempt)?;
                if matches!(outcome, Outcome::Interrupted { .. }) {
                    return Ok(None);
                }
                sum += remaining(&attempt.rows, looks, &outcome);
            }
            tried.push(Tried { rate: *rate, remaining: sum / seeds.max(1) as f64 });
        }
        Ok(Some(tried))
    }
}

impl Arm {
    fn train(
        &self,
        seed: u64,
        learning_rate: f64,
        hook: GradientHook,
        device: &Device,
        listener: &mut dyn Listener,
    ) -> anyhow::Result<Outcome> {
        let trainer = TrainerConfig { seed, learning_rate, ..self.trainer.clone() };
        let data = self.data.of(seed)?;
        let (_, outcome) = train(&self.network, &trainer, &data, hook, device, listener)?;
        Ok(outcome)
    }
}

/// The rate that left the least loss; of equal ones, the first tried.
fn best(tried: &[Tried]) -> Option<f64> {
    tried.iter().min_by(|a, b| a.remaining.total_cmp(&b.remaining)).map(|best| best.rate)
}

/// Returns the share of the first training loss that was left, averaged over `looks` looks.
///
/// A training that ended early because it solved the task leaves nothing from there on; one that
/// diverged leaves everything. A loss above the first counts as the first.
fn remaining(rows: &[Row], looks: u64, outcome: &Outcome) -> f64 {
    let losses =
        || rows.iter().filter(|row| row.quantity == QuantityName::LOSS).map(|row| row.value);
    let first = losses().next().unwrap_or(f64::NAN);
    let share = |loss: f64| if loss < first { loss / first } else { 1.0 };
    let seen: f64 = losses().map(share).sum();
    let missing = looks.saturating_sub(losses().count() as u64) as f64;
    let lost = if matches!(outcome, Outcome::Finished) { 0.0 } else { missing };
    (seen + lost) / looks.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::Subject;

    fn losses(values: &[f64]) -> Vec<Row> {
        let row =
            |(step, value): (usize, &f64)| Row::of_network(step as u64, QuantityName::LOSS, *value);
        values.iter().enumerate().map(row).collect()
    }

    #[test]
    fn what_is_solved_early_leaves_less_and_what_diverges_leaves_all() {
        let diverged = Outcome::Diverged { step: 2, subject: Subject::NETWORK };
        let left = |values: &[f64], outcome| remaining(&losses(values), 4, outcome);
        assert_eq!(left(&[2.0, 1.0, 1.0, 1.0], &Outcome::Finished), 0.625);
        assert_eq!(left(&[2.0, 1.0], &Outcome::Finished), 0.375, "solved at the second look");
        assert_eq!(left(&[2.0, 9.0, f64::NAN], &diverged), 1.0);
        assert_eq!(left(&[], &diverged), 1.0);
    }

    #[test]
    fn the_rate_that_leaves_least_is_chosen() {
        let tried = |rate, remaining| Tried { rate, remaining };
        let rates = [tried(0.1, 1.0), tried(0.01, 0.25), tried(0.001, 0.25)];
        assert_eq!(best(&rates), Some(0.01));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn the_seeds_that_tune_are_not_judged() {
        let budget = Budget::new(vec![0.1], 2, 1_000);
        assert!(budget.seeds.start > 1_000_000_000 && budget.seeds.end - budget.seeds.start == 2);
    }
}
