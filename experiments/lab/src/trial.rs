//! One trial: a variant of an experiment with one seed.

use anyhow::anyhow;
use backdraft_record::{Factors, trial_name};
use backdraft_text::in_one_line;
use backdraft_trainer::{Listener, Outcome};
use burn::tensor::Device;

/// What a trial does. A function of a device and a listener is work of which nobody knows what memory it
/// takes.
pub trait Work: Send + Sync {
    /// Does it on a device, reporting to a listener.
    ///
    /// # Errors
    ///
    /// Data that cannot be had, or a device or a record that fails.
    fn run(&self, device: &Device, listener: &mut dyn Listener) -> anyhow::Result<Outcome>;

    /// Checks what can be known before it begins.
    ///
    /// # Errors
    ///
    /// What makes it impossible. A run with such a trial does not begin.
    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }

    /// Says what memory it takes at least. A run that takes more than there is does not begin.
    fn memory(&self) -> Memory {
        Memory::default()
    }
}

/// The work of a trial.
pub type Task = dyn Work;

/// Memory that a trial takes, in bytes: an estimate that is rather too low.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// Data in the memory of the process, which trials side by side may share.
    pub data: f64,
    /// What the trial has for itself on its device: parameters, activations, its copy of the data.
    pub own: f64,
}

impl<F> Work for F
where
    F: Fn(&Device, &mut dyn Listener) -> anyhow::Result<Outcome> + Send + Sync,
{
    fn run(&self, device: &Device, listener: &mut dyn Listener) -> anyhow::Result<Outcome> {
        self(device, listener)
    }
}

/// Returns work that takes so much memory, and that an error makes impossible.
pub(crate) fn taking<F, E>(memory: Memory, check: Result<(), E>, work: F) -> Box<Task>
where
    F: Fn(&Device, &mut dyn Listener) -> anyhow::Result<Outcome> + Send + Sync + 'static,
    E: Into<anyhow::Error>,
{
    let obstacle = check.err().map(|error| in_one_line(&error.into()));
    Box::new(Examined { memory, obstacle, work })
}

struct Examined<F> {
    memory: Memory,
    obstacle: Option<String>,
    work: F,
}

impl<F: Work> Work for Examined<F> {
    fn check(&self) -> anyhow::Result<()> {
        self.obstacle.clone().map_or(Ok(()), |obstacle| Err(anyhow!(obstacle)))
    }

    fn run(&self, device: &Device, listener: &mut dyn Listener) -> anyhow::Result<Outcome> {
        self.work.run(device, listener)
    }

    fn memory(&self) -> Memory {
        self.memory
    }
}

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
