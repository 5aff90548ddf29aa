//! What is wrong with the networks, in words.

use std::collections::BTreeMap;

use backdraft_record::{Factors, TrialResult};
use backdraft_rows::{Finding, QuantityName, RULES, Thresholds, diagnose};
use backdraft_text::quoted;
use maud::{Markup, html};

/// Variants of a rule that are shown without being asked for.
const SHOWN: usize = 4;

/// One rule's findings in one variant.
struct Trouble<'a> {
    variant: &'a Factors,
    /// Seeds in which it was found, and all of them.
    seeds: (usize, usize),
    /// What was found first in the first of these seeds.
    first: Finding,
    /// Subjects that show it in that seed.
    subjects: usize,
    /// The command that replays the step since which it shows; `None` if it shows from the start, or
    /// nothing was trained.
    command: Option<String>,
}

/// The findings, rule by rule. Trials of a `run` can be replayed, logs of other programs cannot.
pub(super) fn diagnosis(run: Option<&str>, variants: &[(&Factors, Vec<&TrialResult>)]) -> Markup {
    let mut troubles: BTreeMap<&str, Vec<Trouble>> = BTreeMap::new();
    for (variant, trials) in variants {
        for (rule, trouble) in in_variant(run, variant, trials) {
            troubles.entry(rule).or_default().push(trouble);
        }
    }
    html! {
        section aria-labelledby="diagnosis" {
            h2 id="diagnosis" { "Diagnosis" }
            @if troubles.is_empty() {
                p { "None of " (RULES.len()) " rules found trouble in what was measured." }
            }
            @for rule in RULES {
                @if let Some(found) = troubles.get(rule.name()) { (of_rule(rule.name(), found)) }
            }
        }
    }
}

fn in_variant<'a>(
    run: Option<&str>,
    variant: &'a Factors,
    trials: &[&TrialResult],
) -> BTreeMap<&'static str, Trouble<'a>> {
    let mut troubles: BTreeMap<&str, Trouble> = BTreeMap::new();
    for trial in trials {
        let findings = diagnose(&trial.rows, &Thresholds::default());
        for alike in findings.chunk_by(|a, b| a.rule == b.rule) {
            let trouble = troubles.entry(alike[0].rule).or_insert_with(|| Trouble {
                variant,
                seeds: (0, trials.len()),
                first: alike[0].clone(),
                subjects: alike.len(),
                command: command(run, trial, alike[0].since),
            });
            trouble.seeds.0 += 1;
        }
    }
    troubles
}

/// Returns the command that replays a step of a trial.
fn command(run: Option<&str>, trial: &TrialResult, step: u64) -> Option<String> {
    let run = run?;
    let is_trained = trial.course(&QuantityName::LOSS).next().is_some();
    let name = quoted(&trial.name());
    (step > 0 && is_trained).then(|| format!("backdraft replay {run} {name} --at {step}"))
}

fn of_rule(rule: &str, troubles: &[Trouble]) -> Markup {
    let first = &troubles[0].first;
    let (shown, others) = troubles.split_at(troubles.len().min(SHOWN));
    html! {
        h3 { (rule) }
        p {
            (first.remedy) "."
            @if let Some(experiment) = first.experiment {
                " Shown by " code { "backdraft run " (experiment) } "."
            }
        }
        ul class="findings" { @for trouble in shown { (entry(trouble)) } }
        @if !others.is_empty() {
            details {
                summary { (others.len()) " more variants" }
                ul class="findings" { @for trouble in others { (entry(trouble)) } }
            }
        }
    }
}

fn entry(trouble: &Trouble) -> Markup {
    let Finding { subject, since, evidence, .. } = &trouble.first;
    html! {
        li {
            b { (trouble.variant.in_words()) }
            " (" (trouble.seeds.0) " of " (trouble.seeds.1) " seeds): since step " (since) ", in "
            @if subject.is_network() { "the whole network" } @else { span class="path" { (subject) } }
            @if trouble.subjects > 1 { " and " (trouble.subjects - 1) " more" }
            ": " (evidence) "."
            @if let Some(command) = &trouble.command { " Replay: " code { (command) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::Ending;
    use backdraft_rows::Row;

    #[test]
    fn a_finding_of_a_later_step_has_the_command_that_replays_it() {
        let leap = |step| if step == 30 { 1e6 } else { 1.0 + 0.1 * f64::from(step % 3) };
        let row = |step: i32| Row::of_network(step as u64, QuantityName::LOSS, leap(step));
        let factors = Factors::new([("depth", "3".to_owned())]);
        let rows = (0..40).map(row).collect();
        let trial = TrialResult { factors, seed: 7, rows, ending: Ending::Finished };
        let html = diagnosis(Some("0123"), &[(&trial.factors, vec![&trial])]).into_string();
        let command = "Replay: <code>backdraft replay 0123 'depth-3.seed-7' --at 30</code>";
        assert!(html.contains(command), "{html}");
        assert_eq!(super::command(Some("0123"), &trial, 0), None);
    }
}
