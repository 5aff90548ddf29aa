//! `backdraft zoo`.

use anyhow::anyhow;
use backdraft_lab::{BACKENDS, Backend};
use backdraft_zoo::{CHECKS, architectures, networks};
use burn::tensor::Device;
use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::print::{say, say_json};

#[derive(Debug, Args)]
pub(super) struct ZooArguments {
    /// Run every conformance check on every architecture and preset.
    #[arg(long)]
    check: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn zoo(arguments: &ZooArguments) -> Result<(), Failure> {
    if arguments.check { check(arguments.json) } else { list(arguments.json) }
}

fn list(is_json: bool) -> Result<(), Failure> {
    if is_json {
        let entries: Vec<_> = networks()
            .map(|(name, config)| {
                json!({
                    "name": name, "parameters": config.num_learned(), "config": config,
                })
            })
            .collect();
        return say_json(&entries);
    }
    for entry in architectures() {
        say(format!("{}: {}", entry.name, entry.about));
        let presets = entry.presets.iter().map(|(name, config)| (*name, config));
        for (name, config) in std::iter::once((entry.name, &entry.default)).chain(presets) {
            say(format!("  {name:28} {:>12} parameters", config.num_learned()));
        }
        say("");
    }
    say(
        "The documentation of each crate lists the settings; use them as in `backdraft xray --model NAME --set …`.",
    );
    Ok(())
}

fn check(is_json: bool) -> Result<(), Failure> {
    let devices: Vec<Device> = BACKENDS
        .iter()
        .filter(|backend| backend.is_built_in())
        .map(|backend| Backend::select(Some(backend.name)).map(|(_, device)| device))
        .collect::<Result<_, _>>()
        .map_err(Failure::input)?;
    let mut reports = Vec::new();
    if !is_json {
        for (index, check) in CHECKS.iter().enumerate() {
            say(format!("{:>2}  {check}", index + 1));
        }
        let numbers: String = (1..=CHECKS.len()).map(|n| format!("{n:>4}")).collect();
        say(format!("\n{:28}{numbers}", ""));
    }
    for (name, config) in networks() {
        let report = config.miniature().conform(&devices);
        if !is_json {
            let cell = |fault: &Option<String>| if fault.is_none() { "   ✓" } else { "   ✗" };
            let cells: String = report.iter().map(|check| cell(&check.fault)).collect();
            say(format!("{name:28}{cells}"));
        }
        reports.push((name, report));
    }
    let faults: Vec<String> = reports
        .iter()
        .flat_map(|(name, report)| report.iter().map(move |check| (name, check)))
        .filter_map(|(name, check)| {
            check.fault.as_ref().map(|fault| format!("{name}, {}: {fault}", check.check))
        })
        .collect();
    if is_json {
        let entries: Vec<_> =
            reports.iter().map(|(name, report)| json!({"name": name, "checks": report})).collect();
        say_json(&entries)?;
    }
    match faults.first() {
        None => Ok(()),
        Some(first) if faults.len() == 1 => Err(Failure::Run(anyhow!("{first}"))),
        Some(first) => Err(Failure::Run(anyhow!("{} faults; {first}", faults.len()))),
    }
}
