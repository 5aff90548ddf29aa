//! `SHA256SUMS`: what the files of a finished run are, in the form that `sha256sum -c` reads.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::RecordError;
use super::files::files_below;
use super::folder::RunFolder;
use super::id::hexadecimal;
use crate::whole_file::write_bytes;

pub(super) const SUMS: &str = "SHA256SUMS";
/// Files that are no part of the record, by their name in the run's folder; `backdraft report` writes the
/// report anew at any time, perhaps by a later version.
const NOT_SUMMED: [&str; 3] = [SUMS, "lock", "report.html"];

/// What became of a file since the run was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is not there any more.
    Missing,
    /// Its content is another.
    Changed,
    /// It was not there, or not part of the record.
    Added,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Changed => "is not what was recorded",
            Self::Added => "is not part of the record",
        })
    }
}

impl RunFolder {
    /// Closes the record: writes the sums of all its files, among which must be those `listed`.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file that is missing, or cannot be read or written.
    pub fn seal(&self, listed: &[String]) -> Result<(), RecordError> {
        seal(self.path(), listed)
    }

    /// Removes the sums: the record is about to change.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn unseal(&self) -> Result<(), RecordError> {
        unseal(self.path())
    }

    /// Tells whether the record is closed.
    pub fn is_sealed(&self) -> bool {
        is_sealed(self.path())
    }

    /// Compares the files with their sums; `None` if the record is not closed.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file that cannot be read.
    pub fn compare_sums(&self) -> Result<Option<Comparison>, RecordError> {
        compare(self.path())
    }
}

fn seal(folder: &Path, listed: &[String]) -> Result<(), RecordError> {
    let sums = sums(folder)?;
    if let Some(missing) = listed.iter().find(|name| !sums.contains_key(*name)) {
        let path = folder.join(missing);
        return Err(RecordError::NotReadBack { path, damage: Damage::Missing });
    }
    let lines = sums.into_iter().map(|(name, sum)| format!("{sum}  {name}\n"));
    let (path, text) = (folder.join(SUMS), lines.collect::<String>());
    write_bytes(&path, text.as_bytes()).map_err(RecordError::write(path, text.len()))
}

fn unseal(folder: &Path) -> Result<(), RecordError> {
    let path = folder.join(SUMS);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(RecordError::io("remove", &path)(error))
        }
        _ => Ok(()),
    }
}

fn is_sealed(folder: &Path) -> bool {
    folder.join(SUMS).is_file()
}

/// A record held against its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many files were recorded.
    pub recorded: usize,
    /// Files that are not what was recorded.
    pub damages: Vec<(String, Damage)>,
}

fn compare(folder: &Path) -> Result<Option<Comparison>, RecordError> {
    let path = folder.join(SUMS);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(RecordError::io("read", &path))?,
    };
    let mut found = sums(folder)?;
    let (mut recorded, mut damages) = (0, Vec::new());
    for (number, line) in text.lines().enumerate() {
        let malformed = || RecordError::Malformed {
            path: path.clone(),
            line: number + 1,
            reason: "expected a SHA-256 and a file's name".to_owned(),
        };
        let (sum, name) = line.split_once("  ").ok_or_else(malformed)?;
        recorded += 1;
        match found.remove(name) {
            None => damages.push((name.to_owned(), Damage::Missing)),
            Some(now) if now != sum => damages.push((name.to_owned(), Damage::Changed)),
            Some(_) => {}
        }
    }
    damages.extend(found.into_keys().map(|name| (name, Damage::Added)));
    Ok(Some(Comparison { recorded, damages }))
}

/// The SHA-256 of each file below a folder, by its path from there.
fn sums(folder: &Path) -> Result<BTreeMap<String, String>, RecordError> {
    let files = files_below(folder)?.into_iter();
    let summed = files.filter(|name| !NOT_SUMMED.iter().any(|other| name == Path::new(other)));
    let line = |name: PathBuf| {
        // Names are written with `/` everywhere, so that a record can be checked elsewhere.
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        Ok((parts.join("/"), sum(&folder.join(&name))?))
    };
    summed.map(line).collect()
}

fn sum(path: &Path) -> Result<String, RecordError> {
    let mut sum = Sha256::new();
    let mut file = File::open(path).map_err(RecordError::io("read", path))?;
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk).map_err(RecordError::io("read", path))? {
            0 => return Ok(hexadecimal(sum)),
            length => sum.update(&chunk[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_after_sealing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(compare(path).unwrap(), None);
        assert!(!is_sealed(path));
        fs::create_dir(path.join("inner")).unwrap();
        for name in ["a", "b", "inner/c", "lock"] {
            fs::write(path.join(name), name).unwrap();
        }
        let listed = ["a", "inner/c"].map(str::to_owned);
        let missing = seal(path, &["e".to_owned()]).unwrap_err().to_string();
        assert!(missing.contains("e` is missing") && !is_sealed(path), "{missing}");
        seal(path, &listed).unwrap();
        assert!(is_sealed(path));
        fs::write(path.join("lock"), "another owner").unwrap();
        assert_eq!(compare(path).unwrap(), Some(Comparison { recorded: 3, damages: vec![] }));
        fs::write(path.join("a"), "A").unwrap();
        fs::remove_file(path.join("inner/c")).unwrap();
        fs::write(path.join("d"), "new").unwrap();
        let damages = compare(path).unwrap().unwrap().damages;
        let expected = [("a", Damage::Changed), ("inner/c", Damage::Missing), ("d", Damage::Added)];
        assert_eq!(damages, expected.map(|(name, damage)| (name.to_owned(), damage)));
        unseal(path).unwrap();
        unseal(path).unwrap();
        assert_eq!(compare(path).unwrap(), None);
    }
}
