//! What a row is about.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use crate::chain::Chain;

/// What a row is about: the network as a whole, a parameter or a layer by its path, or a tap by its
/// name; of a tap perhaps one time step, of a parameter perhaps one bin of a histogram.
///
/// It is written as a text and reads back from it:
///
/// | text | subject |
/// |---|---|
/// | `network` | the network as a whole |
/// | `hidden.3.linear.weight` | a parameter, by its path in the module |
/// | `hidden.3` | a tap, or the parameters of a layer together |
/// | `hidden@12` | a tap at time step 12 |
/// | `hidden.0.weight[1e-4]` | the elements of a parameter in the decade [1e-4, 1e-3) |
///
/// A text is taken apart once, when the subject is made; a clone shares what was found.
///
/// ```
/// use backdraft_rows::{Axis, Subject};
///
/// let weight = Subject::from("hidden.3.linear.weight");
/// assert!(weight.is_weight());
/// assert_eq!(weight.chain().unwrap().name, "hidden.*.linear.weight");
///
/// let state = Subject::at_step("layers.0", 12);
/// assert_eq!(state.as_str(), "layers.0@12");
/// assert_eq!((state.path(), state.time_step()), ("layers.0", Some(12)));
/// assert_eq!(state.chain().unwrap().axis, Axis::Time);
/// ```
#[derive(Clone)]
pub struct Subject(Option<Arc<Parts>>);

struct Parts {
    text: Box<str>,
    /// Where the path ends in the text.
    path_end: usize,
    /// Where the bin begins in the text; its end where there is none.
    bin_start: usize,
    time_step: Option<usize>,
    decade: Option<i32>,
}

const NETWORK: &str = "network";

impl Subject {
    /// The network as a whole.
    pub const NETWORK: Self = Self(None);

    /// A tap at one time step.
    pub fn at_step(path: impl fmt::Display, time_step: usize) -> Self {
        Self::from(format!("{path}@{time_step}"))
    }

    /// The elements of this subject whose magnitude lies in `[10^decade, 10^(decade + 1))`.
    pub fn bin(&self, decade: i32) -> Self {
        Self::from(format!("{}[1e{decade}]", self.without_bin()))
    }

    /// Returns the subject as it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or(NETWORK, |parts| &parts.text)
    }

    /// Tells whether this is the network as a whole.
    pub fn is_network(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the parameter's path or the tap's name, without time step and bin.
    pub fn path(&self) -> &str {
        self.0.as_ref().map_or(NETWORK, |parts| &parts.text[..parts.path_end])
    }

    /// Returns what the bin of a histogram is a part of, as it is written; other subjects whole.
    pub fn without_bin(&self) -> &str {
        self.0.as_ref().map_or(NETWORK, |parts| &parts.text[..parts.bin_start])
    }

    /// Returns the time step of a tap that has one.
    pub fn time_step(&self) -> Option<usize> {
        self.0.as_ref().and_then(|parts| parts.time_step)
    }

    /// Returns the exponent of the lower edge of a histogram's bin.
    pub fn decade(&self) -> Option<i32> {
        self.0.as_ref().and_then(|parts| parts.decade)
    }

    /// Tells whether this is a parameter that multiplies, by the end of its path.
    pub fn is_weight(&self) -> bool {
        self.path().ends_with("weight")
    }

    /// Tells whether this is a parameter that is added, by the end of its path.
    pub fn is_bias(&self) -> bool {
        self.path().ends_with("bias")
    }

    /// Tells whether this lies within `outer`, as an LSTM's memory `layers.0.cell` does within its
    /// layer `layers.0`.
    pub fn is_within(&self, outer: &Self) -> bool {
        self.path().strip_prefix(outer.path()).is_some_and(|rest| rest.starts_with('.'))
    }

    /// Returns the chain in which this has a place: `hidden@12` has one in time, `hidden.3.weight` in
    /// depth; `head.weight`, the network and the bins of histograms have none.
    pub fn chain(&self) -> Option<Chain> {
        let path = self.path();
        // The path of a module has no blanks; what has them is named in words.
        if self.decade().is_some() || path.contains(char::is_whitespace) {
            return None;
        }
        if self.time_step().is_some() {
            Some(Chain::over_time(path))
        } else {
            Chain::over_depth(path)
        }
    }
}

impl From<String> for Subject {
    fn from(text: String) -> Self {
        if text == NETWORK {
            return Self::NETWORK;
        }
        let bin = || {
            let (rest, decade) = text.strip_suffix(']')?.rsplit_once("[1e")?;
            Some((rest, Some(decade.parse().ok()?)))
        };
        let (rest, decade) = bin().unwrap_or((&text, None));
        let step = || {
            let (path, time_step) = rest.rsplit_once('@')?;
            Some((path, Some(time_step.parse().ok()?)))
        };
        let (path, time_step) = step().unwrap_or((rest, None));
        let (path_end, bin_start) = (path.len(), rest.len());
        Self(Some(Arc::new(Parts { path_end, bin_start, time_step, decade, text: text.into() })))
    }
}

