//! What a diagnosis makes of a training whose trouble is known.

use backdraft_rows::{Finding, QuantityName, Row, Thresholds, diagnose};
use burn::tensor::Device;
use serde::Serialize;

use crate::error::Error;
use crate::fault::Fault;
use crate::half::Half;
use crate::program::Program;
use crate::run::is_within;
use crate::sagemaker::sagemaker;
use crate::training::Training;

/// The steps after which the rows so far are diagnosed, as a user would who watches a run.
const LOOKS: [u64; 18] = [0, 1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 41, 42, 43, 45, 50, 59];

/// The losses of so many steps are averaged before they are compared.
const AVERAGED: usize = 5;

/// The loss shows a fault when it exceeds the healthy twin's by this share of the twin's first.
const SHOWN: f64 = 0.25;

/// A fault of degree does harm if the loss at the end, over so many steps, exceeds the healthy twin's by this
/// share of the twin's first.
const HARM: f64 = 0.1;
const END: usize = 10;

/// Whether something is wrong with a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No fault was put in.
    Healthy,
    /// A fault was put in that is one by construction, or did harm.
    Sick,
    /// A fault of degree was put in, and the training did as well as its healthy twin.
    Unharmed,
}

/// What was found in a training.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Name of the architecture.
    pub program: &'static str,
    /// What was put in.
    pub fault: Fault,
    /// The seed.
    pub seed: u64,
    /// Whether activations were tapped.
    pub is_tapped: bool,
    /// Whether the optimiser was Adam.
    pub is_adam: bool,
    /// Where it belongs.
    pub half: Half,
    /// Whether something is wrong.
    pub state: State,
    /// Names of the rules that fired on the whole run, once each.
    pub rules: Vec<&'static str>,
    /// Whether a finding of a right rule names the layer at fault.
    pub names_layer: bool,
    /// The first step after which a right rule fired on the rows so far.
    pub found_at: Option<u64>,
    /// The first step after which any rule fired.
    pub alarm_at: Option<u64>,
    /// The first step at which the loss shows that something is wrong.
    pub shown_at: Option<u64>,
    /// The rules of SageMaker Debugger that fired.
    pub sagemaker: Vec<&'static str>,
    /// The findings as sentences.
    pub findings: Vec<String>,
}

impl Judged {
    /// Tells whether a rule is right about this training.
    pub fn is_right(&self, rule: &str) -> bool {
        self.state == State::Sick && self.fault.rules().contains(&rule)
    }

    /// Tells whether a rule says what is not so: neither the fault nor what follows from it.
    pub fn is_wrong(&self, rule: &str) -> bool {
        !self.fault.rules().contains(&rule) && !self.fault.consequences().contains(&rule)
    }

    /// Tells whether a right rule fired.
    pub fn is_found(&self) -> bool {
        self.rules.iter().any(|rule| self.is_right(rule))
    }

    /// Describes the training in a word or two each.
    pub fn title(&self) -> String {
        let optimizer = if self.is_adam { "Adam" } else { "SGD" };
        let taps = if self.is_tapped { "tapped" } else { "not tapped" };
        format!("{} {:?} {} ({optimizer}, {taps})", self.program, self.fault, self.seed)
    }
}

impl Training {
    /// Runs a training and its healthy twin, and judges what the diagnosis finds in each: first the twin.
    ///
    /// # Errors
    ///
    /// [`Error`] when the device failed.
    pub fn judge(&self, device: &Device) -> Result<[Judged; 2], Error> {
        let twin = self.healthy_twin();
        let (healthy, sick) = (twin.rows(device)?, self.rows(device)?);
        let (twin_losses, losses) = (losses(&healthy), losses(&sick));
        let is_sick = !self.fault.is_of_degree() || does_harm(&losses, &twin_losses);
        let state = if is_sick { State::Sick } else { State::Unharmed };
        let mut judged = judged(self, state, &sick);
        judged.shown_at = shown_at(&losses, &twin_losses);
        Ok([self::judged(&twin, State::Healthy, &healthy), judged])
    }
}

