//! Patterns of tags that the user gives.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// A tag with at most one `*`, which stands for the subject, and the quantity that such tags are.
///
/// ```
/// use backdraft_rows::{QuantityName, TagPattern};
///
/// let pattern: TagPattern = "norms/*/grad=gradient_norm".parse().unwrap();
/// let (quantity, subject) = pattern.apply("norms/layers.3.weight/grad").unwrap();
/// assert_eq!(quantity, Some(QuantityName::GRADIENT_NORM));
/// assert_eq!(subject, "layers.3.weight");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern {
    start: String,
    /// What follows the subject; nothing if the pattern names one tag.
    end: Option<String>,
    /// Nothing if such tags are left out.
    quantity: Option<QuantityName>,
}

impl TagPattern {
    /// Returns the quantity and the subject if the pattern is one of `tag`'s; no quantity if such tags are
    /// to be left out.
    pub fn apply(&self, tag: &str) -> Option<(Option<QuantityName>, Subject)> {
        let subject = match &self.end {
            None => return (tag == self.start).then(|| (self.quantity.clone(), Subject::NETWORK)),
            Some(end) => tag.strip_prefix(self.start.as_str())?.strip_suffix(end.as_str())?,
        };
        (!subject.is_empty()).then(|| (self.quantity.clone(), subject_of(subject)))
    }
}

/// Reads the subject in a tag; what is nested by slashes is a path like any other.
pub(super) fn subject_of(text: &str) -> Subject {
    if text.contains('.') || !text.contains('/') {
        return Subject::from(text);
    }
    Subject::from(text.replace('/', "."))
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, reason } = self;
        write!(f, "`{text}` {reason}: write TAG-PATTERN=QUANTITY, such as `norms/*=gradient_norm`")
    }
}

impl Error for PatternError {}

impl FromStr for TagPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let error = |reason| PatternError { text: text.to_owned(), reason };
        let (tag, quantity) = text.rsplit_once('=').ok_or_else(|| error("names no quantity"))?;
        if tag.is_empty() {
            return Err(error("names no tag"));
        }
        let (start, end) = match tag.split_once('*') {
            Some((_, end)) if end.contains('*') => return Err(error("has more than one `*`")),
            Some((start, end)) => (start, Some(end.to_owned())),
            None => (tag, None),
        };
        let quantity = match quantity.trim() {
            "" => None,
            name => {
                let Ok(name) = name.parse::<QuantityName>();
                // No rule reads another, so it would be a slip of the pen without effect.
                if !QuantityName::KNOWN.contains(&name) {
                    return Err(error("names a quantity that no rule knows"));
                }
                Some(name)
            }
        };
        Ok(Self { start: start.to_owned(), end, quantity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_the_subject_from_the_tag_or_says_what_is_wrong_with_it() {
        let apply = |pattern: &str, tag: &str| {
            let pattern: TagPattern = pattern.parse().unwrap();
            pattern.apply(tag).map(|(_, subject)| subject.to_string())
        };
        assert_eq!(apply("*.gnorm=gradient_norm", "a.0.gnorm").as_deref(), Some("a.0"));
        assert_eq!(apply("g/*=gradient_norm", "g/a/0/kernel").as_deref(), Some("a.0.kernel"));
        assert_eq!(apply("xent=loss", "xent").as_deref(), Some("network"));
        assert_eq!(apply("xent=loss", "xent/a"), None);
        assert_eq!(apply("ab*ba=loss", "aba"), None, "the ends do not overlap");
        for (text, reason) in [
            ("loss", "names no quantity"),
            ("=loss", "names no tag"),
            ("a*b*=loss", "more than one `*`"),
            ("a*=gradient_nrom", "no rule knows"),
        ] {
            let error = text.parse::<TagPattern>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("TAG-PATTERN=QUANTITY"), "{error}");
        }
        let left_out: TagPattern = "noise/*=".parse().unwrap();
        assert_eq!(left_out.apply("noise/a").unwrap().0, None);
    }
}
