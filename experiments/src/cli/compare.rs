//! `backdraft compare`.

use std::path::PathBuf;

use anyhow::anyhow;
use backdraft_lab::RUNS;
use backdraft_views::comparison::{
    Compared, Comparison, Outcome, compare as side_by_side, difference, estimate, letter, page,
};
use backdraft_views::report::measured;
use clap::Args;

use super::failure::Failure;
use super::file::write_file;
use super::opened::Opened;
use super::print::{say, say_json};
use super::trace::trace;
use crate::laboratory::Laboratory;

/// The arguments of `backdraft compare`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompareArguments {
    /// Runs of one experiment: each a path, an id or the start of one, or `latest`.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<String>,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    /// Also write the comparison as a page, with the figures of all runs.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Find where two trainings first differ: the earliest step, layer and quantity. Either may also be a
    /// file of rows, as JSON lines or CSV. Exit code 1 if they differ.
    #[arg(long, conflicts_with = "html")]
    trace: bool,
    /// With `--trace`: the relative difference up to which two values are equal.
    #[arg(
        long,
        requires = "trace",
        default_value_t = 0.0,
        value_name = "X",
        allow_negative_numbers = true
    )]
    tolerance: f64,
}

const EXAMPLES: &str = "\
Differences are from the first run, with 95 % intervals, paired by seed where the seeds are the same.
* marks an interval that excludes zero difference.

Examples:
  backdraft compare 047563 9acb04
  backdraft compare 047563 9acb04 --html comparison.html
  backdraft compare --trace 047563 9acb04 --tolerance 1e-4
  backdraft compare --trace runs/sigmoid-vs-relu/047563/measurements/trial.jsonl log.csv";

pub(super) fn compare(
    arguments: &CompareArguments,
    laboratory: &Laboratory,
) -> Result<(), Failure> {
    if arguments.trace {
        let CompareArguments { runs, out, tolerance, json, .. } = arguments;
        return trace(out, runs, *tolerance, *json);
    }
    let opened = arguments.runs.iter().map(|name| Opened::find(laboratory, &arguments.out, name));
    let opened = opened.collect::<Result<Vec<Opened>, _>>()?;
    let first = &opened[0].manifest.experiment;
    if let Some(other) = opened.iter().find(|run| run.manifest.experiment != *first) {
        return Err(Failure::Input(anyhow!(
            "`{}` is a run of `{}`, but `{}` is one of `{first}`: only runs of one experiment can be compared",
            other.manifest.id,
            other.manifest.experiment,
            opened[0].manifest.id
        )));
    }
    let runs = opened.iter().map(|run| Compared {
        manifest: &run.manifest,
        results: &run.results,
        pictures: run.pictures(),
    });
    let runs: Vec<Compared> = runs.collect();
    let comparison = side_by_side(&runs);
    if let Some(path) = &arguments.html {
        let html = page(&comparison, &runs).map_err(Failure::run)?;
        write_file(path, |file| file.write_all(html.as_bytes()))?;
    }
    if arguments.json {
        return say_json(&comparison);
    }
    print(&comparison, &runs);
    if let Some(path) = &arguments.html {
        say(format!("\npage: {}", path.display()));
    }
    Ok(())
}

fn print(comparison: &Comparison, runs: &[Compared]) {
    for (index, run) in runs.iter().enumerate() {
        say(format!("{}  {}  {}", letter(index), run.manifest.id, run.manifest.command));
    }
    if !comparison.settings.is_empty() {
        say("\nDifferent settings:");
    }
    for (key, values) in &comparison.settings {
        say(format!("  {key}"));
        for (index, value) in values.iter().enumerate() {
            say(format!("    {}  {value}", letter(index)));
        }
    }
    say("\nVerdicts:");
    for claim in &comparison.claims {
        say(format!("  {}", claim.statement));
        for (index, conclusion) in claim.conclusions.iter().enumerate() {
            let text = conclusion.as_ref().map_or("not judged".to_owned(), |(ruling, effect)| {
                let effect = effect.as_ref().map(measured).unwrap_or_default();
                format!("{ruling:<12} {effect}")
            });
            say(format!("    {}  {text}", letter(index)));
        }
    }
    let same = |a: &Outcome, b: &Outcome| a.quantity == b.quantity;
    for alike in comparison.outcomes.chunk_by(same) {
        say(format!("\n{}", alike[0].quantity));
        alike.iter().for_each(print_outcome);
    }
    if comparison.unmatched > 0 {
        say(format!("\n{} variants are missing from some runs.", comparison.unmatched));
    }
}

fn print_outcome(outcome: &Outcome) {
    let means = outcome.means.iter().enumerate();
    let means: Vec<String> =
        means.map(|(i, mean)| format!("{} {}", letter(i), estimate(mean.as_ref()))).collect();
    say(format!("  {}", outcome.variant.in_words()));
    say(format!("    {}", means.join("   ")));
    let sign = if outcome.is_ratio { "/" } else { "−" };
    for (index, found) in outcome.differences.iter().enumerate() {
        let is_different = found.is_some_and(|found| outcome.is_different(&found));
        let star = if is_different { " *" } else { "" };
        say(format!("    {} {sign} A  {}{star}", letter(index + 1), difference(found.as_ref())));
    }
}
