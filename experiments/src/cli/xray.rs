//! `backdraft xray`: the gradients of one network on one batch.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use backdraft_rows::{CsvSink, JsonLinesSink, QuantityName, Row, Sink, Subject};
use backdraft_zoo::{NetworkConfig, architectures, load, named};

use super::Failure;
use super::arguments::XrayArguments;
use super::print::{number, say, say_json};
use crate::backend::Backend;
use crate::nearest::unknown;
use crate::settings::{Overlay, resolve};
use crate::xray::{Batch, Loss, Xray, xray};

pub(super) fn run(arguments: &XrayArguments) -> Result<(), Failure> {
    let (_, device) = Backend::select_with(arguments.backend.as_deref(), arguments.precision)
        .map_err(Failure::input)?;
    let config = config(arguments).map_err(Failure::Input)?;
    let batch =
        Batch::read(&arguments.batch, arguments.target.as_deref()).map_err(Failure::input)?;
    let loss = loss(arguments, &config, &batch).map_err(Failure::Input)?;
    let mut network = config.try_init(arguments.seed, &device).map_err(Failure::input)?;
    if let Some(weights) = &arguments.weights {
        load(&mut network, &config, weights).map_err(Failure::input)?;
    }
    let result = xray(network, &batch, loss, &device)
        .map_err(|error| Failure::Run(anyhow!("the device failed: {error:?}")))?;
    if let Some(path) = &arguments.export {
        export(&result.rows, path).map_err(Failure::Input)?;
    }
    if arguments.json {
        return say_json(&result);
    }
    print(&result);
    Ok(())
}

fn config(arguments: &XrayArguments) -> anyhow::Result<NetworkConfig> {
    let name = &arguments.model;
    let Some(default) = named(name) else {
        let entries = architectures();
        let known = entries.iter().flat_map(|entry| {
            std::iter::once(entry.name).chain(entry.presets.iter().map(|(name, _)| *name))
        });
        bail!(unknown("model", name, known));
    };
    let overlays: Result<Vec<_>, _> = arguments.set.iter().map(|set| Overlay::parse(set)).collect();
    Ok(resolve(&default, &overlays?)?)
}

/// Checks the batch against the network, so that no tensor operation is surprised by it.
fn loss(arguments: &XrayArguments, config: &NetworkConfig, batch: &Batch) -> anyhow::Result<Loss> {
    let path = arguments.batch.display();
    let (shape, outputs) = (config.example_shape(), config.outputs());
    if !config.accepts(batch.example_shape()) {
        let given = batch.example_shape();
        bail!("{path}: examples have shape {given:?}, but the network takes {shape:?}");
    }
    let are_binary = batch.target_values().iter().all(|y| *y == 0.0 || *y == 1.0);
    let fitting = Loss::fitting(outputs, batch.targets_each(), are_binary);
    let loss = arguments.loss.unwrap_or(fitting);
    let (targets, expected) = (batch.targets_each(), loss.targets(outputs));
    if targets != expected {
        bail!("{path}: {targets} targets for each example, but the loss takes {expected}");
    }
    let is_class = |y: &f64| y.fract() == 0.0 && (0.0..outputs as f64).contains(y);
    if loss == Loss::CrossEntropy && !batch.target_values().iter().all(is_class) {
        bail!("{path}: targets of cross-entropy are classes from 0 to {}", outputs - 1);
    }
    Ok(loss)
}

fn export(rows: &[Row], path: &Path) -> anyhow::Result<()> {
    let create = || {
        let file = File::create(path);
        file.map(BufWriter::new).with_context(|| format!("{} cannot be written", path.display()))
    };
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("csv") => CsvSink::new(create()?).write(rows)?,
        Some("jsonl") => JsonLinesSink::new(create()?).write(rows)?,
        _ => bail!("{}: rows are exported to .csv or .jsonl", path.display()),
    }
    Ok(())
}

/// The columns of the two tables; everything else is in the export.
const OF_PARAMETERS: [(&str, QuantityName); 6] = [
    ("‖∂L/∂θ‖", QuantityName::GRADIENT_NORM),
    ("mean |g|", QuantityName::GRADIENT_MEAN_ABSOLUTE),
    ("max |g|", QuantityName::GRADIENT_MAX),
    ("zeros", QuantityName::GRADIENT_ZERO_SHARE),
    ("underflow", QuantityName::GRADIENT_UNDERFLOW_SHARE),
    ("‖θ‖", QuantityName::WEIGHT_NORM),
];
const OF_ACTIVATIONS: [(&str, QuantityName); 5] = [
    ("‖∂L/∂a‖", QuantityName::ACTIVATION_GRADIENT_NORM),
    ("mean", QuantityName::ACTIVATION_MEAN),
    ("std", QuantityName::ACTIVATION_STANDARD_DEVIATION),
    ("saturated", QuantityName::SATURATED_SHARE),
    ("dead", QuantityName::DEAD_SHARE),
];

fn print(result: &Xray) {
    say(format!("loss {}\n", number(result.loss)));
    let activations = QuantityName::ACTIVATION_GRADIENT_NORM;
    print_table("activation", &result.rows, &OF_ACTIVATIONS, &activations);
    print_table("parameter", &result.rows, &OF_PARAMETERS, &QuantityName::WEIGHT_NORM);
    if result.findings.is_empty() {
        say("No trouble found.");
    }
    // One trouble often shows in many layers: tell it once; the JSON has them all.
    for alike in result.findings.chunk_by(|a, b| a.rule == b.rule) {
        if let [first, others @ ..] = alike {
            say(first);
            if let Some(last) = others.last() {
                say(format!("    … and in {} more, to {}", others.len(), last.subject));
            }
        }
    }
}

/// Prints the subjects that have the quantity `key`, with those in `columns`.
fn print_table(title: &str, rows: &[Row], columns: &[(&str, QuantityName)], key: &QuantityName) {
    let subjects = rows.iter().filter(|row| row.quantity == *key);
    let subjects: Vec<&Subject> = subjects.map(|row| &row.subject).collect();
    if subjects.is_empty() {
        return;
    }
    let width =
        subjects.iter().map(|subject| subject.as_str().len()).max().unwrap_or(0).max(title.len());
    let heads: String = columns.iter().map(|(head, _)| format!("{head:>11}")).collect();
    say(format!("{title:<width$}{heads}"));
    for subject in subjects {
        let cell = |quantity: &QuantityName| {
            let row = rows.iter().find(|row| row.quantity == *quantity && row.subject == *subject);
            row.map_or("–".to_owned(), |row| number(row.value))
        };
        let cells: String = columns.iter().map(|(_, q)| format!("{:>11}", cell(q))).collect();
        let name = if subject.is_network() { "whole network" } else { subject.as_str() };
        say(format!("{name:<width$}{cells}"));
    }
    say("");
}
