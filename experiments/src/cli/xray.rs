//! `backdraft xray`: the gradients of one network on one batch.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use backdraft_hooks::{PRECISION, QUANTITIES, Quantity};
use backdraft_lab::measure::of_pass;
use backdraft_lab::settings::{Overlay, resolve};
use backdraft_lab::{Backend, Batch, Choice, Loss, Precision, Xray, memory, xray};
use backdraft_rows::{CsvSink, Finding, JsonLinesSink, QuantityName, Row, Sink, Subject};
use backdraft_text::{Named, unknown};
use backdraft_zoo::{
    LoadOptions, Loaded, NetworkConfig, WeightsError, ZooNetwork, architectures, load_with, named,
};
use clap::Args;
use serde::Serialize;

use super::by_name::by_name;
use super::data::header;
use super::failure::Failure;
use super::file::write_file;
use super::precision_report;
use super::print::{note, number, say, say_json};

#[derive(Debug, Args)]
#[command(after_help = XRAY_EXAMPLES)]
pub(super) struct XrayArguments {
    /// The network: an architecture of the zoo, or a preset of one.
    #[arg(long, value_name = "NAME")]
    model: String,
    /// Change a field of its configuration; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Its weights: .safetensors (or the .index.json of several) in our or PyTorch's layout, .npz, or
    /// Burn's .bpk [default: the initial ones of the seed].
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// What the names of its tensors begin with, such as `model.` [default: found by itself].
    #[arg(long, value_name = "TEXT", requires = "weights")]
    prefix: Option<String>,
    /// Rename tensors by a regular expression; may be repeated.
    #[arg(long, value_name = "PATTERN=REPLACEMENT", requires = "weights")]
    rename: Vec<String>,
    /// The weights may hold more tensors than the network, which are left out and listed.
    #[arg(long, requires = "weights")]
    partial: bool,
    /// Seed of the initial weights.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// The batch: .safetensors or .npz with the arrays `inputs` and `targets`, or .csv.
    #[arg(long, value_name = "FILE")]
    batch: PathBuf,
    /// The name of the array of inputs.
    #[arg(long, default_value = "inputs", value_name = "ARRAY", conflicts_with = "target")]
    inputs: String,
    /// The name of the array of targets.
    #[arg(long, default_value = "targets", value_name = "ARRAY", conflicts_with = "target")]
    targets: String,
    /// Take these examples only, such as 0..64.
    #[arg(long, value_name = "FIRST..END", value_parser = range)]
    examples: Option<Range<usize>>,
    /// The column of a .csv that is predicted from the others.
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The .csv has no line of column names: all lines are rows, and columns go by their numbers, from
    /// 1.
    #[arg(long, requires = "target")]
    no_header: bool,
    /// What outputs are compared with targets by [default: what targets and outputs leave no doubt
    /// about; the report says why].
    #[arg(long, value_parser = by_name::<Loss>())]
    loss: Option<Loss>,
    /// Numbers to compute with.
    #[arg(long, value_parser = by_name::<Precision>(), default_value_t)]
    precision: Precision,
    /// Back end to compute on, of those that `backdraft backends` lists [default: $BACKDRAFT_BACKEND].
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Also tell what fp16, bf16 and fp8 would lose of each layer, and the loss scale that suffices.
    #[arg(long)]
    precision_report: bool,
    /// Write every quantity to a .csv or .jsonl file.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Print every quantity and the diagnosis as JSON.
    #[arg(long)]
    json: bool,
}

const XRAY_EXAMPLES: &str = "\
From PyTorch: safetensors.torch.save_file(model.state_dict(), 'weights.safetensors') and
save_file({'inputs': x, 'targets': y}, 'batch.safetensors').

Examples:
  backdraft xray --model mlp --set depth=30 --set activation=sigmoid --batch batch.npz
  backdraft xray --model mlp --weights weights.safetensors --batch batch.safetensors
  backdraft xray --model mlp --set inputs=4 --set outputs=3 --batch iris.csv --target species
  backdraft xray --model mlp-50 --batch batch.npz --precision f64 --export gradients.csv
  backdraft xray --model mlp-50 --batch batch.npz --precision-report";

