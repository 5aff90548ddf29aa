//! How the record in a folder stands to this program: what may be used, gone on with, or must be kept
//! apart.

use super::error::RecordError;
use super::folder::RunFolder;
use super::manifest::{Manifest, Status};
use super::measurements::read_trial;
use super::sums::Damage;
use crate::results::Results;

/// A closed record.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// What was run, and what was concluded.
    pub manifest: Manifest,
    /// What was measured.
    pub results: Results,
}

/// How the record in a folder stands to this program.
#[derive(Debug)]
pub enum Standing {
    /// Nothing has been measured.
    Blank,
    /// Closed and whole: it is used as it is, whichever build measured it.
    Closed(Box<Recorded>),
    /// Begun by this build, or closed by it and incomplete now: what is missing is measured.
    Begun {
        /// What was run.
        manifest: Box<Manifest>,
        /// Measurements that the record had when it was closed, and that are not whole any more.
        lost: Vec<String>,
    },
    /// Begun by another build, or one that is not known: measurements of two builds are not mixed.
    Foreign(Option<Box<Manifest>>),
}

impl RunFolder {
    /// Looks how the record stands.
    ///
    /// # Errors
    ///
    /// [`RecordError::Damaged`] if a trial of a closed record was changed, which measuring what is missing
    /// would cover up, or if another build closed it and a trial is missing, which this build must not
    /// measure; another [`RecordError`] if a file cannot be read.
    pub fn standing(&self) -> Result<Standing, RecordError> {
        if self.is_blank()? {
            return Ok(Standing::Blank);
        }
        let Ok(manifest) = self.manifest() else { return Ok(Standing::Foreign(None)) };
        let is_own = manifest.versions.is_this_program();
        if !(self.is_sealed() && manifest.status == Status::Finished) {
            return Ok(Self::open(manifest, is_own, vec![]));
        }
        let Some(comparison) = self.compare_sums()? else {
            return Ok(Self::open(manifest, is_own, vec![]));
        };
        let mut damages = comparison.damages;
        damages.retain(|(_, damage)| *damage != Damage::Added);
        let lost = match self.lost_trials(&damages, is_own) {
            // Another process has begun to measure it anew since the look at it.
            Err(_) if !self.is_still_closed(&manifest) => {
                return Ok(Self::open(manifest, is_own, vec![]));
            }
            lost => lost?,
        };
        // A figure that is lost is drawn again by the build that drew it.
        if lost.is_empty()
            && (damages.is_empty() || !is_own)
            && let Some(results) = self.complete_results(&manifest)?
        {
            return Ok(Standing::Closed(Box::new(Recorded { manifest, results })));
        }
        Ok(Self::open(manifest, is_own, lost))
    }

    fn open(manifest: Manifest, is_own: bool, lost: Vec<String>) -> Standing {
        let manifest = Box::new(manifest);
        if is_own { Standing::Begun { manifest, lost } } else { Standing::Foreign(Some(manifest)) }
    }

    /// Tells whether nothing has been measured.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if a folder cannot be read.
    pub fn is_blank(&self) -> Result<bool, RecordError> {
        Ok(!self.is_sealed() && !self.has_contents()?)
    }

    /// Returns the trials of a closed record that are missing or cut off.
    fn lost_trials(
        &self,
        damages: &[(String, Damage)],
        is_own: bool,
    ) -> Result<Vec<String>, RecordError> {
        let mut lost = Vec::new();
        for (name, damage) in damages {
            let path = self.path().join(name);
            if path.extension().is_none_or(|kind| kind != "jsonl") {
                continue;
            }
            // One that is cut off is measured again as after a kill; one that reads as a whole is not.
            let is_whole = *damage == Damage::Changed && read_trial(&path)?.is_some();
            if is_whole || !is_own {
                return Err(RecordError::Damaged { path, damage: *damage });
            }
            lost.push(name.clone());
        }
        Ok(lost)
    }

    /// Returns the results of a closed record; `None` if not all trials are there.
    fn complete_results(&self, manifest: &Manifest) -> Result<Option<Results>, RecordError> {
        let results = self.results()?;
        let is_complete = results.trials().len() == manifest.trials;
        Ok((is_complete && self.is_still_closed(manifest)).then_some(results))
    }

