//! A share of a sweep.

use std::fmt;
use std::str::FromStr;

/// One of several disjoint shares that make up a sweep: `2/5` is the second of five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Returns its share of what is to be done: every `count`-th, so that costly neighbours are spread.
    pub fn of<T>(self, all: Vec<T>) -> Vec<T> {
        all.into_iter().skip(self.index - 1).step_by(self.count).collect()
    }

    /// Returns all of it, turned so that workers start at different places.
    pub fn first<T>(self, mut all: Vec<T>) -> Vec<T> {
        let start = all.len() * (self.index - 1) / self.count;
        all.rotate_left(start);
        all
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = text.split_once('/').and_then(|(index, count)| {
            Some(Self { index: index.parse().ok()?, count: count.parse().ok()? })
        });
        pair.filter(|shard| (1..=shard.count).contains(&shard.index))
            .ok_or_else(|| "expected a share such as `2/5`, the second of five".to_owned())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_disjoint_and_complete() {
        for count in 1..6 {
            let share = |index| Shard { index, count }.of((0..17).collect::<Vec<_>>());
            let mut all: Vec<i32> = (1..=count).flat_map(share).collect();
            all.sort_unstable();
            assert_eq!(all, (0..17).collect::<Vec<_>>());
        }
        assert_eq!("2/2".parse::<Shard>().unwrap().first(vec![1, 2, 3, 4]), [3, 4, 1, 2]);
    }

    #[test]
    fn shares_read_as_written_and_others_are_refused() {
        assert_eq!("2/5".parse::<Shard>().unwrap().to_string(), "2/5");
        for text in ["", "2", "0/5", "6/5", "0/0", "-1/5", "a/b", "1/2/3", "1/"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
