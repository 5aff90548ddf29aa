//! Guesses what a misspelt name was meant to be.

/// Returns the candidate most similar to `name`, or `None` if there are no candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Winkler's measure favours names that begin alike: people cut names short more often than they
    // put other letters into them.
    let likeness = |candidate: &str| strsim::jaro_winkler(name, candidate);
    candidates.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_long_name_is_nearer_to_it_than_to_a_short_one() {
        let names = ["clipping", "sigmoid-vs-relu", "saturation"];
        assert_eq!(nearest("sigmoid", names), Some("sigmoid-vs-relu"));
        assert_eq!(nearest("cliping", names), Some("clipping"));
        assert_eq!(nearest("x", []), None);
    }
}
