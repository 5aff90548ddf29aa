//! Applies the rules of `claims.rs` to what was measured.

use super::claims;
use super::settings::SequenceLengthSettings;
use super::trials::{CHRONO, FORGET_BIASES, GRU, LSTM, RNN, gate_alone, lstm_with};
use crate::experiment::Claim;
use crate::judgement::{Sample, in_every_case, short};
use crate::results::{Results, TrialResult};
use crate::statistics::Line;
use crate::verdict::{Ruling, Verdict};

/// Mean squared error of the adding problem that counts as solved, and the least that counts as
/// failed: half of what predicting the mean has.
const SOLVED: f64 = 0.01;
const FAILED: f64 = 0.08;
/// Norms below this are left out of fits: the elements are close to what `f32` can hold.
const FAINT: f64 = 1e-30;

pub(super) fn judge(settings: &SequenceLengthSettings, results: &Results) -> Vec<Verdict> {
    let data = Data { settings, results };
    let (shortest, longest) = settings.extremes();
    vec![
        data.rnn_shrinks(),
        data.lstm_shrinks_less(),
        data.memory_is_forget_gate(&claims::MEMORY_IS_FORGET_GATE, lstm_with),
        data.memory_is_forget_gate(&claims::GATE_ALONE, gate_alone),
        data.chrono_reaches_back(),
        data.learns(&claims::LSTM_LEARNS, LSTM, longest),
        data.learns(&claims::GRU_LEARNS, GRU, longest),
        data.rnn_does_not_learn(longest),
        data.learns(&claims::SHORT_IS_EASY, RNN, shortest),
    ]
}

/// How a norm changes from time step to time step in one net.
struct Decay {
    /// ln of the factor per step, on the way back in time.
    log_factor: f64,
    r_squared: f64,
}

/// Selects ‖∂L/∂h_t‖ of the first layer.
pub(super) fn is_state(name: &str) -> bool {
    name.starts_with("layers.0@")
}

/// Selects ‖∂L/∂c_t‖ of the first layer.
pub(super) fn is_memory(name: &str) -> bool {
    name.starts_with("layers.0.cell@")
}

struct Data<'a> {
    settings: &'a SequenceLengthSettings,
    results: &'a Results,
}

