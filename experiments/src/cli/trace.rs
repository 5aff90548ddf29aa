//! `backdraft compare --trace`.

use std::path::Path;

use anyhow::anyhow;
use backdraft_lab::{Course, Trace, TracedRuns};

use super::failure::Failure;
use super::print::{number, say, say_json};

/// Compares two trainings measurement by measurement.
///
/// # Errors
///
/// [`Failure::Run`] if they differ, [`Failure::Input`] if they cannot be compared.
pub(super) fn trace(
    out: &Path,
    names: &[String],
    tolerance: f64,
    is_json: bool,
) -> Result<(), Failure> {
    let [first, second] = names else {
        let count = names.len();
        return Err(Failure::Input(anyhow!("`--trace` compares two trainings, not {count}")));
    };
    if tolerance.is_nan() || tolerance < 0.0 {
        return Err(Failure::Input(anyhow!(
            "--tolerance {tolerance} is not possible: a relative difference is 0 or more"
        )));
    }
    let courses = |name: &str| Course::all(out, name).map_err(Failure::Input);
    let traced = TracedRuns::between(&courses(first)?, &courses(second)?, tolerance);
    let traced = traced.map_err(Failure::Input)?;
    if is_json {
        say_json(&traced)?;
    } else {
        print(&traced, tolerance);
    }
    let Some(step) = traced.first().and_then(|(_, trace)| Some(trace.first.as_ref()?.step)) else {
        return Ok(());
    };
    Err(Failure::Run(anyhow!("the trainings differ from step {step} on")))
}

fn print(traced: &TracedRuns, tolerance: f64) {
    let sum = |of: fn(&Trace) -> usize| traced.trainings.iter().map(|(_, t)| of(t)).sum::<usize>();
    let (count, compared) = (traced.trainings.len(), sum(|trace| trace.compared));
    let within = if tolerance > 0.0 {
        format!("within a relative difference of {}", number(tolerance))
    } else {
        "to the bit".to_owned()
    };
    say(format!("{compared} measurements of {count} trainings are in both."));
    let (first, second) = (sum(|trace| trace.only_first), sum(|trace| trace.only_second));
    if first + second > 0 {
        say(format!("Only the first has {first} more, only the second {second}."));
    }
    if traced.unmatched > 0 {
        say(format!("{} trainings are in one only.", traced.unmatched));
    }
    let Some((name, trace)) = traced.first() else {
        let largest = traced.trainings.iter().map(|(_, trace)| trace.largest_before);
        let largest = largest.fold(0.0, f64::max);
        let largest = if largest > 0.0 {
            format!("; the largest difference is {}", number(largest))
        } else {
            String::new()
        };
        say(format!("They are equal {within}{largest}."));
        return;
    };
    let Some(found) = &trace.first else { return };
    say(format!("\nFirst difference, in {name}:"));
    say(format!("  step {}, {} of {}", found.step, found.quantity, found.subject));
    let values = [found.first, found.second];
    say(format!(
        "  {:e} against {:e}: a relative difference of {:.1e}",
        values[0], values[1], found.relative
    ));
    let before = number(trace.largest_before);
    say(format!(
        "  before it, {} measurements are equal {within}; the largest difference among them is {before}",
        trace.equal_before
    ));
    let differing = traced.trainings.iter().filter(|(_, trace)| trace.first.is_some()).count();
    if count > 1 {
        say(format!("{differing} of {count} trainings differ."));
    }
}
