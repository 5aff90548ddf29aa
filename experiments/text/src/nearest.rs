//! Suggests names for misspelt ones.

use crate::visible::shortened;

/// Returns the shortest candidate that starts with `name`, or else the most similar one. `None` without
/// candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The time of a comparison grows with the length, and no candidate is this long.
    let name = shortened(name);
    // People abbreviate long names more often than they mistype them.
    let likeness = |candidate: &str| {
        if candidate.starts_with(&*name) {
            (0, candidate.len())
        } else {
            (1, strsim::damerau_levenshtein(&name, candidate))
        }
    };
    candidates.into_iter().min_by_key(|candidate| likeness(candidate))
}

/// Returns the message that there is no `kind` of this name, with the nearest candidate.
pub fn unknown<'a>(
    kind: &str,
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    let guess = nearest(name, candidates);
    let guess = guess.map_or(String::new(), |guess| format!("; did you mean `{guess}`?"));
    format!("there is no {kind} `{}`{guess}", shortened(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_long_name_is_nearer_to_it_than_to_a_short_one() {
        let names = ["clipping", "sigmoid-vs-relu", "saturation"];
        assert_eq!(nearest("sigmoid", names), Some("sigmoid-vs-relu"));
        assert_eq!(nearest("cliping", names), Some("clipping"));
        assert_eq!(nearest("mpl", ["mlp-50", "mlp"]), Some("mlp"));
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn an_unknown_name_is_quoted_in_part_and_answered_with_the_nearest() {
        assert_eq!(unknown("plot", "x", []), "there is no plot `x`");
        let told = unknown("model", &"mlp".repeat(100_000), ["mlp", "resnet"]);
        assert!(told.ends_with("…`; did you mean `mlp`?"), "{told:.200}");
        assert_eq!(told.chars().count(), 80 + "there is no model ``; did you mean `mlp`?".len());
    }
}
