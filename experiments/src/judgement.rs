//! From values over seeds to a verdict: the rules that claims choose from.

use crate::experiment::Claim;
use crate::statistics::{Equivalence, Estimate};
use crate::verdict::{Effect, Ruling, Verdict};

/// What was measured for a claim, one value a seed.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    name: String,
    values: Vec<f64>,
    /// Whether the values are logarithms of what is reported.
    is_log: bool,
    evidence: String,
}

impl Sample {
    /// Values that are averaged as they are.
    pub(crate) fn new(name: &str, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), values, is_log: false, evidence: String::new() }
    }

    /// Logarithms: averaged, and reported as geometric mean.
    pub(crate) fn of_logs(name: &str, logs: Vec<f64>) -> Self {
        Self { is_log: true, ..Self::new(name, logs) }
    }

    /// Says what else was seen, in a sentence with numbers.
    pub(crate) fn because(self, evidence: impl Into<String>) -> Self {
        Self { evidence: evidence.into(), ..self }
    }

    /// Estimates the mean, on the scale of the values.
    pub(crate) fn estimate(&self) -> Option<Estimate> {
        Estimate::mean_of(&self.values)
    }

    /// Judges by a rule on the 95 % interval, on the scale of the values.
    pub(crate) fn judge(self, claim: &Claim, rule: impl Fn(&Estimate) -> Ruling) -> Verdict {
        let estimate = self.estimate();
        let ruling = estimate.as_ref().map_or(Ruling::Inconclusive, rule);
        let scale = |x: f64| if self.is_log { x.exp() } else { x };
        let effect = estimate.map(|e| Effect {
            name: self.name,
            estimate: scale(e.mean),
            interval: Some((scale(e.lower), scale(e.upper))),
        });
        Verdict::new(claim, ruling, effect, self.values.len(), self.evidence)
    }

    /// Supported if the interval lies above the threshold, refuted if below; the threshold is on the
    /// scale of what is reported.
    pub(crate) fn exceeds(self, claim: &Claim, threshold: f64) -> Verdict {
        let threshold = self.on_scale(threshold);
        self.judge(claim, |e| Ruling::of(e.lower > threshold, e.upper < threshold))
    }

    /// Supported if the interval lies below the threshold, refuted if above.
    pub(crate) fn stays_below(self, claim: &Claim, threshold: f64) -> Verdict {
        let threshold = self.on_scale(threshold);
        self.judge(claim, |e| Ruling::of(e.upper < threshold, e.lower > threshold))
    }

    /// Two one-sided tests: supported if the 90 % interval lies within `tolerance` of `reference`,
    /// relative for logarithms and absolute otherwise; refuted if outside.
    pub(crate) fn equals(self, claim: &Claim, reference: f64, tolerance: f64) -> Verdict {
        let ruling = self.equality(reference, tolerance);
        self.judge(claim, |_| ruling)
    }

    /// The ruling of [`equals`](Self::equals), for claims about several samples.
    pub(crate) fn equality(&self, reference: f64, tolerance: f64) -> Ruling {
        let tolerance = if self.is_log { tolerance.ln_1p() } else { tolerance };
        match Equivalence::test(&self.values, self.on_scale(reference), tolerance) {
            Some(Equivalence::Equivalent) => Ruling::Supported,
            Some(Equivalence::Different) => Ruling::Refuted,
            Some(Equivalence::Undecided) | None => Ruling::Inconclusive,
        }
    }

    fn on_scale(&self, value: f64) -> f64 {
        if self.is_log { value.ln() } else { value }
    }
}

/// A claim about several cases holds if it holds in all, and falls with the first that contradicts
/// it. Reported is the case that is worst off: the last in the order of [`Ruling`]s, and among equals
/// the one listed first.
pub(crate) fn in_every_case(claim: &Claim, cases: Vec<(String, Verdict)>) -> Verdict {
    let rank = |ruling: Ruling| match ruling {
        Ruling::Refuted => 0,
        Ruling::Inconclusive => 1,
        Ruling::Supported => 2,
    };
    let told: Vec<String> = cases
        .iter()
        .filter_map(|(case, verdict)| {
            let effect = verdict.effect.as_ref()?;
            Some(format!(
                "{case} {}{}",
                short(effect.estimate),
                match verdict.evidence.as_str() {
                    "" => String::new(),
                    evidence => format!(" ({evidence})"),
                }
            ))
        })
        .collect();
    let worst = cases.into_iter().min_by_key(|(_, verdict)| rank(verdict.ruling));
    let Some((case, worst)) = worst else {
        return Verdict::new(claim, Ruling::Inconclusive, None, 0, String::new());
    };
    let effect =
        worst.effect.map(|effect| Effect { name: format!("{case}: {}", effect.name), ..effect });
    Verdict::new(claim, worst.ruling, effect, worst.seeds, told.join(", "))
}

/// Three significant digits.
pub(crate) fn short(value: f64) -> String {
    let magnitude = value.abs();
    match () {
        () if value == 0.0 => "0".to_owned(),
        () if (1e-3..1e4).contains(&magnitude) => {
            let digits = (2 - magnitude.log10().floor() as i32).max(0) as usize;
            format!("{value:.digits$}")
        }
        () => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Claim = Claim { id: "c", statement: "s", rule: "r" };

    #[test]
    fn thresholds_and_references_are_on_the_scale_that_is_reported() {
        let logs = || Sample::of_logs("factor", vec![0.5f64.ln(), 0.51f64.ln(), 0.49f64.ln()]);
        assert_eq!(logs().stays_below(&CLAIM, 0.6).ruling, Ruling::Supported);
        assert_eq!(logs().exceeds(&CLAIM, 0.6).ruling, Ruling::Refuted);
        assert_eq!(logs().equals(&CLAIM, 0.5, 0.05).ruling, Ruling::Supported);
        assert_eq!(logs().equals(&CLAIM, 0.6, 0.05).ruling, Ruling::Refuted);
        let effect = logs().exceeds(&CLAIM, 0.6).effect.unwrap();
        assert!((effect.estimate - 0.5).abs() < 1e-3);
    }

    #[test]
    fn one_case_that_contradicts_refutes_and_one_that_is_open_leaves_open() {
        let sample = |value: f64| Sample::new("x", vec![value - 0.01, value, value + 0.01]);
        let case = |value: f64| (value.to_string(), sample(value).exceeds(&CLAIM, 1.0));
        assert_eq!(in_every_case(&CLAIM, vec![case(2.0), case(3.0)]).ruling, Ruling::Supported);
        assert_eq!(in_every_case(&CLAIM, vec![case(2.0), case(1.0)]).ruling, Ruling::Inconclusive);
        let refuted = in_every_case(&CLAIM, vec![case(2.0), case(1.0), case(0.5)]);
        assert_eq!(
            (refuted.ruling, refuted.effect.unwrap().name),
            (Ruling::Refuted, "0.5: x".into())
        );
        assert_eq!(in_every_case(&CLAIM, vec![]).ruling, Ruling::Inconclusive);
    }
}
