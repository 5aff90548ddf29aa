//! Closed sets of values that people choose from by name.

use crate::nearest::unknown;

/// A value that people choose by its name, on a command line or in a file.
pub trait Named: Copy + PartialEq + Send + Sync + 'static {
    /// What the value is called in messages, such as `preset`.
    const KIND: &'static str;

    /// Every value with its name and what it means, in one line.
    const ALL: &'static [(Self, &'static str, &'static str)];

    /// Returns the value's name; empty for a value that [`ALL`](Self::ALL) does not list.
    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(value, ..)| *value == self);
        found.map_or("", |(_, name, _)| name)
    }

    /// Finds a value by its name.
    ///
    /// # Errors
    ///
    /// A message with the most similar name.
    fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, own, _)| *own == name);
        let names = || Self::ALL.iter().map(|(_, name, _)| *name);
        found.map(|(value, ..)| *value).ok_or_else(|| unknown(Self::KIND, name, names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Coin {
        Heads,
        Tails,
    }

    impl Named for Coin {
        const KIND: &'static str = "side";
        const ALL: &'static [(Self, &'static str, &'static str)] =
            &[(Self::Heads, "heads", "The side with a head"), (Self::Tails, "tails", "The other")];
    }

    #[test]
    fn names_are_found_again_and_misspelt_ones_answered() {
        for &(side, name, _) in Coin::ALL {
            assert_eq!(side.name(), name);
            assert_eq!(Coin::named(name), Ok(side));
        }
        let told = Coin::named("tail").unwrap_err();
        assert_eq!(told, "there is no side `tail`; did you mean `tails`?");
    }
}
