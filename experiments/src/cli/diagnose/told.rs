//! What is printed of a diagnosed training.

use std::collections::{BTreeSet, HashMap, HashSet};

use backdraft_rows::{QuantityName, Row, Subject};

use super::Diagnosed;
use crate::cli::print::say;
use crate::cli::xray::print_findings;

/// Unknown tags that are named.
pub(super) const NAMED: usize = 4;

/// Trainings that fit side by side.
const SIDE_BY_SIDE: usize = 6;

/// Prints what a log holds and what is wrong.
pub(super) fn print(training: &Diagnosed, has_others: bool) {
    let Diagnosed { name, log, findings } = training;
    let quantities = quantities(&log.rows);
    let listed: Vec<String> = quantities
        .iter()
        .map(|(quantity, count)| match count {
            1 => quantity.clone(),
            _ => format!("{quantity} of {count}"),
        })
        .collect();
    match (log.rows.first(), log.rows.last()) {
        (Some(first), Some(last)) => {
            let steps: HashSet<u64> = log.rows.iter().map(|row| row.step).collect();
            say(format!(
                "{name}: {} observed steps, {} to {}: {}",
                steps.len(),
                first.step,
                last.step,
                listed.join(", ")
            ));
        }
        _ => say(format!("{name}: nothing that a rule knows")),
    }
    notes(training);
    if findings.is_empty() && !log.rows.is_empty() {
        // What nobody could read is not sound for that.
        let judged = if log.unknown.count > 0 { " in what is recognised" } else { "" };
        say(format!("No trouble found{judged}."));
    }
    print_findings(findings);
    if has_others {
        say("");
    }
}

fn notes(training: &Diagnosed) {
    let log = &training.log;
    if log.unknown.count > 0 {
        let named = log.unknown.first.iter().take(NAMED).map(|tag| format!("`{tag}`"));
        let named = named.collect::<Vec<_>>().join(", ");
        let such_as = if log.unknown.count > NAMED { "such as " } else { "" };
        let (count, tags) =
            (log.unknown.count, if log.unknown.count == 1 { "tag" } else { "tags" });
        say(format!("    not recognised: {count} {tags}, {such_as}{named}"));
        say("    `--map 'TAG=QUANTITY'` says what a tag is, as in the examples of `--help`");
    }
    if log.is_torn {
        say("    the log ends within an entry, which is left out");
    }
    if log.replaced > 0 {
        say(format!(
            "    {} values were logged again for the same step: the last count",
            log.replaced
        ));
    }
    let has_layers = [QuantityName::GRADIENT_NORM, QuantityName::ACTIVATION_GRADIENT_NORM]
        .iter()
        .any(|quantity| log.rows.iter().any(|row| row.quantity == *quantity));
    if !log.rows.is_empty() && !has_layers {
        say("    no norms layer by layer, so nothing is said of depth: docs/pytorch.md logs them");
    }
}

/// Returns the quantities in the order of the log, with the number of subjects of each.
pub(super) fn quantities(rows: &[Row]) -> Vec<(String, usize)> {
    let mut found: Vec<(&QuantityName, HashSet<&Subject>)> = Vec::new();
    let mut places: HashMap<&QuantityName, usize> = HashMap::new();
    for row in rows {
        let place = *places.entry(&row.quantity).or_insert(found.len());
        if place == found.len() {
            found.push((&row.quantity, HashSet::new()));
        }
        found[place].1.insert(&row.subject);
    }
    found.into_iter().map(|(name, subjects)| (name.to_string(), subjects.len())).collect()
}

/// Prints in how many subjects each rule found trouble, training by training.
pub(super) fn print_comparison(trainings: &[Diagnosed]) {
    let rules: BTreeSet<&str> =
        trainings.iter().flat_map(|training| &training.findings).map(|f| f.rule).collect();
    if !(2..=SIDE_BY_SIDE).contains(&trainings.len()) || rules.is_empty() {
        return;
    }
    let letter = |index: usize| char::from(b'A' + index as u8);
    for (index, training) in trainings.iter().enumerate() {
        say(format!("{}  {}", letter(index), training.name));
    }
    let width = rules.iter().map(|rule| rule.len()).max().unwrap_or(0).max("findings of".len());
    let heads: String = (0..trainings.len()).map(|index| format!("{:>6}", letter(index))).collect();
    say(format!("\n{:<width$}{heads}", "findings of"));
    for rule in rules {
        let cell = |training: &Diagnosed| match training
            .findings
            .iter()
            .filter(|finding| finding.rule == rule)
            .count()
        {
            0 => format!("{:>6}", "–"),
            count => format!("{count:>6}"),
        };
        let cells: String = trainings.iter().map(cell).collect();
        say(format!("{rule:<width$}{cells}"));
    }
}
