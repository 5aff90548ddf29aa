//! What a row is about.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::chain::Chain;
use crate::text::is_its_text;

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

    /// Tells whether this is added by design from zero on: a bias, or the β of a normalisation.
    pub fn is_offset(&self) -> bool {
        self.is_bias() || self.path().rsplit('.').next() == Some("beta")
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

is_its_text!(Subject);

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

#[cfg(test)]
mod tests;
