//! The description of a sweep, read and found in order.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use backdraft_lab::{Backend, Entry, Planned, RunState, SweepSpec, plan, state};
use backdraft_text::in_one_line;

use crate::cli::failure::Failure;
use crate::cli::run::find_experiment;

/// A sweep that was read and found in order.
pub(super) struct Sweep {
    pub(super) spec: SweepSpec,
    /// Where the description comes from.
    pub(super) origin: String,
    pub(super) experiment: &'static dyn Entry,
    pub(super) runs: Vec<Planned>,
}

impl Sweep {
    /// Reads a description.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))
            .map_err(Failure::Input)?;
        let located = |error: anyhow::Error| {
            Failure::Input(anyhow!("`{}`, {}", path.display(), in_one_line(&error)))
        };
        let spec = SweepSpec::parse(&text).map_err(|error| located(error.into()))?;
        let experiment = find_experiment(&spec.experiment)?;
        let (backend, _) = Backend::select(spec.backend.as_deref()).map_err(Failure::input)?;
        let origin = path.display().to_string();
        let runs = plan(&spec, &origin, experiment, backend.name).map_err(located)?;
        Ok(Self { spec, origin, experiment, runs })
    }

    /// Returns how a run stands in a folder.
    pub(super) fn state(&self, out: &Path, run: &Planned) -> RunState {
        state(out, &self.spec.experiment, &run.id)
    }
}
