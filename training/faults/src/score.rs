//! How well a diagnosis does.

use std::collections::BTreeMap;
use std::fmt;

use backdraft_rows::Finding;

use crate::fault::Fault;
use crate::training::Training;

/// Counts over trainings whose trouble is known.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// By fault: trainings, those in which a right rule fired, those in which it named the right layer.
    faults: BTreeMap<Fault, [usize; 3]>,
    /// By rule: trainings in which it fired rightly and wrongly.
    rules: BTreeMap<&'static str, [usize; 2]>,
    /// What was missed, named wrongly or found in healthy trainings.
    mistakes: Vec<String>,
}

impl Score {
    /// Counts what a diagnosis found in a training.
    pub fn count(&mut self, training: &Training, findings: &[Finding]) {
        let expected = training.fault.rules();
        let right: Vec<&Finding> = findings.iter().filter(|f| expected.contains(&f.rule)).collect();
        let names_layer = right.iter().any(|finding| names_layer(training, finding));
        let counts = self.faults.entry(training.fault).or_default();
        let is_found = if expected.is_empty() { findings.is_empty() } else { !right.is_empty() };
        counts[0] += 1;
        counts[1] += usize::from(is_found);
        counts[2] += usize::from(names_layer);
        let mut rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let mut is_wrong = false;
        for rule in rules {
            let Some(finding) = findings.iter().find(|finding| finding.rule == rule) else {
                continue;
            };
            let is_right = expected.contains(&finding.rule)
                || training.fault.consequences().contains(&finding.rule);
            self.rules.entry(finding.rule).or_default()[usize::from(!is_right)] += 1;
            is_wrong |= !is_right;
        }
        if !is_found || is_wrong || (training.fault.has_layer() && !names_layer) {
            let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
            self.mistakes.push(format!("{training:?}: {}", said.join(" | ")));
        }
    }

    /// Returns the share of sick trainings in which a right rule fired.
    pub fn recall(&self) -> f64 {
        let sick = || self.faults.iter().filter(|(fault, _)| **fault != Fault::None);
        share(sick().map(|(_, counts)| counts[1]).sum(), sick().map(|(_, counts)| counts[0]).sum())
    }

    /// Returns the share of healthy trainings in which any rule fired.
    pub fn false_alarms(&self) -> f64 {
        let [all, silent, _] = self.faults.get(&Fault::None).copied().unwrap_or_default();
        share(all - silent, all)
    }

    /// Returns the share of trainings with a fault in one layer of which that layer was named.
    pub fn right_layers(&self) -> f64 {
        let local = || self.faults.iter().filter(|(fault, _)| fault.has_layer());
        share(
            local().map(|(_, counts)| counts[2]).sum(),
            local().map(|(_, counts)| counts[0]).sum(),
        )
    }

    /// Returns what was missed, named wrongly or found in healthy trainings, one line each.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn names_layer(training: &Training, finding: &Finding) -> bool {
    let path = finding.subject.path();
    let path = path.strip_prefix("module.").unwrap_or(path);
    match training.fault {
        Fault::Unused => path == "unused",
        fault => {
            let layer = training.program.middle();
            let rest = path.strip_prefix(layer);
            fault.has_layer() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| fault | trainings | found | right layer |\n|---|---|---|---|")?;
        for (fault, [all, found, layer]) in &self.faults {
            let layer = if fault.has_layer() { layer.to_string() } else { "–".to_owned() };
            writeln!(f, "| {fault:?} | {all} | {found} | {layer} |")?;
        }
        writeln!(f, "\n| rule | right | wrong | precision |\n|---|---|---|---|")?;
        for (rule, [right, wrong]) in &self.rules {
            writeln!(f, "| {rule} | {right} | {wrong} | {:.3} |", share(*right, right + wrong))?;
        }
        let (recall, alarms, layers) = (self.recall(), self.false_alarms(), self.right_layers());
        write!(f, "\nrecall {recall:.3}, false alarms {alarms:.3}, right layer {layers:.3}")
    }
}
