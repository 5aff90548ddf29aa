//! Statements about several cases.

use backdraft_text::number;

use crate::statement::Statement;
use crate::verdict::{Effect, Ruling, Verdict};

/// Judges a statement about several cases: it is supported if every case supports it and refuted if
/// one refutes it. The verdict reports the worst case (refuted before inconclusive before supported),
/// and the first listed among equals.
///
/// The p-value of support is the largest of all cases, since each is needed. That of refutation is the
/// smallest of the refuting cases times the number of cases, since any of them would have sufficed.
pub fn in_every_case(statement: &Statement, cases: Vec<(String, Verdict)>) -> Verdict {
    let rank = |ruling: Ruling| match ruling {
        Ruling::Refuted => 0,
        Ruling::Inconclusive => 1,
        Ruling::Supported => 2,
    };
    let told: Vec<String> =
        cases.iter().filter_map(|(case, verdict)| tell(case, verdict)).collect();
    let p_values = |ruling: Ruling| {
        let of_ruling = cases.iter().filter(move |(_, verdict)| verdict.ruling == ruling);
        of_ruling.filter_map(|(_, verdict)| verdict.p_value)
    };
    let largest = p_values(Ruling::Supported).reduce(f64::max);
    let smallest = p_values(Ruling::Refuted).reduce(f64::min);
    let smallest = smallest.map(|p| (cases.len() as f64 * p).min(1.0));
    let worst = cases.into_iter().min_by_key(|(_, verdict)| rank(verdict.ruling));
    let Some((case, worst)) = worst else {
        return Verdict::new(statement, Ruling::Inconclusive, None, 0, String::new());
    };
    let effect =
        worst.effect.map(|effect| Effect { name: format!("{case}: {}", effect.name), ..effect });
    let p_value = if worst.ruling == Ruling::Refuted { smallest } else { largest };
    Verdict::new(statement, worst.ruling, effect, worst.seeds, told.join(", "))
        .with_p_value(p_value)
}

fn tell(case: &str, verdict: &Verdict) -> Option<String> {
    let estimate = number(verdict.effect.as_ref()?.estimate);
    let evidence = match verdict.evidence.as_str() {
        "" => String::new(),
        evidence => format!(" ({evidence})"),
    };
    Some(format!("{case} {estimate}{evidence}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::Sample;

    const STATEMENT: Statement = Statement { id: "c", statement: "s", rule: "r" };

    fn case(value: f64) -> (String, Verdict) {
        let sample = Sample::new("x", vec![value - 0.01, value, value + 0.01]);
        (value.to_string(), sample.exceeds(&STATEMENT, 1.0))
    }

    #[test]
    fn one_case_that_contradicts_refutes_and_one_that_is_open_leaves_open() {
        assert_eq!(in_every_case(&STATEMENT, vec![case(2.0), case(3.0)]).ruling, Ruling::Supported);
        assert_eq!(
            in_every_case(&STATEMENT, vec![case(2.0), case(1.0)]).ruling,
            Ruling::Inconclusive
        );
        let refuted = in_every_case(&STATEMENT, vec![case(2.0), case(1.0), case(0.5)]);
        assert_eq!(
            (refuted.ruling, refuted.effect.unwrap().name),
            (Ruling::Refuted, "0.5: x".into())
        );
        assert_eq!(in_every_case(&STATEMENT, vec![]).ruling, Ruling::Inconclusive);
    }

    #[test]
    fn the_weakest_case_decides_how_sure_support_is_and_choice_has_its_price() {
        let p = |value: f64| case(value).1.p_value.unwrap();
        let supported = in_every_case(&STATEMENT, vec![case(2.0), case(1.1)]);
        assert_eq!(supported.p_value, Some(p(1.1)));
        let refuted = in_every_case(&STATEMENT, vec![case(0.9), case(0.5), case(2.0)]);
        assert_eq!(refuted.p_value, Some(3.0 * p(0.5)));
    }
}
