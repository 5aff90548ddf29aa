//! Serves files of run records, and nothing else.

use std::fs::File;
use std::path::{Path, PathBuf};

use backdraft_record::RunFolder;

use super::response::{FileKind, Response};

/// The report of a run.
pub(super) const REPORT: &str = "report.html";

/// Finds a run of the folder `out`.
///
/// # Errors
///
/// A 404 response if there is none, or if a link leads out of `out`.
pub(super) fn run(out: &Path, experiment: &str, id: &str) -> Result<RunFolder, Response> {
    let none = || Response::refusal(404, "there is no such run");
    let path = within(out, &[experiment, id]).ok_or_else(none)?;
    RunFolder::find(out, path.to_str().ok_or_else(none)?).map_err(|_| none())
}

/// Opens a file of a run: its manifest, report, figures or measurements.
///
/// # Errors
///
/// A 404 response if there is no such file.
pub(super) fn file(folder: &RunFolder, parts: &[&str]) -> Result<Response, Response> {
    let none = || Response::refusal(404, "a run has no such file");
    let kind = match parts {
        ["run.json"] => FileKind::Json,
        [REPORT] => FileKind::Report,
        ["figures", name] if name.ends_with(".svg") => FileKind::Drawing,
        ["measurements", name] if name.ends_with(".jsonl") => FileKind::Lines,
        _ => return Err(none()),
    };
    let path = within(folder.path(), parts).ok_or_else(none)?;
    let file = File::open(path).map_err(|_| none())?;
    let data = file.metadata().map_err(|_| none())?;
    if !data.is_file() {
        return Err(none());
    }
    Ok(Response::file(file, data.len(), kind))
}

/// Joins a path below `base`. `None` if it does not exist, or if a link on the way leads out.
fn within(base: &Path, parts: &[&str]) -> Option<PathBuf> {
    let base = base.canonicalize().ok()?;
    let path = parts.iter().fold(base.clone(), |path, part| path.join(part));
    let path = path.canonicalize().ok()?;
    path.starts_with(&base).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    #[cfg(unix)]
    fn links_that_lead_out_are_not_followed() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let run_path = inside.path().join("e/run");
        fs::create_dir_all(run_path.join("figures")).unwrap();
        fs::write(run_path.join("run.json"), "{}").unwrap();
        fs::write(outside.path().join("run.json"), "{}").unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("e/linked")).unwrap();
        let secret = run_path.join("figures/secret.svg");
        std::os::unix::fs::symlink(outside.path().join("run.json"), secret).unwrap();

        let folder = run(inside.path(), "e", "run").map_err(|_| ()).unwrap();
        assert!(file(&folder, &["run.json"]).is_ok());
        assert!(file(&folder, &["figures", "secret.svg"]).is_err());
        assert!(file(&folder, &["figures"]).is_err());
        assert!(run(inside.path(), "e", "linked").is_err());
        assert!(run(inside.path(), "..", "..").is_err());
    }
}
