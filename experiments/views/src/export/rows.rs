//! One row a measurement: CSV and JSON lines.

use std::io::{self, Write};

use backdraft_record::{Ending, Factors, Manifest, Results, TrialResult};
use serde::Serialize;

/// Version of the columns, in each row's `schema`.
pub(super) const SCHEMA: u32 = 1;

/// The columns before the factors.
pub(super) const BEFORE: [&str; 5] = ["schema", "experiment", "run", "seed", "ending"];
/// The columns after them.
pub(super) const AFTER: [&str; 4] = ["step", "quantity", "subject", "value"];

/// The factors of any trial, in the order in which they first appear.
pub(super) fn factor_names(results: &Results) -> Vec<&str> {
    let mut names = Vec::new();
    for (name, _) in results.trials().iter().flat_map(|trial| trial.factors.levels()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// How a trial ended, in a word.
pub(super) fn ending(trial: &TrialResult) -> &'static str {
    match trial.ending {
        Ending::Finished => "finished",
        Ending::Diverged { .. } => "diverged",
        Ending::Failed { .. } => "failed",
    }
}

/// Writes CSV with a header; a factor that a trial does not have is empty.
pub(super) fn csv(manifest: &Manifest, results: &Results, file: &mut dyn Write) -> io::Result<()> {
    let factors = factor_names(results);
    let mut writer = csv::Writer::from_writer(file);
    let named = factors.iter().map(|name| format!("factor.{name}"));
    let header = BEFORE.map(str::to_owned).into_iter().chain(named).chain(AFTER.map(str::to_owned));
    writer.write_record(header)?;
    for trial in results.trials() {
        let [schema, seed] = [u64::from(SCHEMA), trial.seed].map(|number| number.to_string());
        let before = [&schema, &manifest.experiment, &manifest.id, &seed, ending(trial)];
        let levels: Vec<&str> =
            factors.iter().map(|name| trial.factors.level(name).unwrap_or_default()).collect();
        for row in &trial.rows {
            let (step, value) = (row.step.to_string(), row.value.to_string());
            let after = [&step, row.quantity.as_str(), row.subject.as_str(), &value];
            let cells = before.into_iter().chain(levels.iter().copied()).chain(after);
            writer.write_record(cells)?;
        }
    }
    writer.flush()
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    experiment: &'a str,
    run: &'a str,
    seed: u64,
    ending: &'a str,
    #[serde(serialize_with = "as_object")]
    factors: &'a Factors,
    step: u64,
    quantity: &'a str,
    subject: &'a str,
    value: f64,
}

fn as_object<S: serde::Serializer>(factors: &Factors, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(factors.levels())
}

/// Writes JSON lines; a value that is not finite is `null`.
pub(super) fn json(manifest: &Manifest, results: &Results, file: &mut dyn Write) -> io::Result<()> {
    for trial in results.trials() {
        for row in &trial.rows {
            let line = Line {
                schema: SCHEMA,
                experiment: &manifest.experiment,
                run: &manifest.id,
                seed: trial.seed,
                ending: ending(trial),
                factors: &trial.factors,
                step: row.step,
                quantity: row.quantity.as_str(),
                subject: row.subject.as_str(),
                value: row.value,
            };
            serde_json::to_writer(&mut *file, &line)?;
            file.write_all(b"\n")?;
        }
    }
    Ok(())
}
