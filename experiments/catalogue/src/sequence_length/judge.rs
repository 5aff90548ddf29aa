//! Applies the rules of `claims.rs` to the measurements.

use backdraft_layers::Activation;
use backdraft_record::{Results, TrialResult};
use backdraft_recurrent::RecurrentConfig;
use backdraft_rows::{QuantityName, Subject};
use backdraft_text::number;
use backdraft_theory::MeanField;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Ruling, Statement, Verdict};

use super::claims;
use super::settings::SequenceLengthSettings;
use super::trials::{
    CHRONO, FORGET_BIASES, GRU, LEARNERS, LSTM, PROBLEM, RNN, gate_alone, lstm_with,
};
use crate::time_flow::{Decay, decay, is_memory, is_state, log_factors};

pub(super) fn judge(settings: &SequenceLengthSettings, results: &Results) -> Vec<Verdict> {
    let data = Data { settings, results };
    let learning = &settings.learning;
    let contest = learning.contest(PROBLEM, results);
    let (shortest, longest) = learning.extremes();
    let steps = |cell| contest.steps(cell, longest);
    vec![
        data.rnn_shrinks(),
        data.rate_is_constant(),
        data.rnn_mean_field(),
        data.lstm_shrinks_less(),
        data.memory_is_forget_gate(&claims::MEMORY_IS_FORGET_GATE, lstm_with),
        data.memory_is_forget_gate(&claims::GATE_ALONE, gate_alone),
        data.chrono_reaches_back(),
        contest.successes(LSTM, longest).exceeds(&claims::LSTM_LEARNS, 0.5),
        contest.successes(GRU, longest).exceeds(&claims::GRU_LEARNS, 0.5),
        contest.successes(RNN, longest).stays_below(&claims::RNN_DOES_NOT_LEARN, 0.5),
        contest.successes(RNN, shortest).exceeds(&claims::SHORT_IS_EASY, 0.5),
        steps(GRU).sooner_than(&steps(LSTM), &claims::GRU_SOONER, 1.2),
    ]
}

/// Returns theory's factor per step for an RNN with the weights of this experiment.
pub(super) fn rnn_theory(settings: &SequenceLengthSettings) -> f64 {
    let config = RecurrentConfig::default();
    let (inputs, hidden) = (config.inputs, settings.flow_width);
    // What Gaussian inputs add before the tanh.
    let variance = inputs as f64 * config.initializer.weight_variance(inputs, hidden);
    let theory = MeanField::new(Activation::Tanh, 1.0, variance);
    theory.gradient_norm_factor(theory.fixed_point(variance))
}

struct Data<'a> {
    settings: &'a SequenceLengthSettings,
    results: &'a Results,
}

impl Data<'_> {
    fn trials(&self, cell: &str, length: usize) -> Vec<&TrialResult> {
        let length = length.to_string();
        self.results.with(&[("part", "flow"), ("cell", cell), ("length", length.as_str())])
    }

    /// The length at which every cell is measured.
    fn usual(&self) -> usize {
        self.settings.longest_flows().0
    }

    fn log_factors(&self, cell: &str, fits: fn(&Subject) -> bool) -> Vec<f64> {
        log_factors(&self.trials(cell, self.usual()), fits)
    }

    fn rate_is_constant(&self) -> Verdict {
        let claim = &claims::RATE_IS_CONSTANT;
        let (shorter, longer) = self.settings.longest_flows();
        let case = |cell: &str| {
            let [shorter, longer] =
                [shorter, longer].map(|length| log_factors(&self.trials(cell, length), is_state));
            let ratios = longer.iter().zip(&shorter).map(|(longer, shorter)| longer - shorter);
            let sample = Sample::of_logs("ratio of factors per step", ratios.collect())
                .because(format!("{} per step", geometric(&longer)));
            (cell.to_owned(), sample.equals(claim, 1.0, 0.01))
        };
        in_every_case(claim, LEARNERS.map(case).into())
    }

    fn rnn_mean_field(&self) -> Verdict {
        let theory = rnn_theory(self.settings);
        Sample::of_logs("factor per step", self.log_factors(RNN, is_state))
            .because(format!("theory {theory:.3}"))
            .equals(&claims::RNN_MEAN_FIELD, theory, 0.05)
    }

    fn rnn_shrinks(&self) -> Verdict {
        let trials = self.trials(RNN, self.usual());
        let decays: Vec<Decay> = trials.iter().filter_map(|trial| decay(trial, is_state)).collect();
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

    fn memory_is_forget_gate(&self, claim: &Statement, cell: fn(f64) -> String) -> Verdict {
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
            let trials = self.trials(cell, self.usual());
            let ratio = |trial: &&TrialResult| {
                let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_memory);
                // An underflowed norm is at most the smallest positive f32.
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
}

fn geometric(logs: &[f64]) -> String {
    number((logs.iter().sum::<f64>() / logs.len() as f64).exp())
}
