//! Outcomes of arms that competed at learning: which reached the goal, when, at which rate.

use backdraft_lab::measure::LEARNING_RATE;
use backdraft_record::{Ending, Picture, Point, Results, TrialResult};
use backdraft_rows::QuantityName;
use backdraft_verdicts::judgement::{Sample, Successes, Times};
use backdraft_verdicts::statistics::{KaplanMeier, Time};

/// What counts as having learnt the task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// The test loss falls below this.
    LossBelow(f64),
    /// The test accuracy reaches this.
    Accuracy(f64),
}

/// The trials of arms at several sizes: lengths of a task, depths of a network.
pub(crate) struct Contest<'a> {
    pub(crate) results: &'a Results,
    /// Optimiser steps per training, at most.
    pub(crate) steps: u64,
    /// Steps between two evaluations.
    pub(crate) evaluate_every: u64,
    /// The factor whose levels are the sizes.
    pub(crate) size: &'static str,
    /// Its levels.
    pub(crate) sizes: &'a [usize],
    /// The goal at each size.
    pub(crate) goal: Box<dyn Fn(usize) -> Goal + 'a>,
}

impl Goal {
    fn time(self, trial: &TrialResult, steps: u64) -> Time {
        match self {
            Self::LossBelow(bound) => {
                trial.time_until(&QuantityName::TEST_LOSS, steps, |loss| loss < bound)
            }
            Self::Accuracy(goal) => {
                trial.time_until(&QuantityName::TEST_ACCURACY, steps, |share| share >= goal)
            }
        }
    }
}

impl<'a> Contest<'a> {
    /// Returns the trials of an arm at a size, by seed.
    pub(crate) fn trials(&self, arm: &str, size: usize) -> Vec<&'a TrialResult> {
        self.results.with(&[("arm", arm), (self.size, &size.to_string())])
    }

    fn times(&self, arm: &str, size: usize) -> Vec<Time> {
        let goal = (self.goal)(size);
        self.trials(arm, size).into_iter().map(|trial| goal.time(trial, self.steps)).collect()
    }

    /// Returns the steps that an arm's seeds took to the goal.
    pub(crate) fn steps(&self, arm: &str, size: usize) -> Times {
        Times::new("steps to the goal", self.times(arm, size))
    }

    /// Returns which of an arm's seeds reached the goal.
    pub(crate) fn successes(&self, arm: &str, size: usize) -> Successes {
        let solved = self.times(arm, size).into_iter().map(Time::is_solved);
        Successes::new(&format!("share of seeds, {} {size}", self.size), solved)
            .because(self.rate(arm, size))
    }

    /// Returns the final test loss as a share of the `trivial` one; a net that diverged gets 1.
    pub(crate) fn remaining(&self, arm: &str, size: usize, trivial: f64) -> Sample {
        let share = |trial: &&TrialResult| {
            let loss = trial.last(&QuantityName::TEST_LOSS).filter(|loss| loss.is_finite());
            loss.map_or(1.0, |loss| loss / trivial)
        };
        let shares = self.trials(arm, size).iter().map(share).collect();
        Sample::new("test loss over the trivial", shares).because(self.rate(arm, size))
    }

    /// Returns the final test accuracy of every seed; a net that diverged gets 0.
    pub(crate) fn accuracies(&self, arm: &str, size: usize) -> Vec<f64> {
        let at_end = |trial: &TrialResult| match trial.ending {
            Ending::Finished => trial.last(&QuantityName::TEST_ACCURACY).unwrap_or(0.0),
            _ => 0.0,
        };
        self.trials(arm, size).into_iter().map(at_end).collect()
    }

    /// States the learning rate that the arm was given.
    fn rate(&self, arm: &str, size: usize) -> String {
        let trials = self.trials(arm, size);
        let rate = trials.first().and_then(|trial| trial.last(&LEARNING_RATE));
        rate.map_or(String::new(), |rate| format!("learning rate {rate}"))
    }

    /// Plots the share of seeds that reached the goal against size.
    pub(crate) fn success_by_size(&self, arms: &[&str]) -> Picture {
        let title = "Seeds that learn the task";
        let picture =
            Picture::new("success", title, self.size, "share of seeds, with exact 95 % interval");
        arms.iter().fold(picture, |picture, arm| {
            let point = |size: &usize| {
                let share = self.successes(arm, *size).proportion()?;
                let interval = Some(share.interval(0.95));
                Some(Point { x: *size as f64, y: share.share(), interval })
            };
            picture.measured(*arm, self.sizes.iter().filter_map(point))
        })
    }

    /// Plots the share of seeds that have reached the goal against optimiser steps, at one size.
    pub(crate) fn success_by_step(&self, arms: &[&str], size: usize) -> Picture {
        let title = format!("Seeds that have learnt the task, {} {size}", self.size);
        let picture = Picture::new("steps", title, "optimiser step", "share of seeds");
        arms.iter().fold(picture, |picture, arm| {
            let curve = KaplanMeier::of(&self.times(arm, size));
            let steps = (0..=self.steps).step_by(self.evaluate_every.max(1) as usize);
            let point = |step: u64| {
                let y = 1.0 - curve.as_ref()?.unsolved(step as f64);
                Some(Point { x: step as f64, y, interval: None })
            };
            picture.measured(*arm, steps.filter_map(point))
        })
    }
}