pub(super) fn run(arguments: &XrayArguments) -> Result<(), Failure> {
    let (_, device) = Backend::select_with(arguments.backend.as_deref(), arguments.precision)
        .map_err(Failure::input)?;
    let config = config(arguments).map_err(Failure::Input)?;
    let batch = batch(arguments).map_err(Failure::Input)?;
    let choice = choice(arguments, &config, &batch).map_err(Failure::Input)?;
    config.check_batch(batch.len()).map_err(Failure::input)?;
    let bytes = of_pass(&config, batch.len(), arguments.precision);
    memory::check(bytes).map_err(|error| {
        Failure::Input(anyhow!(
            "`{}` {error}: use fewer examples or a smaller network",
            arguments.model
        ))
    })?;
    let mut network = config.try_init(arguments.seed, &device).map_err(Failure::input)?;
    if let Some(weights) = &arguments.weights {
        load(&mut network, &config, weights, arguments)?;
    }
    let precision: &[&dyn Quantity] = if arguments.precision_report { PRECISION } else { &[] };
    let quantities = [QUANTITIES, precision].concat();
    let result = xray(network, &batch, choice.loss, &quantities, &device)
        .map_err(|error| Failure::Run(anyhow!("the device failed: {error:?}")))?;
    if let Some(path) = &arguments.export {
        export(&result.rows, path)?;
    }
    if arguments.json {
        return say_json(&Answer {
            objective: choice.loss,
            objective_reason: choice.reason,
            result,
        });
    }
    let loss = number(result.loss);
    say(format!("loss {loss} ({}: {})\n", choice.loss.name(), choice.reason));
    print(&result);
    if arguments.precision_report {
        precision_report::print(&result.rows);
    }
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

/// Reads `0..64`.
fn range(text: &str) -> Result<Range<usize>, String> {
    let range = || {
        let (start, end) = text.split_once("..")?;
        Some(start.trim().parse().ok()?..end.trim().parse().ok()?)
    };
    range()
        .ok_or_else(|| "write the first example and the one after the last, such as 0..64".into())
}

/// Loads weights and says what was done to make them fit, or how they do not.
fn load(
    network: &mut ZooNetwork,
    config: &NetworkConfig,
    path: &Path,
    arguments: &XrayArguments,
) -> Result<(), Failure> {
    let renames = arguments.rename.iter().map(|rename| {
        let pair = rename.rsplit_once('=').map(|(of, to)| (of.to_owned(), to.to_owned()));
        pair.ok_or_else(|| {
            let told = format!("`--rename {rename}`: write PATTERN=REPLACEMENT");
            Failure::Input(anyhow!(told))
        })
    });
    let options = LoadOptions {
        prefix: arguments.prefix.clone(),
        renames: renames.collect::<Result<_, _>>()?,
        is_partial: arguments.partial,
    };
    let loaded = load_with(network, config, path, &options).map_err(|error| {
        if let (WeightsError::Mismatch { mismatch, .. }, false) = (&error, arguments.json) {
            say(mismatch.table());
        }
        Failure::input(error)
    })?;
    let Loaded { prefix, folded, left_out } = loaded;
    if !prefix.is_empty() {
        note(format!("the names of the weights begin with `{prefix}`"));
    }
    if folded > 0 {
        note(format!("{folded} normalised weights were folded into plain ones"));
    }
    if !left_out.is_empty() {
        note(format!("{} tensors were left out: {}", left_out.len(), left_out.join(", ")));
    }
    Ok(())
}

fn batch(arguments: &XrayArguments) -> anyhow::Result<Batch> {
    let path = &arguments.batch;
    let batch = match &arguments.target {
        Some(target) => Batch::read_csv(path, target, header(arguments.no_header))?,
        None => Batch::read_named(path, [&arguments.inputs, &arguments.targets])?,
    };
    let batch = match &arguments.examples {
        Some(range) => batch
            .examples(range.clone())
            .map_err(|reason| anyhow!("{} {reason}", path.display()))?,
        None => batch,
    };
    if arguments.precision == Precision::F32
        && let Some((array, example, value)) = batch.beyond_f32()
    {
        let path = path.display();
        bail!(
            "{path}: {value:e} in example {example} of `{array}` is beyond the range of 32-bit floats: \
             scale it, or use `--precision f64`"
        );
    }
    Ok(batch)
}

/// Checks the batch against the network, so that no tensor operation is surprised by it.
fn choice(
    arguments: &XrayArguments,
    config: &NetworkConfig,
    batch: &Batch,
) -> anyhow::Result<Choice> {
    let path = arguments.batch.display();
    if !config.accepts(batch.example_shape()) {
        let (given, shape) = (batch.example_shape(), config.example_shape());
        bail!("{path}: examples have shape {given:?}, but the network takes {shape:?}");
    }
    Choice::new(arguments.loss, config.outputs(), batch).with_context(|| path.to_string())
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Answer {
    objective: Loss,
    objective_reason: String,
    #[serde(flatten)]
    result: Xray,
}

fn export(rows: &[Row], path: &Path) -> Result<(), Failure> {
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("csv") => write_file(path, |file| CsvSink::new(file).write(rows)),
        Some("jsonl") => write_file(path, |file| JsonLinesSink::new(file).write(rows)),
        _ => {
            Err(Failure::Input(anyhow!("{}: rows are exported to .csv or .jsonl", path.display())))
        }
    }
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
    let activations = QuantityName::ACTIVATION_GRADIENT_NORM;
    print_table("activation", &result.rows, &OF_ACTIVATIONS, &activations);
    print_table("parameter", &result.rows, &OF_PARAMETERS, &QuantityName::WEIGHT_NORM);
    if result.findings.is_empty() {
        say("No trouble found.");
    }
    print_findings(&result.findings);
}

/// Prints findings. One trouble often shows in many layers: it is told once, and the JSON has them all.
pub(super) fn print_findings(findings: &[Finding]) {
    for alike in findings.chunk_by(|a, b| a.rule == b.rule) {
        if let [first, others @ ..] = alike {
            say(first);
            if let Some(last) = others.last() {
                say(format!("    … and in {} more, to {}", others.len(), last.subject));
            }
        }
    }
}

/// Prints the subjects that have the quantity `key`, with those in `columns`.
pub(super) fn print_table(
    title: &str,
    rows: &[Row],
    columns: &[(&str, QuantityName)],
    key: &QuantityName,
) {
    let subjects = rows.iter().filter(|row| row.quantity == *key);
    let subjects: Vec<&Subject> = subjects.map(|row| &row.subject).collect();
    if subjects.is_empty() {
        return;
    }
    let width =
        subjects.iter().map(|subject| subject.as_str().len()).max().unwrap_or(0).max(title.len());
    let heads: String = columns.iter().map(|(head, _)| format!("{head:>11}")).collect();
    say(format!("{title:<width$}{heads}"));
    // Thousands of layers have hundreds of thousands of rows, so each is looked up, not looked for.
    let values: HashMap<(&str, &str), f64> = rows
        .iter()
        .rev()
        .map(|row| ((row.quantity.as_str(), row.subject.as_str()), row.value))
        .collect();
    for subject in subjects {
        let cell = |quantity: &QuantityName| {
            values
                .get(&(quantity.as_str(), subject.as_str()))
                .map_or("–".to_owned(), |value| number(*value))
        };
        let cells: String = columns.iter().map(|(_, q)| format!("{:>11}", cell(q))).collect();
        let name = if subject.is_network() { "whole network" } else { subject.as_str() };
        say(format!("{name:<width$}{cells}"));
    }
    say("");
}
