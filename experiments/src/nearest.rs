//! Guesses what a misspelt name was meant to be.

/// Returns the shortest candidate that starts with `name`, else the most similar one; `None` if there are
/// no candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // People cut long names short more often than they mistype them.
    let likeness = |candidate: &str| match candidate.starts_with(name) {
        true => (0, candidate.len()),
        false => (1, strsim::damerau_levenshtein(name, candidate)),
    };
    candidates.into_iter().min_by_key(|candidate| likeness(candidate))
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
}
