//! Guesses what a misspelt name was meant to be.

/// Returns the candidate most similar to `name`, or `None` if there are no candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(name, candidate);
    candidates.into_iter().min_by_key(|candidate| distance(candidate))
}