impl From<&str> for Subject {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl FromStr for Subject {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(parts), Some(others)) => Arc::ptr_eq(parts, others) || parts.text == others.text,
            (parts, others) => parts.is_none() && others.is_none(),
        }
    }
}

impl Eq for Subject {}

impl PartialEq<str> for Subject {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == text
    }
}

impl PartialEq<&str> for Subject {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == *text
    }
}

impl PartialOrd for Subject {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Subject {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Subject {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Subject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a subject, such as `network` or `hidden.0.weight`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Subject, E> {
                Ok(Subject::from(text))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Subject, E> {
                Ok(Subject::from(text))
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Axis;

    /// Every form that records hold, and what only looks like one.
    const TEXTS: &[&str] = &[
        "network",
        "network.0",
        "head.weight",
        "hidden.3",
        "hidden.3.linear.weight",
        "layers.0@12",
        "layers.0.cell@0",
        "hidden.0.weight[1e-4]",
        "layers.0@7[1e38]",
        "rate 0.003",
        "",
        "@",
        "h@",
        "h@012",
        "h@-1",
        "h@x",
        "]",
        "w[1e]",
        "w[1e+4]",
        "w[1e9999999999]",
        "w[2e3]",
        "é@3[1e-1]",
        "a\"b\\c\n",
    ];

    #[test]
    fn every_subject_reads_back_as_it_is_written() {
        for text in TEXTS {
            let subject = Subject::from(*text);
            assert_eq!(subject.to_string(), *text);
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::to_string(&subject).unwrap(), json);
            assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), subject);
            assert_eq!(text.parse(), Ok(subject));
        }
    }

    #[test]
    fn a_subject_knows_its_path_its_time_step_and_its_bin() {
        let parts = |text: &str| {
            let subject = Subject::from(text);
            (subject.path().to_owned(), subject.time_step(), subject.decade())
        };
        let of = |path: &str, step, decade| (path.to_owned(), step, decade);
        assert_eq!(parts("network"), of("network", None, None));
        assert_eq!(parts("hidden.3"), of("hidden.3", None, None));
        assert_eq!(parts("layers.0@12"), of("layers.0", Some(12), None));
        assert_eq!(parts("head.weight[1e-4]"), of("head.weight", None, Some(-4)));
        assert_eq!(parts("h@7[1e38]"), of("h", Some(7), Some(38)));
        for odd in ["h@x", "w[1e]", "w[2e3]"] {
            assert_eq!(parts(odd), of(odd, None, None));
        }
    }

    #[test]
    fn what_is_built_from_parts_equals_what_is_read() {
        assert_eq!(Subject::at_step("layers.0", 12), Subject::from("layers.0@12"));
        assert_eq!(Subject::from("w").bin(-4), Subject::from("w[1e-4]"));
        assert_eq!(Subject::NETWORK, Subject::from("network"));
        assert_ne!(Subject::NETWORK, Subject::from("network.0"));
        assert_eq!(Subject::from("head.bias"), "head.bias");
    }

    #[test]
    fn subjects_that_differ_in_a_number_are_a_chain_and_others_are_in_none() {
        let chain = |text: &str| Subject::from(text).chain().map(|chain| (chain.axis, chain.name));
        let of = |axis, name: &str| Some((axis, name.to_owned()));
        assert_eq!(chain("hidden.3.linear.weight"), of(Axis::Depth, "hidden.*.linear.weight"));
        assert_eq!(chain("layers.0@12"), of(Axis::Time, "layers.0"));
        for text in ["head.weight", "network", "hidden.0.weight[1e-4]", "rate 0.003"] {
            assert_eq!(chain(text), None, "{text}");
        }
    }

    #[test]
    fn a_memory_lies_within_its_layer_but_a_tenth_layer_not_within_the_first() {
        let is_within = |a: &str, b: &str| Subject::from(a).is_within(&Subject::from(b));
        assert!(is_within("layers.0.cell@3", "layers.0@5"));
        assert!(!is_within("layers.1@3", "layers.0@5"));
        assert!(!is_within("layers.10", "layers.1"));
        assert!(!is_within("layers.1", "layers.1"));
    }

    #[test]
    fn subjects_are_found_and_ordered_by_their_text() {
        let subjects: std::collections::BTreeMap<Subject, usize> =
            TEXTS.iter().enumerate().map(|(place, text)| (Subject::from(*text), place)).collect();
        for (place, text) in TEXTS.iter().enumerate() {
            assert_eq!(subjects.get(*text), Some(&place));
        }
    }
}
