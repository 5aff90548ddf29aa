//! Times to a goal, one per seed, some of which are never reached.

use crate::statement::Statement;
use crate::statistics::{KaplanMeier, LogRank, Time};
use crate::verdict::{Effect, Ruling, Verdict};

/// How long each seed took. A seed that diverged counts as unsolved to the end.
#[derive(Clone, Debug)]
pub struct Times {
    name: String,
    times: Vec<Time>,
}

impl Times {
    /// Creates them from the time of each seed; `name` says what is timed, and the unit.
    pub fn new(name: &str, times: impl IntoIterator<Item = Time>) -> Self {
        Self { name: name.to_owned(), times: times.into_iter().collect() }
    }

    /// Supported if the log-rank test finds these faster than `others` at the 5 % level and the mean
    /// time of the others, up to the end of the shorter observation, is at least `factor` times as
    /// long; refuted if the test finds them slower, or if the 95 % interval of the ratio lies below
    /// `factor`.
    pub fn sooner_than(self, others: &Self, statement: &Statement, factor: f64) -> Verdict {
        let evidence = format!("{}; {}", self.summary(), others.summary());
        let ratio = self.ratio(others);
        let test = LogRank::test(&self.times, &others.times);
        let seeds = self.times.len();
        let Some(((ratio, error), test)) = ratio.zip(test) else {
            return Verdict::new(statement, Ruling::Inconclusive, None, seeds, evidence);
        };
        let (lower, upper) = (ratio * (-1.96 * error).exp(), ratio * (1.96 * error).exp());
        let differ = test.p_value < 0.05;
        let (is_slower, is_less) = (differ && test.z < 0.0, upper < factor);
        let ruling = Ruling::of(differ && test.z > 0.0 && ratio >= factor, is_slower || is_less);
        let effect = Effect {
            name: format!("ratio of mean {}", self.name),
            estimate: ratio,
            interval: Some((lower, upper)),
        };
        // Either of two tests can refute, so the smaller p-value is doubled.
        let slower = if is_slower { test.p_value } else { 1.0 };
        let less = if is_less { two_tails_of(ratio, error, factor) } else { 1.0 };
        let p_value = match ruling {
            Ruling::Refuted => (2.0 * slower.min(less)).min(1.0),
            _ => test.p_value,
        };
        Verdict::new(statement, ruling, Some(effect), seeds, evidence).with_p_value(Some(p_value))
    }

    /// The ratio of the mean times, others' over these, and the standard error of its logarithm.
    fn ratio(&self, others: &Self) -> Option<(f64, f64)> {
        let (curve, other) = KaplanMeier::of(&self.times).zip(KaplanMeier::of(&others.times))?;
        let horizon = curve.end().min(other.end()).min(curve.last().max(other.last()));
        let [(mine, mine_variance), (theirs, theirs_variance)] =
            [curve, other].map(|curve| curve.restricted_mean(horizon));
        let error = (mine_variance / mine.powi(2) + theirs_variance / theirs.powi(2)).sqrt();
        let ratio = theirs / mine;
        (ratio.is_finite() && error.is_finite()).then_some((ratio, error))
    }

    /// How many seeds solved the task, and the median time with its interval.
    fn summary(&self) -> String {
        let solved = self.times.iter().filter(|time| time.is_solved()).count();
        let curve = KaplanMeier::of(&self.times);
        let told = |time: Option<f64>| time.map_or("—".to_owned(), |time| format!("{time:.0}"));
        let median = curve.map_or(String::new(), |curve| {
            let (low, high) = curve.median_interval();
            format!(", median {} [{}, {}]", told(curve.median()), told(low), told(high))
        });
        format!("{} of {} solved{median}", solved, self.times.len())
    }
}

/// The two-sided p-value of a ratio against a factor.
fn two_tails_of(ratio: f64, error: f64, factor: f64) -> f64 {
    let z = (ratio / factor).ln().abs() / error;
    if z.is_nan() { 1.0 } else { crate::statistics::two_tails(z) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: Statement = Statement { id: "c", statement: "s", rule: "r" };

    fn times(solved: &[f64], unsolved: usize) -> Times {
        let solved = solved.iter().map(|time| Time::Solved(*time));
        let unsolved = std::iter::repeat_n(Time::Unsolved(100.0), unsolved);
        Times::new("steps to the goal", solved.chain(unsolved).collect::<Vec<_>>())
    }

    #[test]
    fn who_solves_is_sooner_than_who_never_does() {
        let quick = || times(&[10.0, 12.0, 9.0, 15.0, 11.0, 14.0, 13.0, 8.0], 0);
        let never = || times(&[], 8);
        let verdict = quick().sooner_than(&never(), &STATEMENT, 1.5);
        assert_eq!(verdict.ruling, Ruling::Supported);
        assert!(verdict.evidence.contains("8 of 8 solved, median 11"), "{}", verdict.evidence);
        assert!(verdict.p_value.unwrap() < 1e-3);
        assert_eq!(never().sooner_than(&quick(), &STATEMENT, 1.5).ruling, Ruling::Refuted);
        assert_eq!(never().sooner_than(&never(), &STATEMENT, 1.5).ruling, Ruling::Inconclusive);
    }

    #[test]
    fn a_little_sooner_is_not_the_factor_that_was_claimed() {
        let quick = || times(&[50.0, 51.0, 52.0, 53.0, 54.0, 55.0, 56.0, 57.0], 0);
        let slow = || times(&[60.0, 61.0, 62.0, 63.0, 64.0, 65.0, 66.0, 67.0], 0);
        assert_eq!(quick().sooner_than(&slow(), &STATEMENT, 1.1).ruling, Ruling::Supported);
        assert_eq!(quick().sooner_than(&slow(), &STATEMENT, 2.0).ruling, Ruling::Refuted);
    }
}