fn judged(training: &Training, state: State, rows: &[Row]) -> Judged {
    let findings = diagnose(rows, &Thresholds::default());
    let right = training.fault.rules();
    let mut rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let (mut found_at, mut alarm_at) = (None, None);
    for look in LOOKS {
        let so_far = &rows[..rows.partition_point(|row| row.step <= look)];
        let findings = diagnose(so_far, &Thresholds::default());
        if !findings.is_empty() {
            alarm_at = alarm_at.or(Some(look));
        }
        if findings.iter().any(|finding| right.contains(&finding.rule)) {
            found_at = Some(look);
        }
        let is_all = found_at.is_some() || (right.is_empty() && alarm_at.is_some());
        if is_all || so_far.len() == rows.len() {
            break;
        }
    }
    let names_layer = |finding: &Finding| {
        right.contains(&finding.rule) && names_layer(training, finding.subject.path())
    };
    Judged {
        program: training.program.name(),
        fault: training.fault,
        seed: training.seed,
        is_tapped: training.is_tapped(),
        is_adam: training.is_adam(),
        half: Half::of(training),
        state,
        rules,
        names_layer: findings.iter().any(names_layer),
        found_at,
        alarm_at,
        shown_at: None,
        sagemaker: sagemaker(rows),
        findings: findings.iter().map(ToString::to_string).collect(),
    }
}

fn names_layer(training: &Training, path: &str) -> bool {
    let path = path.strip_prefix("module.").unwrap_or(path);
    match (training.fault, training.program) {
        (Fault::Unused, _) => path == "unused",
        // A tap names what is measured behind the layer's normalisation.
        (fault, program) => fault.has_layer() && is_within(path, Program::middle(program)),
    }
}

fn losses(rows: &[Row]) -> Vec<f64> {
    let is_loss = |row: &&Row| row.quantity == QuantityName::LOSS && row.subject.is_network();
    rows.iter().filter(is_loss).map(|row| row.value).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn is_worse(losses: &[f64], twin: &[f64], margin: f64) -> bool {
    let (here, there) = (mean(losses), mean(twin));
    // A loss that is maximised goes the other way.
    !here.is_finite() || here - there > margin || here < -margin
}

fn does_harm(losses: &[f64], twin: &[f64]) -> bool {
    let (Some(first), true) = (twin.first(), losses.len() == twin.len()) else { return true };
    let end = losses.len().saturating_sub(END);
    is_worse(&losses[end..], &twin[end..], HARM * first)
}

fn shown_at(losses: &[f64], twin: &[f64]) -> Option<u64> {
    let first = twin.first()?;
    if let Some(step) = losses.iter().position(|loss| !loss.is_finite())
        && step < AVERAGED
    {
        return Some(step as u64);
    }
    let mut pairs = losses.windows(AVERAGED).zip(twin.windows(AVERAGED));
    let shown = pairs.position(|(here, there)| is_worse(here, there, SHOWN * first));
    shown.map(|at| (at + AVERAGED - 1) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_shows_a_fault_when_its_mean_over_five_steps_leaves_the_twins() {
        let twin = [1.0; 20];
        assert_eq!(shown_at(&twin, &twin), None);
        let mut leaps = twin;
        leaps[10] = 2.3;
        assert_eq!(shown_at(&leaps, &twin), Some(10));
        leaps[10] = 2.0;
        assert_eq!(shown_at(&leaps, &twin), None);
        assert_eq!(shown_at(&[1.0, 1.0, f64::NAN], &twin), Some(2));
        assert_eq!(shown_at(&[9.0; 20], &twin), Some(4));
    }

    #[test]
    fn a_fault_of_degree_is_one_if_the_loss_ends_higher_than_the_twins() {
        let twin = [1.0; 30];
        assert!(!does_harm(&[1.05; 30], &twin));
        assert!(does_harm(&[1.2; 30], &twin));
        assert!(does_harm(&[1.0, f64::NAN], &twin));
    }
}
