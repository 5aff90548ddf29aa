//! How well a diagnosis does.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fault::Fault;
use crate::half::Half;
use crate::judged::{Judged, State};

/// Counts over trainings whose trouble is known.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// Sick trainings.
    pub sick: usize,
    /// Of these, those in which a right rule fired.
    pub found: usize,
    /// Of the sick, those in which any rule fired.
    pub alarmed: usize,
    /// Healthy trainings.
    pub healthy: usize,
    /// Of these, those in which any rule fired on the whole run.
    pub false_alarms: usize,
    /// Of the healthy, those in which any rule fired on the rows so far at some look.
    pub passing_false_alarms: usize,
    /// Trainings with a fault of degree that did no harm.
    pub unharmed: usize,
    /// Sick trainings with a fault in one layer.
    pub local: usize,
    /// Of these, those of which a right rule named that layer.
    pub right_layer: usize,
    /// By rule.
    pub rules: BTreeMap<&'static str, RuleScore>,
    /// By fault.
    pub faults: BTreeMap<Fault, FaultScore>,
    /// The rules of SageMaker Debugger on the same trainings.
    pub sagemaker: Baseline,
}

/// Counts of one rule.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct RuleScore {
    /// Trainings in which it fired and was right, or said what follows from the fault.
    pub right: usize,
    /// Trainings in which it fired and was wrong.
    pub wrong: usize,
    /// Sick trainings whose fault it may find.
    pub expected: usize,
    /// Of these, those in which it fired.
    pub found: usize,
}

/// Counts of one fault.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FaultScore {
    /// Sick trainings.
    pub sick: usize,
    /// Of these, those in which a right rule fired.
    pub found: usize,
    /// Of these, those of which a right rule named the layer.
    pub right_layer: usize,
    /// By how many steps a right rule fired before the loss showed the fault, where both did.
    pub leads: Vec<i64>,
    /// Trainings in which a right rule fired and the loss never showed the fault.
    pub never_shown: usize,
}

/// Counts of a set of rules with which it cannot be said whether they are right.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Baseline {
    /// Sick trainings in which any rule fired.
    pub alarmed: usize,
    /// Healthy trainings in which any rule fired.
    pub false_alarms: usize,
    /// By rule: sick and healthy trainings in which it fired.
    pub rules: BTreeMap<&'static str, [usize; 2]>,
}

impl Score {
    /// Counts the trainings of one part of the benchmark.
    pub fn of_half(judged: &[Judged], half: Half) -> Self {
        Self::of(judged.iter().filter(|judged| judged.half == half))
    }

    /// Counts trainings.
    pub fn of<'a>(judged: impl IntoIterator<Item = &'a Judged>) -> Self {
        let mut score = Self {
            sick: 0,
            found: 0,
            alarmed: 0,
            healthy: 0,
            false_alarms: 0,
            passing_false_alarms: 0,
            unharmed: 0,
            local: 0,
            right_layer: 0,
            rules: BTreeMap::new(),
            faults: BTreeMap::new(),
            sagemaker: Baseline::default(),
        };
        for judged in judged {
            match judged.state {
                State::Healthy => score.count_healthy(judged),
                State::Sick => score.count_sick(judged),
                // It is neither right nor wrong to find what does no harm.
                State::Unharmed => score.unharmed += 1,
            }
        }
        score
    }

    fn count_healthy(&mut self, judged: &Judged) {
        self.healthy += 1;
        self.false_alarms += usize::from(!judged.rules.is_empty());
        self.passing_false_alarms +=
            usize::from(!judged.rules.is_empty() || judged.alarm_at.is_some());
        for rule in &judged.rules {
            self.rules.entry(rule).or_default().wrong += 1;
        }
        self.sagemaker.false_alarms += usize::from(!judged.sagemaker.is_empty());
        for rule in &judged.sagemaker {
            self.sagemaker.rules.entry(rule).or_default()[1] += 1;
        }
    }

    fn count_sick(&mut self, judged: &Judged) {
        let (is_found, has_layer) = (judged.is_found(), judged.fault.has_layer());
        self.sick += 1;
        self.found += usize::from(is_found);
        self.alarmed += usize::from(!judged.rules.is_empty());
        self.local += usize::from(has_layer);
        self.right_layer += usize::from(has_layer && judged.names_layer);
        for rule in &judged.rules {
            let counts = self.rules.entry(rule).or_default();
            counts.right += usize::from(!judged.is_wrong(rule));
            counts.wrong += usize::from(judged.is_wrong(rule));
        }
        for rule in judged.fault.rules() {
            let counts = self.rules.entry(rule).or_default();
            counts.expected += 1;
            counts.found += usize::from(judged.rules.contains(rule));
        }
        let fault = self.faults.entry(judged.fault).or_default();
        fault.sick += 1;
        fault.found += usize::from(is_found);
        fault.right_layer += usize::from(has_layer && judged.names_layer);
        match (judged.found_at, judged.shown_at) {
            (Some(found), Some(shown)) => fault.leads.push(shown as i64 - found as i64),
            (Some(_), None) => fault.never_shown += 1,
            (None, _) => {}
        }
        self.sagemaker.alarmed += usize::from(!judged.sagemaker.is_empty());
        for rule in &judged.sagemaker {
            self.sagemaker.rules.entry(rule).or_default()[0] += 1;
        }
    }

    /// Returns the share of sick trainings in which a right rule fired.
    pub fn recall(&self) -> f64 {
        share(self.found, self.sick)
    }

    /// Returns the share of healthy trainings in which any rule fired.
    pub fn false_alarm_rate(&self) -> f64 {
        share(self.false_alarms, self.healthy)
    }

    /// Returns the share of trainings with a fault in one layer of which that layer was named.
    pub fn right_layers(&self) -> f64 {
        share(self.right_layer, self.local)
    }
}

impl RuleScore {
    /// Returns the share of alarms that are right.
    pub fn precision(&self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    /// Returns the share of trainings that it may find in which it fired.
    pub fn recall(&self) -> f64 {
        share(self.found, self.expected)
    }
}

impl FaultScore {
    /// Returns the median lead in steps, where the loss showed the fault at all.
    pub fn median_lead(&self) -> Option<i64> {
        let mut leads = self.leads.clone();
        leads.sort_unstable();
        leads.get(leads.len() / 2).copied()
    }

    /// Returns how many were found before the loss showed them, or though it never did.
    pub fn found_first(&self) -> usize {
        self.leads.iter().filter(|lead| **lead > 0).count() + self.never_shown
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}
