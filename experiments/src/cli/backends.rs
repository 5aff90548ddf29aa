//! `backdraft backends`.

use anyhow::anyhow;
use backdraft_lab::parity::{Difference, Subject, difference, subjects};
use backdraft_lab::{AMPLIFIED, BACKENDS, Backend};
use backdraft_text::{in_one_line, unknown};
use burn::tensor::Device;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::failure::Failure;
use super::print::{note, say, say_json};
use crate::laboratory::Laboratory;

#[derive(Debug, Args)]
pub(super) struct BackendsArguments {
    /// Measure every network of the zoo, and the first step of every experiment, on all back ends
    /// that are built in, and compare them with the first one.
    #[arg(long)]
    check: bool,
    /// Check only these networks and experiments.
    #[arg(requires = "check")]
    names: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn backends(
    arguments: &BackendsArguments,
    laboratory: &Laboratory,
) -> Result<(), Failure> {
    if arguments.check {
        check(&arguments.names, arguments.json, laboratory)
    } else if arguments.json {
        list_json()
    } else {
        list()
    }
}

fn list_json() -> Result<(), Failure> {
    let default = Backend::named(None).map_err(Failure::input)?;
    let entry = |backend: &Backend| {
        json!({
            "name": backend.name,
            "about": backend.about,
            "built_in": backend.is_built_in(),
            "default": backend.name == default.name,
            "devices": backend.devices(),
            "needs": backend.needs,
            "debian": backend.debian,
            "build": backend.build_command(),
            "tolerance": backend.tolerance,
            "tolerance_reason": backend.reason,
        })
    };
    say_json(&BACKENDS.iter().map(entry).collect::<Vec<_>>())
}

fn list() -> Result<(), Failure> {
    let default = Backend::named(None).map_err(Failure::input)?;
    let more = |line: &dyn std::fmt::Display| say(format!("{:28}{line}", ""));
    for backend in BACKENDS {
        let state = if backend.name == default.name {
            "built in, default"
        } else if backend.is_built_in() {
            "built in"
        } else {
            "not built in"
        };
        say(format!("{:<9}{state:<19}{}", backend.name, backend.about));
        let devices = backend.devices();
        for device in &devices {
            let target = device.target.as_ref().map(|target| format!(" ({target})"));
            more(&format!("device: {}{}", device.name, target.unwrap_or_default()));
            if let Some(fault) = device.fault {
                more(&format!("cannot be used: {fault}"));
            }
        }
        if !backend.is_built_in() {
            more(&backend.build_command());
        } else if devices.is_empty() {
            more(&"no device found");
        }
        if devices.is_empty() && !backend.needs.is_empty() {
            more(&format!("needs {}; on Debian: {}", backend.needs, backend.debian));
        }
    }
    Ok(())
}

/// The result of a subject on a back end.
#[derive(Serialize)]
struct Cell {
    backend: &'static str,
    difference: Option<Difference>,
    fault: Option<String>,
}

fn check(names: &[String], is_json: bool, laboratory: &Laboratory) -> Result<(), Failure> {
    let subjects = chosen(names, laboratory)?;
    let built_in: Vec<&Backend> = BACKENDS.iter().filter(|b| b.is_built_in()).collect();
    let Some((reference, others)) = built_in.split_first() else { return Ok(()) };
    if others.is_empty() {
        let name = reference.name;
        let message =
            "so there is nothing to compare: build with `--features wgpu` or another back end";
        return Err(Failure::Input(anyhow!("only `{name}` is built in, {message}")));
    }
    let device = |backend: &&Backend| Backend::select(Some(backend.name)).map(|(_, device)| device);
    let reference = device(reference).map_err(Failure::input)?;
    // A back end without a device is reported once, and the others are checked.
    let (mut compared, mut absent) = (Vec::new(), Vec::new());
    for backend in others {
        match device(backend) {
            Ok(device) => compared.push((*backend, device)),
            Err(error) => absent.push(error),
        }
    }
    absent.iter().for_each(note);
    if !is_json {
        say_head(&compared);
    }
    let mut table = Vec::new();
    let mut faults = Vec::new();
    for subject in &subjects {
        let cells = cells(subject, &reference, &compared);
        if !is_json {
            say_row(subject, &cells);
        }
        let told = |cell: &Cell| {
            cell.fault
                .as_ref()
                .map(|fault| format!("{} on {}: {fault}", subject.name, cell.backend))
        };
        faults.extend(cells.iter().filter_map(told));
        table.push(json!({ "name": subject.name, "is_experiment": subject.is_experiment(),
            "cells": cells }));
    }
    if is_json {
        say_json(&table)?;
    }
    faults.iter().for_each(note);
    match (faults.len(), absent.into_iter().next()) {
        (0, None) => Ok(()),
        (0, Some(error)) => Err(Failure::input(error)),
        (count, _) => Err(Failure::Run(anyhow!("{count} differences are out of bounds"))),
    }
}

fn chosen(names: &[String], laboratory: &Laboratory) -> Result<Vec<Subject>, Failure> {
    let all = subjects(&laboratory.experiments());
    for name in names {
        if !all.iter().any(|subject| subject.name == name) {
            let known = all.iter().map(|subject| subject.name);
            return Err(Failure::Input(anyhow!(unknown("network or experiment", name, known))));
        }
    }
    let is_chosen = |subject: &Subject| names.is_empty() || names.iter().any(|n| n == subject.name);
    Ok(all.into_iter().filter(is_chosen).collect())
}

fn cells(subject: &Subject, reference: &Device, compared: &[(&Backend, Device)]) -> Vec<Cell> {
    let is_experiment = subject.is_experiment();
    let reference = subject.measure(reference).map_err(|error| in_one_line(&error));
    let cell = |(backend, device): &(&Backend, Device)| {
        let name = backend.name;
        let measured = subject.measure(device).map_err(|error| in_one_line(&error));
        let (difference, fault) = match (&reference, measured) {
            (Err(fault), _) => (None, Some(fault.clone())),
            (_, Err(fault)) => (None, Some(fault)),
            (Ok(reference), Ok(rows)) => match difference(reference, &rows) {
                None => (None, Some("nothing was measured".to_owned())),
                Some(worst) => {
                    let Difference { value, quantity, subject } = &worst;
                    let more = if is_experiment { AMPLIFIED } else { 1.0 };
                    let tolerance = more * backend.tolerance;
                    let fault = (*value > tolerance).then(|| {
                        format!("{quantity} of {subject} differs by {value:.1e}, more than {tolerance:.0e}")
                    });
                    (Some(worst), fault)
                }
            },
        };
        Cell { backend: name, difference, fault }
    };
    compared.iter().map(cell).collect()
}

const NAME_WIDTH: usize = 30;

fn say_head(compared: &[(&Backend, Device)]) {
    for (backend, _) in compared {
        let (name, tolerance, reason) = (backend.name, backend.tolerance, backend.reason);
        say(format!("{name}: at most {tolerance:.0e} from flex, as {reason}"));
    }
    say(format!("experiments: {AMPLIFIED} times that, as deep networks amplify rounding errors"));
    let names: String = compared.iter().map(|(b, _)| format!("{:>12}", b.name)).collect();
    say(format!("\n{:NAME_WIDTH$}{names}", "largest relative difference"));
}

fn say_row(subject: &Subject, cells: &[Cell]) {
    let text = |cell: &Cell| {
        let value =
            cell.difference.as_ref().map_or("—".to_owned(), |d| format!("{:.1e}", d.value));
        let mark = if cell.fault.is_some() { "✗" } else { " " };
        format!("{value:>11}{mark}")
    };
    let cells: String = cells.iter().map(text).collect();
    say(format!("{:NAME_WIDTH$}{cells}", subject.name));
}
