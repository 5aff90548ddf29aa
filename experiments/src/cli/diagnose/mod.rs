//! `backdraft diagnose`: what is wrong with a training, from its log.

mod places;
mod told;

use std::path::PathBuf;

use anyhow::anyhow;
use backdraft_rows::{
    Finding, Log, LogReader, TagPattern, TagTable, Thresholds, diagnose as judge,
};
use backdraft_views::report::logs_page;
use clap::Args;
use serde::Serialize;

use super::failure::Failure;
use super::file::write_file;
use super::print::{say, say_json};
use places::{Place, places};
use told::{print, print_comparison};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiagnoseArguments {
    /// Logs: event files of TensorBoard, .csv, .tsv, .jsonl, .json, folders with such, or runs of
    /// Backdraft by their folders.
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Say which quantity tags are, the subject being what `*` stands for; without a quantity, such tags
    /// are left out. May be repeated.
    #[arg(long = "map", value_name = "TAG-PATTERN=QUANTITY")]
    map: Vec<String>,
    /// The column or key that holds the step [default: step, _step, global_step and the like].
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// Also write a page with the findings, the norms layer by layer and their course.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Tags of Lightning, Composer, torchtitan, Hugging Face and W&B are known; docs/pytorch.md has fifteen
lines of PyTorch that log what the diagnosis wants.

Examples:
  backdraft diagnose lightning_logs/version_0
  backdraft diagnose metrics.csv --map 'norms/*/grad=gradient_norm' --report diagnosis.html
  backdraft diagnose before.jsonl after.jsonl";

/// One training: its log and what is wrong with it.
struct Diagnosed {
    name: String,
    log: Log,
    findings: Vec<Finding>,
}

pub(super) fn diagnose(arguments: &DiagnoseArguments) -> Result<(), Failure> {
    let patterns: Result<Vec<TagPattern>, _> =
        arguments.map.iter().map(|map| map.parse()).collect();
    let tags = TagTable::default().with_patterns(patterns.map_err(Failure::input)?);
    let reader = LogReader { tags, step: arguments.step.clone() };
    let mut trainings = Vec::new();
    for path in &arguments.logs {
        let found = places(path)?;
        let first = trainings.len();
        for place in found {
            trainings.push(diagnosed(place, &reader)?);
        }
        let is_recognised = |training: &Diagnosed| !training.log.rows.is_empty();
        if !trainings[first..].iter().any(is_recognised) {
            return Err(nothing_recognised(path, &trainings[first..]));
        }
    }
    if let Some(path) = &arguments.report {
        let logs = trainings.iter().map(|training| (&*training.name, &*training.log.rows));
        let html = logs_page(logs).map_err(Failure::run)?;
        write_file(path, |file| file.write_all(html.as_bytes()))?;
    }
    if arguments.json {
        return say_json(&Answer { trainings: trainings.iter().map(Training::of).collect() });
    }
    for training in &trainings {
        print(training, trainings.len() > 1);
    }
    print_comparison(&trainings);
    if let Some(path) = &arguments.report {
        say(format!("page: {}", path.display()));
    }
    Ok(())
}

fn diagnosed(place: Place, reader: &LogReader) -> Result<Diagnosed, Failure> {
    let log = reader.read(&place.files).map_err(Failure::input)?;
    let findings = judge(&log.rows, &Thresholds::default());
    Ok(Diagnosed { name: place.name, log, findings })
}

fn nothing_recognised(path: &std::path::Path, trainings: &[Diagnosed]) -> Failure {
    let path = path.display();
    let tags: Vec<&str> = trainings
        .iter()
        .flat_map(|training| training.log.unknown.first.iter().map(String::as_str))
        .take(told::NAMED)
        .collect();
    if tags.is_empty() {
        return Failure::Input(anyhow!("{path}: the log holds no numbers under tags"));
    }
    Failure::Input(anyhow!(
        "{path}: no tag is known; say what they are with `--map 'TAG-PATTERN=QUANTITY'`, such as \
         `--map 'norms/*=gradient_norm'`: {}",
        tags.join(", ")
    ))
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    trainings: Vec<Training<'a>>,
}

#[derive(Serialize)]
struct Training<'a> {
    name: &'a str,
    /// The first and the last step with a row.
    steps: Option<(u64, u64)>,
    rows: usize,
    /// Quantities with the number of subjects of each.
    quantities: Vec<(String, usize)>,
    unknown_tags: usize,
    first_unknown_tags: &'a [String],
    is_torn: bool,
    replaced: usize,
    findings: &'a [Finding],
}

impl<'a> Training<'a> {
    fn of(training: &'a Diagnosed) -> Self {
        let Diagnosed { name, log, findings } = training;
        let rows = &log.rows;
        Self {
            name,
            steps: rows.first().zip(rows.last()).map(|(first, last)| (first.step, last.step)),
            rows: rows.len(),
            quantities: told::quantities(rows),
            unknown_tags: log.unknown.count,
            first_unknown_tags: &log.unknown.first,
            is_torn: log.is_torn,
            replaced: log.replaced,
            findings,
        }
    }
}
