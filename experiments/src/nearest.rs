//! Guesses what a misspelt name was meant to be.

/// Returns the candidate most similar to `name`, or `None` if there are no candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |candidate: &str| strsim::jaro_winkler(name, candidate);
    candidates.into_iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
}
