//! How the learning rate changes over training.

use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::exponential::ExponentialLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLrScheduler, ModuleLrSchedulerConfig};
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use serde::{Deserialize, Serialize};

/// The learning rate over training, relative to its initial value; implemented by Burn's schedulers.
///
/// Burn's linear and cosine schedules accept initial rates up to 1 only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RateSchedule {
    /// Constant.
    #[default]
    Constant,
    /// Decreases linearly to `final_share` of the initial rate at the last step.
    Linear {
        /// Final rate over initial rate, in (0, 1].
        final_share: f64,
    },
    /// Decreases along half a cosine to zero at the last step (Loshchilov & Hutter 2017).
    Cosine,
    /// Multiplied by `factor` at every step.
    Exponential {
        /// In (0, 1].
        factor: f64,
    },
    /// Multiplied by `factor` every `every` steps.
    Step {
        /// Steps between drops.
        every: usize,
        /// In (0, 1].
        factor: f64,
    },
}

impl RateSchedule {
    /// Creates Burn's scheduler for a training of `steps` steps that starts at `rate`.
    ///
    /// # Errors
    ///
    /// Burn's reason for rejecting the parameters.
    pub(crate) fn init(self, rate: f64, steps: u64) -> Result<ModuleLrScheduler, String> {
        let steps = usize::try_from(steps).unwrap_or(usize::MAX).max(1);
        let config: LrSchedulerConfig = match self {
            Self::Constant => LrSchedulerConfig::Constant(rate),
            Self::Linear { final_share } => {
                LinearLrSchedulerConfig::new(rate, rate * final_share, steps).into()
            }
            Self::Cosine => CosineAnnealingLrSchedulerConfig::new(rate, steps).into(),
            Self::Exponential { factor } => ExponentialLrSchedulerConfig::new(rate, factor).into(),
            Self::Step { every, factor } => {
                StepLrSchedulerConfig::new(rate, every).with_gamma(factor).into()
            }
        };
        ModuleLrSchedulerConfig::new(config).init()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: RateSchedule, steps: u64) -> Vec<f64> {
        let mut scheduler = schedule.init(0.8, steps).unwrap();
        (0..steps).map(|_| scheduler.step().base()).collect()
    }

    #[test]
    fn schedules_start_at_the_rate_and_fall_as_documented() {
        assert_eq!(rates(RateSchedule::Constant, 3), [0.8; 3]);
        assert_eq!(rates(RateSchedule::Step { every: 2, factor: 0.5 }, 4), [0.8, 0.8, 0.4, 0.4]);
        let cosine = rates(RateSchedule::Cosine, 100);
        assert!((cosine[0] - 0.8).abs() < 1e-9 && cosine[99] < 1e-3, "{cosine:?}");
        let linear = rates(RateSchedule::Linear { final_share: 0.5 }, 100);
        assert!(linear[0] > 0.79 && (linear[99] - 0.4).abs() < 5e-3, "{linear:?}");
    }

    #[test]
    fn burns_refusal_is_passed_on() {
        assert!(RateSchedule::Step { every: 0, factor: 0.5 }.init(0.1, 10).is_err());
    }
}
