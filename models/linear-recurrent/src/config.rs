//! Configuration of a linear recurrent network.

use std::f64::consts::TAU;

use backdraft_layers::{Initializer, InvalidField};
use backdraft_spec::Readout;
use serde::{Deserialize, Serialize};

/// Largest number that is accepted. Larger ones are taken for typing errors.
const MAX_LAYERS: usize = 1_000;

/// The recurrence of the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A linear recurrent unit (Orvieto et al. 2023): complex, the same decay at every step.
    #[default]
    Lru,
    /// minGRU (Feng et al. 2024): real, a decay that depends on the input.
    MinGru,
}

/// Describes a [`LinearRecurrent`](crate::LinearRecurrent) network.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `inputs` | 2 | features of a time step | 1 to 65,536 |
/// | `outputs` | 1 | outputs of the head, without activation | 1 to 65,536 |
/// | `unit` | `lru` | the recurrence | [`Unit`] |
/// | `width` | 64 | features between layers | 1 to 65,536 |
/// | `state` | 64 | units of a recurrence; those of an LRU are complex | 1 to 65,536 |
/// | `layers` | 2 | layers | 1 to 1,000 |
/// | `skip` | true | whether a layer adds its input to its output | |
/// | `readout` | `last` | time steps that the head reads | [`Readout`] |
/// | `length` | 100 | time steps of a typical example; any length is accepted | 1 to 65,536 |
/// | `radius_min`, `radius_max` | 0.9, 0.999 | \|λ\| of an LRU at the start, uniform over the ring (Orvieto et al., Lemma 3.2) | 0 ≤ min < max < 1 |
/// | `max_phase` | 2π | largest phase of λ at the start | above 0, at most 2π |
/// | `initializer` | `lecun_normal` | of all matrices; B's parts have half the variance | [`Initializer`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearRecurrentConfig {
    /// Features of a time step.
    pub inputs: usize,
    /// Outputs of the head.
    pub outputs: usize,
    /// The recurrence.
    pub unit: Unit,
    /// Features between layers.
    pub width: usize,
    /// Units of each recurrence.
    pub state: usize,
    /// Number of layers.
    pub layers: usize,
    /// Whether a layer adds its input to its output.
    pub skip: bool,
    /// Time steps that the head reads.
    pub readout: Readout,
    /// Time steps of a typical example.
    pub length: usize,
    /// Smallest |λ| of an LRU at the start.
    pub radius_min: f64,
    /// Largest |λ|.
    pub radius_max: f64,
    /// Largest phase of λ.
    pub max_phase: f64,
    /// Initialiser of all matrices.
    pub initializer: Initializer,
}

impl Default for LinearRecurrentConfig {
    fn default() -> Self {
        Self {
            inputs: 2,
            outputs: 1,
            unit: Unit::Lru,
            width: 64,
            state: 64,
            layers: 2,
            skip: true,
            readout: Readout::Last,
            length: 100,
            radius_min: 0.9,
            radius_max: 0.999,
            max_phase: TAU,
            initializer: Initializer::LecunNormal,
        }
    }
}

impl LinearRecurrentConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), InvalidField> {
        InvalidField::unless_sizes([
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("width", self.width),
            ("state", self.state),
            ("length", self.length),
        ])?;
        InvalidField::unless_in(1..=MAX_LAYERS, "layers", self.layers)?;
        if !(0.0..1.0).contains(&self.radius_min) {
            let requirement = "it must be from 0 to below 1";
            return Err(InvalidField::new("radius_min", self.radius_min, requirement));
        }
        let is_ring = self.radius_max > self.radius_min && self.radius_max < 1.0;
        if !is_ring {
            let requirement = "it must be above `radius_min` and below 1";
            return Err(InvalidField::new("radius_max", self.radius_max, requirement));
        }
        let is_phase = self.max_phase > 0.0 && self.max_phase <= TAU;
        if !is_phase {
            let requirement = "it must be above 0 and at most 2π";
            return Err(InvalidField::new("max_phase", self.max_phase, requirement));
        }
        self.initializer.validate("initializer")
    }

    /// Returns the number of learned parameters, by formula.
    pub fn num_learned(&self) -> usize {
        let (width, state) = (self.width, self.state);
        let (unit, seen) = match self.unit {
            Unit::Lru => (3 * state + 4 * width * state + width, width),
            Unit::MinGru => (2 * (width + 1) * state, state),
        };
        (self.inputs + 1) * width
            + self.layers * (2 * width + unit + (seen + 1) * width)
            + (width + 1) * self.outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_fields_are_refused_by_name() {
        let refused = |config: LinearRecurrentConfig| config.validate().unwrap_err().field;
        let config = LinearRecurrentConfig::default;
        assert_eq!(refused(LinearRecurrentConfig { state: 0, ..config() }), "state");
        assert_eq!(refused(LinearRecurrentConfig { radius_min: -0.1, ..config() }), "radius_min");
        assert_eq!(refused(LinearRecurrentConfig { radius_max: 1.0, ..config() }), "radius_max");
        assert_eq!(refused(LinearRecurrentConfig { radius_max: 0.5, ..config() }), "radius_max");
        assert_eq!(refused(LinearRecurrentConfig { max_phase: f64::NAN, ..config() }), "max_phase");
    }
}
