//! Trainings whose trouble is known.

use std::ops::Range;

use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, ModuleOptimizer, SgdConfig};

use crate::fault::Fault;
use crate::program::Program;

/// The steps of a training; what goes wrong at some step does so at two thirds of them.
const STEPS: u64 = 60;

/// A training whose trouble is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Training {
    /// What is trained.
    pub program: Program,
    /// What is wrong with it.
    pub fault: Fault,
    /// Determines weights, data and optimiser; odd ones have no taps.
    pub seed: u64,
    /// The number of steps.
    pub steps: u64,
}

impl Training {
    /// Returns every program with every fault that it can have: sick trainings, each with weights, data
    /// and optimiser of its own.
    pub fn sick(seeds: Range<u64>) -> Vec<Self> {
        let mut trainings = Vec::new();
        for seed in seeds {
            let mut number = 0;
            for program in Program::all() {
                for fault in Fault::ALL[1..].iter().copied().filter(|f| program.can_have(*f)) {
                    // A period of four, which shifts from seed to seed and from program to program.
                    trainings.push(Self::new(program, fault, 10_001 * seed + number));
                    number += 1;
                }
                number += 1;
            }
        }
        trainings
    }

    /// Returns every fault once, and every program: a sample of [`sick`](Self::sick).
    pub fn sample() -> Vec<Self> {
        let programs = Program::all();
        let faults = Fault::ALL[1..].iter().copied();
        let of = |(number, fault): (usize, Fault)| {
            let turned = programs.iter().cycle().skip(7 * number).take(programs.len());
            let program = turned.copied().find(|program| program.can_have(fault))?;
            Some(Self::new(program, fault, 700 + number as u64))
        };
        faults.enumerate().filter_map(of).collect()
    }

    /// Creates a training of 60 steps with the next seed whose optimiser and taps suit the fault.
    pub fn new(program: Program, fault: Fault, seed: u64) -> Self {
        let fits = |seed: &u64| {
            let training = Self { program, fault, seed: *seed, steps: STEPS };
            fault.needs_adam().is_none_or(|adam| adam == training.is_adam())
                && (training.is_tapped() || !fault.needs_taps())
        };
        let seed = (seed..seed + 4).find(fits).unwrap_or(seed);
        Self { program, fault, seed, steps: STEPS }
    }

    /// Returns the same training without its fault.
    pub fn healthy_twin(&self) -> Self {
        Self { fault: Fault::None, ..*self }
    }

    /// Tells whether activations are tapped.
    pub fn is_tapped(&self) -> bool {
        self.seed.is_multiple_of(2)
    }

    /// Tells whether the optimiser is Adam; else it is gradient descent.
    pub fn is_adam(&self) -> bool {
        (self.seed / 2).is_multiple_of(2)
    }

    /// Tells whether a fault was put in. One of degree need not do harm.
    pub(crate) fn is_sick_by_name(&self) -> bool {
        self.fault != Fault::None
    }

    /// The step at which a fault of one step shows.
    pub(crate) fn faulty_step(&self) -> u64 {
        self.steps * 2 / 3 + 1
    }

    pub(crate) fn rate(&self) -> f64 {
        let healthy = if self.is_adam() { 1e-3 } else { 1e-2 };
        match self.fault {
            Fault::RateTooHigh => 1e3 * healthy,
            Fault::RateTooLow => 1e-6 * healthy,
            Fault::MomentumTooHigh => 10.0 * healthy,
            Fault::HalfPrecision => healthy / self.loss_scale(),
            _ => healthy,
        }
    }

    /// By what the loss is multiplied.
    pub(crate) fn loss_scale(&self) -> f64 {
        match self.fault {
            Fault::HalfPrecision => 1.0 / 4096.0,
            Fault::WrongSign => -1.0,
            _ => 1.0,
        }
    }

    pub(crate) fn optimizer(&self) -> ModuleOptimizer {
        if self.is_adam() {
            let config = AdamConfig::new();
            return match self.fault {
                Fault::EpsilonTooLarge => config.with_epsilon(100.0).init(),
                _ => config.init(),
            };
        }
        match self.fault {
            Fault::MomentumTooHigh => {
                let momentum = MomentumConfig::new().with_momentum(0.999).with_dampening(0.0);
                SgdConfig::new().with_momentum(Some(momentum)).init()
            }
            Fault::DecayTooHigh => {
                SgdConfig::new().with_weight_decay(Some(WeightDecayConfig::new(50.0))).init()
            }
            _ => SgdConfig::new().init(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_and_every_architecture_has_trainings_with_both_optimisers_and_with_and_without_taps()
     {
        let all = Training::sick(0..3);
        assert!(all.len() >= 1_200, "{}", all.len());
        for fault in &Fault::ALL[1..] {
            assert!(all.iter().any(|training| training.fault == *fault), "{fault:?}");
        }
        for program in Program::all() {
            let of = || all.iter().filter(|training| training.program == program);
            for is_adam in [false, true] {
                assert!(of().any(|training| training.is_adam() == is_adam), "{program:?}");
            }
            for is_tapped in [false, true] {
                assert!(of().any(|training| training.is_tapped() == is_tapped), "{program:?}");
            }
        }
        let sample = Training::sample();
        assert_eq!(sample.len(), Fault::ALL.len() - 1);
    }

    #[test]
    fn the_optimiser_and_the_taps_suit_the_fault() {
        for training in Training::sick(0..2) {
            let fault = training.fault;
            assert!(fault.needs_adam().is_none_or(|adam| adam == training.is_adam()), "{fault:?}");
            assert!(training.is_tapped() || !fault.needs_taps(), "{fault:?}");
        }
    }
}
