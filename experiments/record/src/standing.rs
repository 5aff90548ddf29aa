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
    Begun(Box<Manifest>),
    /// Begun by another build, or one that is not known: measurements of two builds are not mixed.
    Foreign(Option<Box<Manifest>>),
}

impl RunFolder {
    /// Looks how the record stands.
    ///
    /// # Errors
    ///
    /// [`RecordError::Damaged`] if a trial of a closed record of this build was changed, which measuring
    /// what is missing would cover up; another [`RecordError`] if a file cannot be read.
    pub fn standing(&self) -> Result<Standing, RecordError> {
        if self.is_blank()? {
            return Ok(Standing::Blank);
        }
        let Ok(manifest) = self.manifest() else { return Ok(Standing::Foreign(None)) };
        let is_own = manifest.versions.is_this_program();
        let closed = if self.is_sealed() && manifest.status == Status::Finished {
            self.closed(&manifest)
        } else {
            Ok(None)
        };
        match closed {
            Ok(Some(results)) => Ok(Standing::Closed(Box::new(Recorded { manifest, results }))),
            Ok(None) if is_own => Ok(Standing::Begun(Box::new(manifest))),
            Err(error) if is_own => Err(error),
            Ok(None) | Err(_) => Ok(Standing::Foreign(Some(Box::new(manifest)))),
        }
    }

    /// Tells whether nothing has been measured.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if a folder cannot be read.
    pub fn is_blank(&self) -> Result<bool, RecordError> {
        Ok(!self.is_sealed() && !self.has_contents()?)
    }

    /// The results of a closed record; `None` if not all of it is there.
    fn closed(&self, manifest: &Manifest) -> Result<Option<Results>, RecordError> {
        let Some(comparison) = self.compare_sums()? else { return Ok(None) };
        let mut is_whole = true;
        for (name, damage) in comparison.damages {
            let path = self.path().join(&name);
            let is_trial = path.extension().is_some_and(|kind| kind == "jsonl");
            // One that is cut off is measured again as after a kill; one that reads as a whole is not.
            if damage == Damage::Changed && is_trial && read_trial(&path)?.is_some() {
                return Err(RecordError::Damaged { path, damage });
            }
            is_whole &= damage == Damage::Added;
        }
        if !is_whole {
            return Ok(None);
        }
        let results = self.results()?;
        // Another process may have begun to measure it anew in the meantime.
        let is_the_same = || self.is_sealed() && self.manifest().is_ok_and(|now| now == *manifest);
        let is_complete = results.trials().len() == manifest.trials;
        Ok((is_complete && is_the_same()).then_some(results))
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
                Standing::Begun(found) => assert!(is_own && *found == manifest),
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
    fn a_closed_record_that_has_lost_a_trial_is_gone_on_with_and_a_changed_one_is_refused() {
        let out = tempfile::tempdir().unwrap();
        let folder = begun(out.path(), &manifest());
        folder.seal(&[]).unwrap();
        let trial = folder.trial_path("depth-3.seed-0");
        let whole = fs::read_to_string(&trial).unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Closed(_)));
        fs::write(&trial, &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Begun(_)));
        fs::remove_file(&trial).unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Begun(_)));
        fs::write(&trial, whole.replace("\"seed\":0", "\"seed\":7")).unwrap();
        let error = folder.standing().unwrap_err().to_string();
        assert!(error.contains("depth-3.seed-0.jsonl") && error.contains("--fresh"), "{error}");
        let mut manifest = of_another_build();
        folder.save(&manifest).unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Foreign(Some(_))));
        manifest.status = Status::Failed;
        folder.save(&manifest).unwrap();
        assert!(matches!(folder.standing().unwrap(), Standing::Foreign(Some(_))));
    }
}
