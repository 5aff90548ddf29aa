//! Measuring what is missing.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use backdraft_record::{
    Damage, Manifest, RecordError, Results, RunFolder, SCHEMA, Status, Versions, remove_aside,
};

use super::close::close;
use super::command::{command, going_on};
use super::conclusion::Conclusion;
use super::error::RunError;
use super::open::{Held, Run, State};
use crate::study::{Spectator, StudyOptions, run_study};
use crate::trial::Trial;

impl Run<'_> {
    /// Measures what is missing, judges the claims, and closes the record; a run that is closed is returned
    /// as it is.
    ///
    /// # Errors
    ///
    /// [`RunError::Record`] if the record cannot be written or read back, [`RunError::Interrupted`] if
    /// someone stopped the run. What was measured stays, and the same request goes on from there.
    pub fn execute(self, spectator: Arc<dyn Spectator>) -> Result<Conclusion, RunError> {
        match self.state {
            State::Closed(conclusion) => Ok(*conclusion),
            State::Held(held) => held.execute(spectator.as_ref()),
        }
    }
}

impl Held<'_> {
    fn execute(self, spectator: &dyn Spectator) -> Result<Conclusion, RunError> {
        let (replaced, folder) = (self.replaced.clone(), self.folder.clone());
        let outcome = self.measure(spectator);
        if let Some(replaced) = replaced {
            if folder.is_sealed() {
                remove_aside(&replaced)?;
            } else {
                let path = replaced.display();
                spectator.warned(&format!("what was recorded before is kept in `{path}`"));
            }
        }
        outcome
    }

    fn measure(self, spectator: &dyn Spectator) -> Result<Conclusion, RunError> {
        let mut manifest = self.manifest()?;
        let jobs = self.jobs();
        let Self { asked, trials, folder, _lock, .. } = self;
        folder.unseal()?;
        folder.save(&manifest)?;
        let start = Instant::now();
        let options = StudyOptions { jobs, ..asked.options };
        let names: Vec<String> = trials.iter().map(Trial::name).collect();
        let results = run_study(&trials, &folder, &asked.device, &options, spectator)?;
        manifest.seconds += start.elapsed().as_secs_f64();
        let done = results.trials().len();
        if done < names.len() {
            if !options.interrupt.is_requested() {
                return Err(not_read_back(&names, &folder, &results).into());
            }
            let _at_stake = options.interrupt.at_stake();
            manifest.status = Status::Interrupted;
            folder.save(&manifest)?;
            let command = going_on(&manifest.command, &asked.out);
            return Err(RunError::Interrupted { done, trials: names.len(), command });
        }
        close(&mut manifest, asked.experiment, asked.prepared.as_ref(), &folder, &names, &results)?;
        Ok(Conclusion { manifest, folder, results, prepared: asked.prepared })
    }

    /// What the record says of the run while it is under way.
    fn manifest(&self) -> Result<Manifest, RunError> {
        let Self { asked, earlier, .. } = self;
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs());
        let backend = asked.backend.name;
        Ok(Manifest {
            schema: SCHEMA,
            experiment: asked.experiment.about().name.to_owned(),
            id: asked.id.clone(),
            status: Status::Running,
            preset: asked.preset,
            backend: backend.to_owned(),
            device: format!("{:?}", asked.device),
            versions: Versions::current(),
            trials: self.trials.len(),
            command: command(
                &asked.program,
                asked.experiment,
                asked.preset,
                &asked.settings,
                backend,
            )?,
            settings: asked.settings.clone(),
            started_unix: earlier.as_ref().map_or_else(now, |earlier| earlier.started_unix),
            seconds: earlier.as_ref().map_or(0.0, |earlier| earlier.seconds),
            verdicts: Vec::new(),
        })
    }
}

/// Names a trial that has ended and is not in the record.
fn not_read_back(names: &[String], folder: &RunFolder, results: &Results) -> RecordError {
    let is_missing = |name: &&String| !results.trials().iter().any(|trial| trial.name() == **name);
    let missing = names.iter().find(is_missing).map(String::as_str).unwrap_or_default();
    let path = folder.trial_path(missing);
    let damage = if path.exists() { Damage::Changed } else { Damage::Missing };
    RecordError::NotReadBack { path, damage }
}
