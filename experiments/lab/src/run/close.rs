//! Judging what was measured, and closing the record.

use backdraft_record::{Ending, Manifest, REPORT, Results, RunFolder, Status};
use backdraft_views::drawing::to_svg;
use backdraft_views::report::Report;

use super::error::RunError;
use crate::experiment::{Entry, Prepared};

/// Judges, draws and closes the record; one with failed trials, which are tried again, stays open.
pub(super) fn close(
    manifest: &mut Manifest,
    experiment: &dyn Entry,
    prepared: &dyn Prepared,
    folder: &RunFolder,
    trials: &[String],
    results: &Results,
) -> Result<(), RunError> {
    let is_failed = |ending: &Ending| matches!(ending, Ending::Failed { .. });
    let has_failed = results.trials().iter().any(|trial| is_failed(&trial.ending));
    manifest.status = if has_failed { Status::Failed } else { Status::Finished };
    manifest.verdicts = prepared.judge(results);
    let mut listed: Vec<String> =
        trials.iter().map(|name| format!("measurements/{name}.jsonl")).collect();
    listed.push("run.json".to_owned());
    let pictures = prepared.pictures(results);
    for picture in &pictures {
        let name = format!("figures/{}.svg", picture.name);
        folder.write_file(&name, to_svg(picture).as_bytes())?;
        listed.push(name);
    }
    let report = Report { about: experiment.about(), manifest, pictures: &pictures, results };
    folder.write_file(REPORT, report.to_html()?.as_bytes())?;
    folder.save(manifest)?;
    if !has_failed {
        folder.seal(&listed)?;
    }
    Ok(())
}
