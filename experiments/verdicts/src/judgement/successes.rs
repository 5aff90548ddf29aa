//! Attempts, one per seed, whose share of successes is judged.

use crate::statement::Statement;
use crate::statistics::Proportion;
use crate::verdict::{Effect, Ruling, Verdict};

/// Which seeds succeeded. A trial that diverged did not.
#[derive(Clone, Debug)]
pub struct Successes {
    name: String,
    outcomes: Vec<bool>,
    evidence: String,
}

impl Successes {
    /// Creates them from the outcome of each seed.
    pub fn new(name: &str, outcomes: impl IntoIterator<Item = bool>) -> Self {
        let outcomes = outcomes.into_iter().collect();
        Self { name: name.to_owned(), outcomes, evidence: String::new() }
    }

    /// Adds further evidence, in words and numbers.
    pub fn because(self, evidence: impl Into<String>) -> Self {
        Self { evidence: evidence.into(), ..self }
    }

    /// Counts them; `None` without attempts.
    pub fn proportion(&self) -> Option<Proportion> {
        Proportion::of(&self.outcomes)
    }

    /// Judges by a rule on the exact 95 % interval. A rule that ignores the interval is not a test.
    pub fn judge(self, statement: &Statement, rule: impl Fn((f64, f64)) -> Ruling) -> Verdict {
        let Some(share) = self.proportion() else { return self.nothing(statement) };
        let ruling = rule(share.interval(0.95));
        let p_value = share.p_value(|interval| rule(interval) == ruling);
        self.rule(statement, ruling, share, p_value)
    }

    /// Supported if the exact 95 % interval of the share lies above the threshold, refuted if below.
    pub fn exceeds(self, statement: &Statement, threshold: f64) -> Verdict {
        self.judge(statement, |(lower, upper)| Ruling::of(lower > threshold, upper < threshold))
    }

    /// Supported if the exact 95 % interval of the share lies below the threshold, refuted if above.
    pub fn stays_below(self, statement: &Statement, threshold: f64) -> Verdict {
        self.judge(statement, |(lower, upper)| Ruling::of(upper < threshold, lower > threshold))
    }

    /// Supported if all of at least two attempts succeeded, refuted if one did not. For outcomes in
    /// which chance plays no part.
    pub fn every(self, statement: &Statement) -> Verdict {
        let (are_some, all) = (self.outcomes.len() > 1, !self.outcomes.contains(&false));
        self.judge(statement, |_| Ruling::of(are_some && all, !all))
    }

    /// Two one-sided exact tests: supported if the 90 % interval of the share lies within `tolerance`
    /// of `reference`, refuted if outside.
    pub fn equals(self, statement: &Statement, reference: f64, tolerance: f64) -> Verdict {
        let Some(proportion) = self.proportion() else { return self.nothing(statement) };
        let (low, high) = (reference - tolerance, reference + tolerance);
        let (lower, upper) = proportion.interval(0.9);
        let ruling = Ruling::of(lower > low && upper < high, lower > high || upper < low);
        let p_value = match ruling {
            Ruling::Supported => proportion.upper_tail(low).max(proportion.lower_tail(high)),
            _ => proportion.upper_tail(high).min(proportion.lower_tail(low)),
        };
        self.rule(statement, ruling, proportion, Some(p_value))
    }

    /// Supported if the 95 % interval of the difference of the shares, this one minus `others`, lies
    /// above the margin, refuted if below.
    pub fn exceed(self, others: &Self, statement: &Statement, margin: f64) -> Verdict {
        let Some((mine, theirs)) = self.proportion().zip(others.proportion()) else {
            return self.nothing(statement);
        };
        let (lower, upper) = mine.difference(theirs, 0.95);
        let effect = Effect {
            name: self.name,
            estimate: mine.share() - theirs.share(),
            interval: Some((lower, upper)),
        };
        let ruling = Ruling::of(lower > margin, upper < margin);
        Verdict::new(statement, ruling, Some(effect), self.outcomes.len(), self.evidence)
            .with_p_value(Some(mine.difference_p_value(theirs, margin)))
    }

    fn rule(
        self,
        statement: &Statement,
        ruling: Ruling,
        share: Proportion,
        p_value: Option<f64>,
    ) -> Verdict {
        let interval = Some(share.interval(0.95));
        let effect = Effect { name: self.name, estimate: share.share(), interval };
        Verdict::new(statement, ruling, Some(effect), self.outcomes.len(), self.evidence)
            .with_p_value(p_value)
    }

    fn nothing(self, statement: &Statement) -> Verdict {
        Verdict::new(statement, Ruling::Inconclusive, None, 0, self.evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: Statement = Statement { id: "c", statement: "s", rule: "r" };

    fn of(successes: usize, attempts: usize) -> Successes {
        Successes::new("share", (0..attempts).map(|seed| seed < successes))
    }

    #[test]
    fn ten_of_ten_show_a_chance_above_two_thirds_and_not_above_three_quarters() {
        assert_eq!(of(10, 10).exceeds(&STATEMENT, 0.69).ruling, Ruling::Supported);
        assert_eq!(of(10, 10).exceeds(&STATEMENT, 0.75).ruling, Ruling::Inconclusive);
        assert_eq!(of(0, 10).exceeds(&STATEMENT, 0.5).ruling, Ruling::Refuted);
        assert_eq!(of(0, 10).stays_below(&STATEMENT, 0.31).ruling, Ruling::Supported);
        assert_eq!(of(0, 0).exceeds(&STATEMENT, 0.5).ruling, Ruling::Inconclusive);
    }

    #[test]
    fn a_single_failure_refutes_what_holds_of_every_one() {
        let verdict = of(10, 10).every(&STATEMENT);
        assert_eq!((verdict.ruling, verdict.p_value), (Ruling::Supported, None));
        assert_eq!(of(9, 10).every(&STATEMENT).ruling, Ruling::Refuted);
        assert_eq!(of(1, 1).every(&STATEMENT).ruling, Ruling::Inconclusive);
    }

    #[test]
    fn a_share_equals_a_theory_where_both_tests_say_so() {
        let verdict = of(725, 1_000).equals(&STATEMENT, 0.7249, 0.05);
        assert_eq!(verdict.ruling, Ruling::Supported);
        assert!(verdict.p_value.unwrap() < 0.05);
        assert_eq!(of(725, 1_000).equals(&STATEMENT, 0.9, 0.05).ruling, Ruling::Refuted);
        assert_eq!(of(7, 10).equals(&STATEMENT, 0.7, 0.05).ruling, Ruling::Inconclusive);
    }

    #[test]
    fn all_against_none_differ_by_more_than_half() {
        assert_eq!(of(10, 10).exceed(&of(0, 10), &STATEMENT, 0.5).ruling, Ruling::Supported);
        assert_eq!(of(5, 10).exceed(&of(5, 10), &STATEMENT, 0.0).ruling, Ruling::Inconclusive);
        assert_eq!(of(0, 10).exceed(&of(10, 10), &STATEMENT, 0.0).ruling, Ruling::Refuted);
    }
}
