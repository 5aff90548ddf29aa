//! One trial: a variant of an experiment with one seed.

use backdraft_record::{Factors, trial_name};
use backdraft_trainer::{Listener, Outcome};
use burn::tensor::Device;

/// What a trial does on a device, reporting to a listener.
pub type Task = dyn Fn(&Device, &mut dyn Listener) -> anyhow::Result<Outcome> + Send + Sync;

/// A variant with one seed, ready to run.
pub struct Trial {
    /// The variant.
    pub factors: Factors,
    /// The seed.
    pub seed: u64,
    /// Relative cost, so that long trials start first and no core idles at the end.
    pub cost: u64,
    /// What to do.
    pub task: Box<Task>,
}

impl Trial {
    /// Returns the trial's name, unique within its run.
    pub fn name(&self) -> String {
        trial_name(&self.factors, self.seed)
    }
}
