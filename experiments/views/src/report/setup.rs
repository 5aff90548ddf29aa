//! The bottom of a report: under what conditions it was measured, and how to repeat it.

use backdraft_record::{About, Ending, Manifest, Results};
use maud::{Markup, html};

use crate::page::prose;

/// Command, settings, versions, sources, and trials that ended early.
pub(super) fn setup(about: &About, manifest: &Manifest, results: &Results) -> Markup {
    let versions = &manifest.versions;
    let rows = [
        ("Backdraft", versions.backdraft.as_str()),
        ("Burn", &versions.burn),
        ("Platform", &versions.platform),
        ("Build", &versions.build),
        ("Back end", &manifest.backend),
        ("Device", &manifest.device),
    ];
    html! {
        section aria-labelledby="setup" {
            h2 id="setup" { "How it was measured" }
            p { "The command that repeats it:" }
            pre { (manifest.command) }
            // Without times, so that the same request gives the same bytes; `run.json` has them.
            p { (manifest.trials) " trials, seeds " (seeds(results)) "." }
            (endings(results))
            div class="charts" {
                div class="scrolling" tabindex="0" {
                    h3 { "Settings" }
                    table {
                        @for (key, value) in &manifest.settings {
                            tr { th scope="row" class="path" { (key) } td class="path" { (value) } }
                        }
                    }
                }
                div class="scrolling" tabindex="0" {
                    h3 { "Versions" }
                    table {
                        @for (name, value) in rows {
                            tr { th scope="row" { (name) } td class="path" { (value) } }
                        }
                    }
                }
            }
            h3 { "Sources" }
            ul { @for source in about.sources { li { (prose(source)) } } }
        }
    }
}

/// The seeds of all trials: a range where they are one.
fn seeds(results: &Results) -> String {
    let mut seeds: Vec<u64> = results.trials().iter().map(|trial| trial.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    match seeds.as_slice() {
        [] => "none yet".to_owned(),
        [first, .., last] if last - first == seeds.len() as u64 - 1 => format!("{first} to {last}"),
        seeds => seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn endings(results: &Results) -> Markup {
    let early = results.trials().iter().filter_map(|trial| {
        let how = match &trial.ending {
            Ending::Finished => return None,
            Ending::Diverged { step, subject } => format!("diverged at step {step} in {subject}"),
            Ending::Failed { message } => format!("failed: {message}"),
        };
        Some(format!("{} seed {}: {how}", trial.factors, trial.seed))
    });
    let early: Vec<String> = early.collect();
    html! {
        @if !early.is_empty() {
            p { "Trials that ended early:" }
            ul { @for line in early { li class="path" { (prose(&line)) } } }
        }
    }
}
