//! The steps at which a value shows trouble.

use super::Confidence;

/// A share of the observed steps below this is an episode, unless it is the latest.
const EPISODE: f64 = 0.1;

/// This many troubled observations at the end are no coincidence.
const LATEST: usize = 3;

/// What a course of values shows of a trouble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trouble<T> {
    /// The first step with the trouble.
    pub(super) since: u64,
    /// What was seen at the first of these steps.
    pub(super) first: T,
    /// What was seen at the latest of these steps.
    pub(super) latest: T,
    /// The number of steps with the trouble.
    pub(super) seen: usize,
    /// The number of steps at which it could have been seen.
    pub(super) observed: usize,
    /// Whether the latest observations show it.
    is_going_on: bool,
    /// Whether the first observation shows it.
    is_initial: bool,
}

impl<T: Copy> Trouble<T> {
    /// Collects the steps with trouble from the observed steps, in order; `None` if there are none.
    pub(super) fn of(observations: impl IntoIterator<Item = (u64, Option<T>)>) -> Option<Self> {
        let (mut trouble, mut observed, mut row): (Option<Self>, usize, usize) = (None, 0, 0);
        for (step, value) in observations {
            observed += 1;
            row = if value.is_some() { row + 1 } else { 0 };
            let Some(value) = value else { continue };
            let found = trouble.get_or_insert(Self {
                since: step,
                first: value,
                latest: value,
                seen: 0,
                observed: 0,
                is_going_on: false,
                is_initial: observed == 1,
            });
            found.latest = value;
            found.seen += 1;
        }
        trouble.map(|found| Self { observed, is_going_on: row >= LATEST.min(observed), ..found })
    }

    /// Tells whether the latest observations show it.
    pub(super) fn is_going_on(&self) -> bool {
        self.is_going_on
    }

    /// Tells whether this is more than an episode: seen at a tenth of the steps or at the latest.
    pub(super) fn is_lasting(&self) -> bool {
        self.seen as f64 >= EPISODE * self.observed as f64 || self.is_going_on
    }

    /// Tells whether it was there at the first observation, so that training did not make it.
    pub(super) fn is_initial(&self) -> bool {
        self.is_initial
    }

    /// Tells whether most observed steps show it.
    pub(super) fn is_usual(&self) -> bool {
        2 * self.seen > self.observed
    }

    /// Returns how certain it is.
    pub(super) fn confidence(&self) -> Confidence {
        Confidence::of(self.seen, self.observed)
    }

    /// Returns "at 3 of 10 observed steps".
    pub(super) fn at(&self) -> String {
        format!("at {} of {} observed steps", self.seen, self.observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(at: impl Fn(u64) -> bool, steps: u64) -> Option<Trouble<u64>> {
        Trouble::of((0..steps).map(|step| (step, at(step).then_some(step))))
    }

    #[test]
    fn an_episode_is_not_lasting_and_what_goes_on_is() {
        assert_eq!(trouble(|_| false, 9), None);
        let episode = trouble(|step| (20..23).contains(&step), 50).unwrap();
        assert_eq!((episode.since, episode.latest, episode.seen), (20, 22, 3));
        assert!(!episode.is_lasting());
        assert!(trouble(|step| step > 46, 50).unwrap().is_lasting());
        assert!(trouble(|step| step % 10 == 0, 50).unwrap().is_lasting());
        assert!(trouble(|_| true, 1).unwrap().is_lasting());
    }
}