    fn is_still_closed(&self, manifest: &Manifest) -> bool {
        self.is_sealed() && self.manifest().is_ok_and(|now| now == *manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrialWriter;
    use crate::factors::Factors;
    use crate::fixtures::manifest;
    use crate::results::Ending;
    use std::fs;
    use std::path::Path;

    const TRIALS: [&str; 2] = ["3", "30"];

    fn begun(out: &Path, manifest: &Manifest) -> RunFolder {
        let folder = RunFolder::create(out, "e", "0123").unwrap();
        folder.save(manifest).unwrap();
        for depth in TRIALS {
            let factors = Factors::new([("depth", depth.to_owned())]);
            let path = folder.trial_path(&format!("{factors}.seed-0"));
            TrialWriter::create(&path, &factors, 0).unwrap().end(&Ending::Finished).unwrap();
        }
        folder
    }

    fn of_another_build() -> Manifest {
        let mut manifest = manifest();
        manifest.versions.build = "another".to_owned();
        manifest
    }

    #[test]
    fn a_closed_record_is_used_whoever_measured_it_and_an_open_one_by_its_own_build() {
        for (manifest, is_own) in [(manifest(), true), (of_another_build(), false)] {
            let out = tempfile::tempdir().unwrap();
            let folder = begun(out.path(), &manifest);
            match folder.standing().unwrap() {
                Standing::Begun { manifest: found, lost } => {
                    assert!(is_own && *found == manifest && lost.is_empty());
                }
                Standing::Foreign(found) => assert!(!is_own && *found.unwrap() == manifest),
                other => panic!("{other:?}"),
            }
            folder.seal(&[]).unwrap();
            let Standing::Closed(closed) = folder.standing().unwrap() else { panic!("not closed") };
            assert_eq!((closed.results.trials().len(), closed.manifest), (2, manifest));
        }
    }

    #[test]
    fn nothing_measured_is_blank_and_an_unknown_build_is_not_equal_to_itself() {
        let out = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(out.path(), "e", "0").unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Blank));
        folder.save(&of_another_build()).unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Blank));
        let mut unknown = manifest().versions;
        unknown.build = crate::manifest::UNKNOWN.to_owned();
        assert!(!unknown.is_this_program() && manifest().versions.is_this_program());
        let out = tempfile::tempdir().unwrap();
        let folder = begun(out.path(), &manifest());
        fs::write(folder.path().join("run.json"), "{").unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Foreign(None)));
    }

    #[test]
    fn a_closed_record_that_has_lost_a_trial_is_completed_and_a_changed_one_is_refused() {
        let out = tempfile::tempdir().unwrap();
        let folder = begun(out.path(), &manifest());
        folder.seal(&[]).unwrap();
        let trial = folder.trial_path("depth-3.seed-0");
        let whole = fs::read_to_string(&trial).unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Closed(_)));
        let cut = |trial: &Path| fs::write(trial, &whole[..whole.len() / 2]).unwrap();
        for damage in [&cut, &|trial: &Path| fs::remove_file(trial).unwrap()] as [&dyn Fn(&Path); 2]
        {
            damage(&trial);
            let Standing::Begun { lost, .. } = folder.standing().unwrap() else { panic!("closed") };
            assert_eq!(lost, ["measurements/depth-3.seed-0.jsonl"]);
        }
        fs::write(&trial, whole.replace("\"seed\":0", "\"seed\":7")).unwrap();
        let error = folder.standing().unwrap_err().to_string();
        assert!(error.contains("depth-3.seed-0.jsonl") && error.contains("--fresh"), "{error}");
    }

    #[test]
    fn a_closed_record_of_another_build_is_used_or_refused_and_never_measured_anew() {
        let out = tempfile::tempdir().unwrap();
        let folder = begun(out.path(), &of_another_build());
        fs::write(folder.path().join("figure.svg"), "").unwrap();
        folder.seal(&[]).unwrap();
        fs::remove_file(folder.path().join("figure.svg")).unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Closed(_)));
        let trial = folder.trial_path("depth-3.seed-0");
        let whole = fs::read_to_string(&trial).unwrap();
        fs::write(&trial, whole.replace("\"seed\":0", "\"seed\":7")).unwrap();
        assert!(folder.standing().unwrap_err().to_string().contains("is not what was recorded"));
        fs::remove_file(&trial).unwrap();
        let error = folder.standing().unwrap_err().to_string();
        assert!(error.contains("is missing") && error.contains("--fresh"), "{error}");
        let mut manifest = of_another_build();
        manifest.status = Status::Failed;
        folder.save(&manifest).unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Foreign(Some(_))));
    }
}