impl Data<'_> {
    fn trials(&self, part: &str, cell: &str, length: usize) -> Vec<&TrialResult> {
        let length = length.to_string();
        self.results.with(&[("part", part), ("cell", cell), ("length", length.as_str())])
    }

    fn decays(&self, cell: &str, fits: fn(&str) -> bool) -> Vec<Decay> {
        let trials = self.trials("flow", cell, self.settings.flow_length);
        trials.into_iter().filter_map(|trial| decay(trial, fits)).collect()
    }

    fn log_factors(&self, cell: &str, fits: fn(&str) -> bool) -> Vec<f64> {
        self.decays(cell, fits).iter().map(|decay| decay.log_factor).collect()
    }

    fn rnn_shrinks(&self) -> Verdict {
        let decays = self.decays(RNN, is_state);
        let worst_fit = decays.iter().map(|decay| decay.r_squared).fold(1.0, f64::min);
        let factors = decays.iter().map(|decay| decay.log_factor).collect();
        let bound = 0.95f64.ln();
        Sample::of_logs("factor per step", factors)
            .because(format!("worst R² {worst_fit:.3}"))
            .judge(&claims::RNN_SHRINKS, |e| {
                Ruling::of(e.upper < bound && worst_fit >= 0.95, e.lower > bound)
            })
    }

    fn lstm_shrinks_less(&self) -> Verdict {
        let [rnn, lstm, gru] = [RNN, LSTM, GRU].map(|cell| self.log_factors(cell, is_state));
        let ratios = lstm.iter().zip(&rnn).map(|(lstm, rnn)| lstm - rnn).collect();
        let evidence = format!(
            "factors per step: RNN {}, LSTM {}, GRU {}",
            geometric(&rnn),
            geometric(&lstm),
            geometric(&gru)
        );
        let sample = Sample::of_logs("ratio of factors per step", ratios).because(evidence);
        sample.exceeds(&claims::LSTM_SHRINKS_LESS, 1.05)
    }

    fn memory_is_forget_gate(&self, claim: &Claim, cell: fn(f64) -> String) -> Verdict {
        let case = |bias: f64| {
            let expected = 1.0 / (1.0 + (-bias).exp());
            let factors = self.log_factors(&cell(bias), is_memory);
            let sample = Sample::of_logs("factor per step", factors);
            let sample = sample.because(format!("σ(b) = {expected:.3}"));
            (format!("b = {bias}"), sample.equals(claim, expected, 0.05))
        };
        in_every_case(claim, FORGET_BIASES.map(case).into())
    }

    fn chrono_reaches_back(&self) -> Verdict {
        let ratios = |cell: &str| -> Vec<f64> {
            let trials = self.trials("flow", cell, self.settings.flow_length);
            let ratio = |trial: &&TrialResult| {
                let norms = trial.initial("activation_gradient_norm", is_memory);
                // What underflowed is at most what f32 can tell from zero.
                Some((norms.first()?.max(1e-45) / norms.last()?).ln())
            };
            trials.iter().filter_map(ratio).collect()
        };
        let (chrono, plain) = (ratios(CHRONO), ratios(LSTM));
        let sample = Sample::of_logs("‖∂L/∂c_1‖ / ‖∂L/∂c_T‖, chrono", chrono);
        let sample = sample.because(format!("with forget bias 1: {}", geometric(&plain)));
        let plain = Sample::of_logs("", plain).estimate();
        let bound = 0.1f64.ln();
        sample.judge(&claims::CHRONO_REACHES_BACK, |chrono| {
            let Some(plain) = &plain else { return Ruling::Inconclusive };
            Ruling::of(
                chrono.lower > bound && plain.upper < bound,
                chrono.upper < bound || plain.lower > bound,
            )
        })
    }

    /// Final test errors; a net that diverged counts as trivial.
    fn errors(&self, cell: &str, length: usize) -> Vec<f64> {
        let trials = self.trials("learning", cell, length);
        let last = |trial: &&TrialResult| trial.last("test_loss").filter(|loss| loss.is_finite());
        trials.iter().map(|trial| last(trial).unwrap_or(1.0 / 6.0)).collect()
    }

    fn error_sample(&self, cell: &str, length: usize) -> Sample {
        let errors = self.errors(cell, length);
        let solved = errors.iter().filter(|error| **error < SOLVED).count();
        let evidence =
            format!("length {length}: {solved} of {} seeds below {SOLVED}", errors.len());
        Sample::new("test mean squared error", errors).because(evidence)
    }

    fn learns(&self, claim: &Claim, cell: &str, length: usize) -> Verdict {
        let sample = self.error_sample(cell, length);
        sample.judge(claim, |e| Ruling::of(e.upper < SOLVED, e.lower > FAILED))
    }

    fn rnn_does_not_learn(&self, length: usize) -> Verdict {
        let sample = self.error_sample(RNN, length);
        let claim = &claims::RNN_DOES_NOT_LEARN;
        sample.judge(claim, |e| Ruling::of(e.lower > FAILED, e.upper < SOLVED))
    }
}

fn decay(trial: &TrialResult, fits: fn(&str) -> bool) -> Option<Decay> {
    let norms = trial.initial("activation_gradient_norm", fits);
    let points: Vec<(f64, f64)> = norms
        .iter()
        .rev()
        .enumerate()
        .take_while(|(_, norm)| **norm > FAINT)
        .map(|(lag, norm)| (lag as f64, norm.ln()))
        .collect();
    let line = Line::fit(&points)?;
    Some(Decay { log_factor: line.slope, r_squared: line.r_squared })
}

fn geometric(logs: &[f64]) -> String {
    short((logs.iter().sum::<f64>() / logs.len() as f64).exp())
}
