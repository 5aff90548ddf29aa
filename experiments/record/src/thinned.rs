//! A course of values that never takes more than so much room.

/// Points beyond which every second one is dropped.
const POINTS: usize = 400;

/// Values by step, the older the course the further apart.
#[derive(Clone, Debug, Default)]
pub struct Thinned {
    points: Vec<(u64, f64)>,
    /// Every so many values are kept.
    stride: usize,
    seen: usize,
    latest: Option<f64>,
}

impl Thinned {
    /// Takes the value of a later step.
    pub fn push(&mut self, step: u64, value: f64) {
        self.latest = Some(value);
        self.stride = self.stride.max(1);
        if self.seen.is_multiple_of(self.stride) {
            self.points.push((step, value));
        }
        self.seen += 1;
        if self.points.len() >= POINTS {
            let mut keep = [true, false].into_iter().cycle();
            self.points.retain(|_| keep.next().unwrap_or(true));
            self.stride *= 2;
        }
    }

    /// Returns the points that were kept.
    pub fn points(&self) -> &[(u64, f64)] {
        &self.points
    }

    /// Returns the value taken last.
    pub fn latest(&self) -> Option<f64> {
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_course_is_thinned_evenly_and_knows_its_latest_value() {
        let mut course = Thinned::default();
        (0..10_000).for_each(|step| course.push(step, step as f64));
        assert!((POINTS / 2 - 1..POINTS).contains(&course.points.len()));
        let gaps: Vec<u64> = course.points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert!(gaps.iter().all(|gap| *gap == gaps[0]), "{gaps:?}");
        assert_eq!(course.latest(), Some(9_999.0));
    }
}
