//! Numbers, one per seed, whose mean is judged.

use backdraft_text::number;

use crate::statement::Statement;
use crate::statistics::{Equivalence, Estimate};
use crate::verdict::{Effect, Ruling, Verdict};

/// What was measured for a statement, one value per seed.
#[derive(Clone, Debug)]
pub struct Sample {
    name: String,
    values: Vec<f64>,
    /// Whether the values are logarithms of the reported quantity.
    is_log: bool,
    evidence: String,
}

/// A model whose loss is within this share of the trivial predictor's has learnt nothing.
const STUCK: f64 = 0.05;

impl Sample {
    /// Values that are averaged directly.
    pub fn new(name: &str, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), values, is_log: false, evidence: String::new() }
    }

    /// Logarithms, averaged and reported as a geometric mean.
    pub fn of_logs(name: &str, logs: Vec<f64>) -> Self {
        Self { is_log: true, ..Self::new(name, logs) }
    }

    /// Adds further evidence, in words and numbers.
    pub fn because(self, evidence: impl Into<String>) -> Self {
        Self { evidence: evidence.into(), ..self }
    }

    /// Estimates the mean, on the scale of the values.
    pub fn estimate(&self) -> Option<Estimate> {
        Estimate::mean_of(&self.values)
    }

    /// Judges by a rule on the 95 % interval, on the scale of the values.
    ///
    /// The verdict's p-value is the significance level at which the ruling would change. A rule that
    /// ignores the interval is not a test and has none.
    pub fn judge(self, statement: &Statement, rule: impl Fn(&Estimate) -> Ruling) -> Verdict {
        let estimate = self.estimate();
        let ruling = estimate.as_ref().map_or(Ruling::Inconclusive, &rule);
        let p_value = estimate.as_ref().and_then(|e| e.p_value(|e| rule(e) == ruling));
        self.rule(statement, ruling, p_value)
    }

    /// Supported if the interval lies above the threshold, refuted if below. The threshold is on the
    /// reported scale.
    pub fn exceeds(self, statement: &Statement, threshold: f64) -> Verdict {
        let threshold = self.on_scale(threshold);
        self.judge(statement, |e| Ruling::of(e.lower > threshold, e.upper < threshold))
    }

    /// Supported if the interval lies below the threshold, refuted if above.
    pub fn stays_below(self, statement: &Statement, threshold: f64) -> Verdict {
        let threshold = self.on_scale(threshold);
        self.judge(statement, |e| Ruling::of(e.upper < threshold, e.lower > threshold))
    }

    /// Supported if the interval lies below half the trivial predictor's loss, so that something was
    /// solved; refuted if above.
    pub fn beats_baseline(self, statement: &Statement, baseline: f64) -> Verdict {
        self.because_of(baseline).stays_below(statement, baseline / 2.0)
    }

    /// Supported if the interval lies within 5 % of the trivial predictor's loss, so that nothing was
    /// learnt; refuted if outside.
    pub fn stays_at_baseline(self, statement: &Statement, baseline: f64) -> Verdict {
        let [low, high] = [1.0 - STUCK, 1.0 + STUCK].map(|share| self.on_scale(share * baseline));
        self.because_of(baseline).judge(statement, |e| {
            Ruling::of(e.lower > low && e.upper < high, e.lower > high || e.upper < low)
        })
    }

    /// Two one-sided tests: supported if the 90 % interval lies within `tolerance` of `reference`,
    /// relative for logarithms and absolute otherwise; refuted if outside.
    pub fn equals(self, statement: &Statement, reference: f64, tolerance: f64) -> Verdict {
        let reference = self.on_scale(reference);
        let tolerance = if self.is_log { tolerance.ln_1p() } else { tolerance };
        let ruling = match Equivalence::test(&self.values, reference, tolerance) {
            Some(Equivalence::Equivalent) => Ruling::Supported,
            Some(Equivalence::Different) => Ruling::Refuted,
            Some(Equivalence::Undecided) | None => Ruling::Inconclusive,
        };
        let p_value = Equivalence::p_value(&self.values, reference, tolerance);
        self.rule(statement, ruling, p_value)
    }

    fn rule(self, statement: &Statement, ruling: Ruling, p_value: Option<f64>) -> Verdict {
        let scale = |x: f64| if self.is_log { x.exp() } else { x };
        let effect = self.estimate().map(|e| Effect {
            name: self.name,
            estimate: scale(e.mean),
            interval: Some((scale(e.lower), scale(e.upper))),
        });
        Verdict::new(statement, ruling, effect, self.values.len(), self.evidence)
            .with_p_value(p_value)
    }

    fn because_of(self, baseline: f64) -> Self {
        if self.evidence.is_empty() {
            return self.because(format!("trivial predictor: {}", number(baseline)));
        }
        self
    }

    fn on_scale(&self, value: f64) -> f64 {
        if self.is_log { value.ln() } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: Statement = Statement { id: "c", statement: "s", rule: "r" };

    #[test]
    fn thresholds_and_references_are_on_the_scale_that_is_reported() {
        let logs = || Sample::of_logs("factor", vec![0.5f64.ln(), 0.51f64.ln(), 0.49f64.ln()]);
        assert_eq!(logs().stays_below(&STATEMENT, 0.6).ruling, Ruling::Supported);
        assert_eq!(logs().exceeds(&STATEMENT, 0.6).ruling, Ruling::Refuted);
        assert_eq!(logs().equals(&STATEMENT, 0.5, 0.05).ruling, Ruling::Supported);
        assert_eq!(logs().equals(&STATEMENT, 0.6, 0.05).ruling, Ruling::Refuted);
        let effect = logs().exceeds(&STATEMENT, 0.6).effect.unwrap();
        assert!((effect.estimate - 0.5).abs() < 1e-3);
    }

    #[test]
    fn a_loss_at_the_baseline_is_stuck_and_one_below_half_of_it_is_solved() {
        let losses = |mean: f64| Sample::new("loss", vec![mean - 0.001, mean, mean + 0.001]);
        let rulings = |mean: f64| {
            let (solved, stuck) = (losses(mean), losses(mean));
            (
                solved.beats_baseline(&STATEMENT, 0.17).ruling,
                stuck.stays_at_baseline(&STATEMENT, 0.17).ruling,
            )
        };
        assert_eq!(rulings(0.17), (Ruling::Refuted, Ruling::Supported));
        assert_eq!(rulings(0.02), (Ruling::Supported, Ruling::Refuted));
        assert_eq!(rulings(0.12), (Ruling::Refuted, Ruling::Refuted));
    }

    #[test]
    fn rulings_by_a_test_have_its_p_value_and_others_have_none() {
        let sample = || Sample::new("x", vec![0.9, 1.0, 1.1, 1.0]);
        let p = |verdict: Verdict| verdict.p_value;
        assert!(p(sample().exceeds(&STATEMENT, 0.5)).unwrap() < 0.01);
        assert!(p(sample().equals(&STATEMENT, 1.0, 0.5)).unwrap() < 0.01);
        assert_eq!(p(sample().exceeds(&STATEMENT, 1.01)), None, "left open");
        assert_eq!(p(sample().judge(&STATEMENT, |_| Ruling::Supported)), None, "no test");
    }
}
