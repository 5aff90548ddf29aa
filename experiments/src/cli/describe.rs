//! `backdraft describe`.

use backdraft_record::Preset;
use clap::Args;
use serde_json::json;

use super::by_name::by_name;
use super::failure::Failure;
use super::print::{say, say_json};
use crate::laboratory::Laboratory;

#[derive(Debug, Args)]
pub(super) struct DescribeArguments {
    /// Name of the experiment.
    name: String,
    /// The preset whose settings are shown.
    #[arg(long, default_value_t, value_parser = by_name::<Preset>())]
    preset: Preset,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn describe(
    arguments: &DescribeArguments,
    laboratory: &Laboratory,
) -> Result<(), Failure> {
    let experiment = laboratory.experiment(&arguments.name)?;
    let about = experiment.about();
    let settings = experiment.settings(arguments.preset, &[]).map_err(Failure::run)?;
    if arguments.json {
        return say_json(&json!({ "about": about, "settings": settings }));
    }
    say(format!("{}: {}\n\n{}\n", about.name, about.title, about.question));
    say("Claims, and the rules that judge them:");
    for claim in about.claims {
        say(format!("  {}\n    {}\n    Rule: {}", claim.id, claim.statement, claim.rule));
    }
    say(format!("\nSettings of the preset {} (change with --set KEY=VALUE):", arguments.preset));
    for (key, value) in &settings {
        say(format!("  {key} = {value}"));
    }
    say("\nSources:");
    about.sources.iter().for_each(|source| say(format!("  {source}")));
    Ok(())
}
