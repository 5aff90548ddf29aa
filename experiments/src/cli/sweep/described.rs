//! The description of a sweep, read and found in order.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use backdraft_lab::settings::Overlay;
use backdraft_lab::{Backend, Entry, Planned, RunRequest, RunState, SweepSpec, plan, state};
use backdraft_text::in_one_line;

use crate::cli::failure::Failure;
use crate::laboratory::Laboratory;

/// A sweep that was read and found in order.
pub(super) struct Sweep {
    pub(super) spec: SweepSpec,
    /// Where the description comes from.
    origin: String,
    experiment: &'static dyn Entry,
    pub(super) runs: Vec<Planned>,
    /// The name of the program in the commands that it prints.
    program: String,
}

impl Sweep {
    /// Reads a description.
    pub(super) fn read(path: &Path, laboratory: &Laboratory) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))
            .map_err(Failure::Input)?;
        let located = |error: anyhow::Error| {
            Failure::Input(anyhow!("`{}`, {}", path.display(), in_one_line(&error)))
        };
        let spec = SweepSpec::parse(&text).map_err(|error| located(error.into()))?;
        let experiment = laboratory.experiment(&spec.experiment)?;
        let (backend, _) = Backend::select(spec.backend.as_deref()).map_err(Failure::input)?;
        let origin = path.display().to_string();
        let runs = plan(&spec, &origin, experiment, backend.name).map_err(located)?;
        Ok(Self { spec, origin, experiment, runs, program: laboratory.program() })
    }

    /// Asks for one of the runs.
    pub(super) fn request(&self, run: &Planned) -> RunRequest<'static> {
        let settings = Overlay { origin: self.origin.clone(), table: run.settings.clone() };
        let request = RunRequest::new(self.experiment).program(&self.program);
        request.preset(self.spec.preset).overlay(settings)
    }

    /// Returns how a run stands in a folder.
    pub(super) fn state(&self, out: &Path, run: &Planned) -> RunState {
        state(out, &self.spec.experiment, &run.id)
    }
}
