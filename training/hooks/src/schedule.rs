//! When to observe.

use serde::{Deserialize, Serialize};

/// The optimiser steps at which a hook observes.
///
/// ```
/// use backdraft_hooks::Schedule;
///
/// let observed: Vec<u64> = (0..200).filter(|&s| Schedule::LogSpaced { per_decade: 2 }.is_due(s)).collect();
/// assert_eq!(observed, [0, 1, 3, 10, 32, 100]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Never: the hook costs nothing.
    Never,
    /// At step 0, `n`, `2 n`, …; `n = 0` means never.
    Every(u64),
    /// At step 0, then at `per_decade` roughly equidistant points of each decade of steps.
    LogSpaced {
        /// Observations per factor of ten in the step number.
        per_decade: u32,
    },
    /// At each of the first `first` steps, then every `then` steps.
    FirstThenEvery {
        /// How many initial steps are all observed.
        first: u64,
        /// The sparse period afterwards; 0 means never again.
        then: u64,
    },
    /// At the first step of each `period`-th epoch.
    Epochs {
        /// Optimiser steps in one epoch.
        steps_per_epoch: u64,
        /// Observe at every `period`-th epoch; 0 means never.
        period: u64,
    },
}

impl Schedule {
    /// Tells whether `step`, counted from 0, is observed.
    pub fn is_due(&self, step: u64) -> bool {
        match *self {
            Self::Never => false,
            Self::Every(n) => is_multiple(step, n),
            Self::LogSpaced { per_decade } => is_log_spaced(step, per_decade),
            Self::FirstThenEvery { first, then } => step < first || is_multiple(step, then),
            Self::Epochs { steps_per_epoch, period } => {
                is_multiple(step, steps_per_epoch.saturating_mul(period))
            }
        }
    }
}

fn is_multiple(step: u64, period: u64) -> bool {
    period != 0 && step.is_multiple_of(period)
}

/// A step is due when it is the rounded value of `10^(k / per_decade)` for some whole `k`.
fn is_log_spaced(step: u64, per_decade: u32) -> bool {
    if step == 0 {
        return true;
    }
    let position = ((step as f64).log10() * f64::from(per_decade)).round();
    per_decade != 0 && 10f64.powf(position / f64::from(per_decade)).round() as u64 == step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(schedule: &Schedule, until: u64) -> Vec<u64> {
        (0..until).filter(|&step| schedule.is_due(step)).collect()
    }

    #[test]
    fn every_n_observes_step_zero_and_the_multiples() {
        assert_eq!(due(&Schedule::Every(3), 8), [0, 3, 6]);
        assert_eq!(due(&Schedule::Every(0), 8), [0u64; 0]);
    }

    #[test]
    fn dense_start_is_followed_by_the_sparse_period() {
        assert_eq!(due(&Schedule::FirstThenEvery { first: 2, then: 4 }, 9), [0, 1, 4, 8]);
    }

    #[test]
    fn epochs_are_observed_at_their_first_step() {
        assert_eq!(due(&Schedule::Epochs { steps_per_epoch: 2, period: 2 }, 9), [0, 4, 8]);
    }

    #[test]
    fn log_spacing_gives_the_same_number_in_each_decade() {
        let schedule = Schedule::LogSpaced { per_decade: 4 };
        let observed = due(&schedule, 100_001);
        let in_decade = |low: u64| observed.iter().filter(|&&s| s >= low && s < 10 * low).count();
        assert_eq!((in_decade(100), in_decade(1_000), in_decade(10_000)), (4, 4, 4));
    }

    #[test]
    fn log_spacing_of_zero_observes_only_the_start() {
        assert_eq!(due(&Schedule::LogSpaced { per_decade: 0 }, 2_000), [0]);
    }
}
