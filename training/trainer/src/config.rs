//! Configuration of a training run.

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use serde::{Deserialize, Serialize};

use crate::clipping::Clipping;
use crate::optimizer::OptimizerConfig;
use crate::schedule::RateSchedule;

/// Describes a training run, apart from model and data.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `seed` | 0 | order of the batches (models take their weights from the same number) | any |
/// | `steps` | 1,000 | optimiser steps | ≥ 1 |
/// | `batch_size` | 32 | examples per step | ≥ 1 |
/// | `optimizer` | Adam as in Keras | see [`OptimizerConfig`] | |
/// | `learning_rate` | 0.001 | initial rate | > 0 |
/// | `rate_schedule` | `constant` | see [`RateSchedule`] | |
/// | `clipping` | none | see [`Clipping`] | bound > 0 |
/// | `evaluate_every` | 100 | steps between evaluations; 0 for the last one only | |
/// | `stop_below` | none | an evaluation with a lower test loss ends training | |
/// | `loss_every` | 10 | steps between read-backs of the training loss | ≥ 1 |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainerConfig {
    /// Decides the order of the batches.
    pub seed: u64,
    /// Number of optimiser steps.
    pub steps: u64,
    /// Examples per step.
    pub batch_size: usize,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// Initial learning rate.
    pub learning_rate: f64,
    /// How the learning rate changes.
    pub rate_schedule: RateSchedule,
    /// Gradient clipping, if any.
    pub clipping: Option<Clipping>,
    /// Steps between evaluations on the test examples.
    pub evaluate_every: u64,
    /// Training ends early at an evaluation whose mean test loss is below this.
    pub stop_below: Option<f64>,
    /// Steps between read-backs of the training loss; each makes the host wait for the device.
    pub loss_every: u64,
}

impl Default for TrainerConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            steps: 1_000,
            batch_size: 32,
            optimizer: OptimizerConfig::ADAM,
            learning_rate: 1e-3,
            rate_schedule: RateSchedule::Constant,
            clipping: None,
            evaluate_every: 100,
            stop_below: None,
            loss_every: 10,
        }
    }
}

/// A field of a [`TrainerConfig`] that is out of range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{field} = {value}` is not possible: {requirement}")]
pub struct ConfigError {
    /// Name of the field.
    pub field: &'static str,
    /// Its value, as written in a configuration.
    pub value: String,
    /// What the field requires.
    pub requirement: String,
}

impl TrainerConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let error = |field, value: String, requirement: &str| {
            Err(ConfigError { field, value, requirement: requirement.to_owned() })
        };
        if self.steps == 0 {
            return error("steps", "0".into(), "there must be at least one step");
        }
        if self.batch_size == 0 {
            return error("batch_size", "0".into(), "there must be at least one example a step");
        }
        if self.loss_every == 0 {
            return error("loss_every", "0".into(), "it must be at least 1");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let value = self.learning_rate.to_string();
            return error("learning_rate", value, "a learning rate is positive");
        }
        if let Some(bound) =
            self.clipping.map(Clipping::bound).filter(|bound| bound.is_nan() || *bound <= 0.0)
        {
            return error("clipping", bound.to_string(), "the bound must be positive");
        }
        if let Some((parameter, value, requirement)) = self.optimizer.invalid_parameter() {
            return error(parameter, value.to_string(), requirement);
        }
        self.rates().map(drop)
    }

    /// Creates the scheduler of the learning rate.
    pub(crate) fn rates(&self) -> Result<ModuleLrScheduler, ConfigError> {
        let Self { rate_schedule, learning_rate, steps, .. } = self;
        rate_schedule.init(*learning_rate, *steps).map_err(|requirement| ConfigError {
            field: "rate_schedule",
            value: format!("{rate_schedule:?}"),
            requirement,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_each_bad_field_is_named() {
        assert_eq!(TrainerConfig::default().validate(), Ok(()));
        let bad = |change: fn(&mut TrainerConfig)| {
            let mut config = TrainerConfig::default();
            change(&mut config);
            config.validate().unwrap_err().field
        };
        assert_eq!(bad(|c| c.steps = 0), "steps");
        assert_eq!(bad(|c| c.batch_size = 0), "batch_size");
        assert_eq!(bad(|c| c.learning_rate = -0.1), "learning_rate");
        assert_eq!(bad(|c| c.learning_rate = f64::NAN), "learning_rate");
        assert_eq!(bad(|c| c.clipping = Some(Clipping::GlobalNorm(0.0))), "clipping");
        assert_eq!(
            bad(|c| c.rate_schedule = RateSchedule::Step { every: 0, factor: 0.5 }),
            "rate_schedule"
        );
        let adam = OptimizerConfig::Adam { beta_1: 1.5, beta_2: 0.9, epsilon: 1e-7 };
        let config = TrainerConfig { optimizer: adam, ..Default::default() };
        assert_eq!(config.validate().unwrap_err().field, "beta_1");
    }
}
