//! The settings of the experiment.

use backdraft_lab::settings::{Settings, SettingsError, in_range};
use backdraft_record::Preset;
use serde::{Deserialize, Serialize};

use crate::tournament::{Sequences, Tournament};

/// Settings of `sequence-length`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SequenceLengthSettings {
    /// Sequence lengths at which the gradient flow is measured, at least two.
    pub(super) flow_lengths: Vec<usize>,
    /// Units of the recurrent layer whose gradient flow is measured.
    pub(super) flow_width: usize,
    /// The part that trains the cells.
    #[serde(flatten)]
    pub(super) learning: Tournament<Sequences>,
}

impl SequenceLengthSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let (seeds, lengths, steps, sequences) = match preset {
            Preset::Quick => (16, vec![10, 40], 1_000, 20_000),
            Preset::Standard => (8, vec![10, 50, 100, 200, 400], 3_000, 30_000),
            Preset::Paper => (10, vec![10, 50, 100, 200, 400, 1_000], 20_000, 100_000),
        };
        let task = Sequences { sequences, ..Sequences::of(lengths) };
        let learning = Tournament { seeds, ..Tournament::of(task, steps) };
        Self { flow_lengths: vec![10, 100, 1_000], flow_width: 64, learning }
    }

    /// The second longest and the longest length at which the flow is measured.
    pub(super) fn longest_flows(&self) -> (usize, usize) {
        let mut lengths = self.flow_lengths.clone();
        lengths.sort_unstable();
        let longest = lengths.pop().unwrap_or(0);
        (lengths.pop().unwrap_or(longest), longest)
    }
}

impl Settings for SequenceLengthSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("flow_lengths", self.flow_lengths.len(), 2..=100)?;
        for length in &self.flow_lengths {
            in_range("flow_lengths", *length, 10..=100_000)?;
        }
        in_range("flow_width", self.flow_width, 1..=8_192)?;
        self.learning.validate()
    }
}
