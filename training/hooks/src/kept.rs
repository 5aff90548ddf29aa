//! The rows of a training in bounded memory.

use backdraft_rows::Row;

/// Rows of observations, thinned out evenly once there are too many.
///
/// The first observation, the latest, and the first with a number that is not finite always stay.
#[derive(Debug)]
pub(crate) struct Kept {
    limit: usize,
    /// Every how many observations one is kept.
    stride: u64,
    /// Observations so far.
    seen: u64,
    broken: Option<u64>,
    /// By number, from 0.
    observations: Vec<(u64, Vec<Row>)>,
}

impl Kept {
    /// Keeps at most `limit` observations, at least three.
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.max(3);
        Self { limit, stride: 1, seen: 0, broken: None, observations: Vec::new() }
    }

    pub(crate) fn push(&mut self, rows: Vec<Row>) {
        if self.broken.is_none() && rows.iter().any(|row| !row.value.is_finite()) {
            self.broken = Some(self.seen);
        }
        if self.observations.last().is_some_and(|(number, _)| !self.stays(*number)) {
            self.observations.pop();
        }
        self.observations.push((self.seen, rows));
        self.seen += 1;
        while self.observations.len() > self.limit {
            self.stride *= 2;
            let (latest, stride, broken) = (self.seen - 1, self.stride, self.broken);
            self.observations.retain(|(number, _)| {
                number.is_multiple_of(stride) || *number == latest || Some(*number) == broken
            });
        }
    }

    fn stays(&self, number: u64) -> bool {
        number.is_multiple_of(self.stride) || Some(number) == self.broken
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.observations.iter().flat_map(|(_, rows)| rows)
    }

    pub(crate) fn len(&self) -> usize {
        self.observations.iter().map(|(_, rows)| rows.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::QuantityName;

    #[test]
    fn a_long_training_keeps_its_ends_and_an_even_choice_between_them() {
        let mut kept = Kept::new(8);
        for step in 0..10_000 {
            let value = if step == 4_321 || step == 5_000 { f64::NAN } else { 1.0 };
            kept.push(vec![Row::of_network(step, QuantityName::LOSS, value)]);
            assert!(kept.len() <= 8);
            assert_eq!(kept.rows().last().unwrap().step, step);
        }
        let steps: Vec<u64> = kept.rows().map(|row| row.step).collect();
        assert_eq!(steps, [0, 2_048, 4_096, 4_321, 6_144, 8_192, 9_999]);
    }

    #[test]
    fn a_short_training_keeps_everything() {
        let mut kept = Kept::new(8);
        (0..8).for_each(|step| kept.push(vec![Row::of_network(step, QuantityName::LOSS, 1.0)]));
        assert_eq!(kept.rows().map(|row| row.step).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
