//! TensorBoard: a folder a trial, with its scalars, histograms and hyper-parameters.

use std::io;
use std::path::Path;

use backdraft_record::{Manifest, Results, TrialResult, write_whole};
use backdraft_rows::{HyperParameter, Sink, TensorBoardSink};
use toml::Value;

/// Writes one event file for each trial into a folder of its name. The events bear the time at which the
/// run was started, so that the same record gives the same bytes.
pub(super) fn write(manifest: &Manifest, results: &Results, folder: &Path) -> io::Result<()> {
    let started = manifest.started_unix;
    let name = format!("events.out.tfevents.{started:010}.backdraft");
    for trial in results.trials() {
        let folder = folder.join(trial.name());
        write_whole(&folder.join(&name), |file| {
            let mut sink = TensorBoardSink::at(file, started as f64)?;
            sink.hyper_parameters(&trial.factors.to_string(), &hyper_parameters(manifest, trial))?;
            sink.write(&trial.rows)
        })?;
    }
    Ok(())
}

/// The factors and the seed of a trial, then the settings of the run.
fn hyper_parameters(manifest: &Manifest, trial: &TrialResult) -> Vec<(String, HyperParameter)> {
    let of_text = |text: &str| match text.parse() {
        Ok(number) => HyperParameter::Number(number),
        Err(_) => HyperParameter::Text(text.to_owned()),
    };
    let factors = trial.factors.levels().map(|(name, level)| (name.to_owned(), of_text(level)));
    let seed = ("seed".to_owned(), HyperParameter::Number(trial.seed as f64));
    let settings = manifest.settings.iter().map(|(key, value)| {
        let value = match value {
            Value::Integer(integer) => HyperParameter::Number(*integer as f64),
            Value::Float(float) => HyperParameter::Number(*float),
            Value::String(text) => HyperParameter::Text(text.clone()),
            other => HyperParameter::Text(other.to_string()),
        };
        (format!("settings.{key}"), value)
    });
    factors.chain([seed]).chain(settings).collect()
}
