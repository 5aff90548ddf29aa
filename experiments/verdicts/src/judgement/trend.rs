//! Shares of successes along an ordered factor.

use super::Successes;
use crate::statement::Statement;
use crate::statistics::Trend;
use crate::verdict::{Effect, Ruling, Verdict};

/// Supported if the share of successes rises with the score of a factor's level, by the
/// Cochran–Armitage test at the 5 % level, refuted if it falls. Reports the difference of the shares at
/// the last and the first level.
pub fn rises_along(
    statement: &Statement,
    name: &str,
    levels: &[(f64, Successes)],
    score: impl Fn(f64) -> f64,
) -> Verdict {
    let counted: Vec<_> = levels
        .iter()
        .filter_map(|(level, successes)| Some((*level, successes.proportion()?)))
        .collect();
    let counts: Vec<(f64, usize, usize)> = counted
        .iter()
        .map(|(level, share)| (score(*level), share.successes(), share.attempts()))
        .collect();
    let told: Vec<String> = counted
        .iter()
        .map(|(level, share)| format!("{} of {} at {level}", share.successes(), share.attempts()))
        .collect();
    let seeds = counts.iter().map(|(_, _, n)| *n).min().unwrap_or(0);
    let trend = Trend::test(&counts);
    let differs = trend.filter(|trend| trend.p_value < 0.05);
    let ruling = Ruling::of(
        differs.is_some_and(|trend| trend.z > 0.0),
        differs.is_some_and(|trend| trend.z < 0.0),
    );
    let effect = counted.first().zip(counted.last()).map(|((_, first), (_, last))| Effect {
        name: name.to_owned(),
        estimate: last.share() - first.share(),
        interval: Some(last.difference(*first, 0.95)),
    });
    Verdict::new(statement, ruling, effect, seeds, told.join(", "))
        .with_p_value(trend.map(|trend| trend.p_value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: Statement = Statement { id: "c", statement: "s", rule: "r" };

    fn group(level: f64, successes: usize) -> (f64, Successes) {
        (level, Successes::new("", (0..10).map(|seed| seed < successes)))
    }

    #[test]
    fn a_share_that_climbs_supports_and_one_that_falls_refutes() {
        let rising = [group(1.0, 0), group(2.0, 4), group(3.0, 10)];
        let verdict = rises_along(&STATEMENT, "difference", &rising, f64::ln);
        assert_eq!((verdict.ruling, verdict.seeds), (Ruling::Supported, 10));
        assert_eq!(verdict.effect.unwrap().estimate, 1.0);
        assert_eq!(verdict.evidence, "0 of 10 at 1, 4 of 10 at 2, 10 of 10 at 3");
        let falling = [group(1.0, 10), group(2.0, 4), group(3.0, 0)];
        assert_eq!(rises_along(&STATEMENT, "", &falling, f64::ln).ruling, Ruling::Refuted);
        let level = [group(1.0, 5), group(2.0, 5)];
        assert_eq!(rises_along(&STATEMENT, "", &level, f64::ln).ruling, Ruling::Inconclusive);
        assert_eq!(rises_along(&STATEMENT, "", &[], f64::ln).ruling, Ruling::Inconclusive);
    }
}
