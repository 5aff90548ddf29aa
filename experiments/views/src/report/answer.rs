//! What an experiment found, in two sentences.

use backdraft_verdicts::{Ruling, Verdict};

use super::conclusions::measured;

/// Answers an experiment's question from its verdicts: what became of its first statement, with what was
/// measured, and of all of them. `None` without verdicts.
pub fn answer(verdicts: &[Verdict]) -> Option<String> {
    let first = verdicts.first()?;
    let statement = first.statement.trim_end_matches('.');
    let seen = first.effect.as_ref().map_or(String::new(), |of| format!(" ({})", measured(of)));
    let opening = match first.ruling {
        Ruling::Supported => "",
        Ruling::Refuted => "Refuted: ",
        Ruling::Inconclusive => "Inconclusive: ",
    };
    Some(format!("{opening}{statement}{seen}. {}", of_all(verdicts)))
}

/// Counts the rulings, and names the statements that are not supported, if they are few.
fn of_all(verdicts: &[Verdict]) -> String {
    let all = verdicts.len();
    let of =
        |ruling| verdicts.iter().filter(|verdict| verdict.ruling == ruling).collect::<Vec<_>>();
    let supported = of(Ruling::Supported).len();
    if supported == all {
        return match all {
            1 => "It is the only statement, and supported.".to_owned(),
            2 => "Both statements are supported.".to_owned(),
            _ => format!("All {all} statements are supported."),
        };
    }
    if all == 1 {
        return "It is the only statement.".to_owned();
    }
    let others = [(Ruling::Refuted, "refuted"), (Ruling::Inconclusive, "inconclusive")];
    let others = others.map(|(ruling, word)| (of(ruling), word));
    let mut parts = vec![counted(supported, "supported")];
    for (verdicts, word) in others.iter().filter(|(verdicts, _)| !verdicts.is_empty()) {
        let names: Vec<&str> = verdicts.iter().map(|verdict| verdict.claim.as_str()).collect();
        let names =
            if names.len() <= 3 { format!(" ({})", names.join(", ")) } else { String::new() };
        parts.push(counted(verdicts.len(), word) + &names);
    }
    let last = parts.pop().unwrap_or_default();
    format!("Of {all} statements, {} and {last}.", parts.join(", "))
}

fn counted(count: usize, word: &str) -> String {
    match count {
        0 => format!("none is {word}"),
        1 => format!("1 is {word}"),
        _ => format!("{count} are {word}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_verdicts::{Effect, Statement};

    fn verdict(id: &'static str, ruling: Ruling) -> Verdict {
        let statement = Statement { id, statement: "A sigmoid net's gradient vanishes.", rule: "" };
        let effect =
            Effect { name: "factor".to_owned(), estimate: 0.25, interval: Some((0.2, 0.3)) };
        Verdict::new(&statement, ruling, Some(effect), 5, String::new())
    }

    #[test]
    fn an_answer_says_what_became_of_the_first_statement_and_of_all() {
        use Ruling::{Inconclusive, Refuted, Supported};
        let of = |rulings: &[(&'static str, Ruling)]| {
            answer(&rulings.iter().map(|(id, ruling)| verdict(id, *ruling)).collect::<Vec<_>>())
        };
        let seen = "A sigmoid net's gradient vanishes (factor: 0.250 [0.200, 0.300]).";
        assert_eq!(of(&[]), None);
        for (rulings, expected) in [
            (&[("a", Supported)][..], format!("{seen} It is the only statement, and supported.")),
            (&[("a", Refuted)], format!("Refuted: {seen} It is the only statement.")),
            (
                &[("a", Supported), ("b", Supported)],
                format!("{seen} Both statements are supported."),
            ),
            (
                &[("a", Inconclusive), ("b", Refuted), ("c", Supported)],
                format!(
                    "Inconclusive: {seen} Of 3 statements, 1 is supported, 1 is refuted (b) and 1 is \
                     inconclusive (a)."
                ),
            ),
            (
                &[("a", Supported), ("b", Supported), ("c", Refuted)],
                format!("{seen} Of 3 statements, 2 are supported and 1 is refuted (c)."),
            ),
        ] {
            assert_eq!(of(rulings).unwrap(), expected);
        }
    }
}
