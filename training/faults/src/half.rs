//! The halves of the benchmark.

use serde::Serialize;

use crate::training::Training;

/// Where a training belongs: thresholds may be chosen on the first half alone.
///
/// The names of its architecture and of its fault decide, each by one bit of its hash. The hash was fixed
/// before any training was scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// Architecture and fault are those that thresholds may be chosen on.
    First,
    /// One of the two is held out.
    Mixed,
    /// Both are held out.
    HeldOut,
}

impl Half {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::First, Self::Mixed, Self::HeldOut];

    /// Returns where a training belongs. A healthy one has no fault: its architecture alone decides.
    pub fn of(training: &Training) -> Self {
        let program = is_held_out(training.program.name());
        let fault = training.is_sick_by_name().then(|| is_held_out(training.fault.name()));
        match (program, fault.unwrap_or(program)) {
            (true, true) => Self::HeldOut,
            (false, false) => Self::First,
            _ => Self::Mixed,
        }
    }
}

/// Tells whether the 33rd bit of the 64-bit FNV-1a hash of a name is set.
pub fn is_held_out(name: &str) -> bool {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let hash = name.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    (hash >> 32) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, Program};

    #[test]
    fn the_halves_are_those_that_were_written_down() {
        let held_out = |name: &str| is_held_out(name);
        for name in ["RateTooLow", "DeadBias", "Detached", "TooDeep", "Towers", "mlp", "rnn"] {
            assert!(held_out(name), "{name}");
        }
        for name in ["RateTooHigh", "NanWeight", "TimeTooLong", "HeadFirst", "gru", "transformer"] {
            assert!(!held_out(name), "{name}");
        }
        let share = |held: usize, all: usize| held as f64 / all as f64;
        let programs = Program::all();
        let held = programs.iter().filter(|program| is_held_out(program.name())).count();
        assert!((0.4..0.6).contains(&share(held, programs.len())), "{held}");
        let faults = &Fault::ALL[1..];
        let held = faults.iter().filter(|fault| is_held_out(fault.name())).count();
        assert!((0.4..0.6).contains(&share(held, faults.len())), "{held}");
    }
}
