//! Lets few in at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A gate that so many can be inside of.
pub(super) struct Gate {
    inside: Mutex<usize>,
    most: usize,
    left: Condvar,
}

/// Being inside, until it is dropped.
pub(super) struct Inside<'a>(&'a Gate);

impl Gate {
    pub(super) fn new(most: usize) -> Self {
        Self { inside: Mutex::new(0), most, left: Condvar::new() }
    }

    /// Waits to be let in; `None` if that takes longer than `patience`.
    pub(super) fn enter(&self, patience: Duration) -> Option<Inside<'_>> {
        let deadline = Instant::now() + patience;
        let mut inside = self.lock();
        while *inside >= self.most {
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.left.wait_timeout(inside, left);
            (inside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        *inside += 1;
        Some(Inside(self))
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_are_inside_and_leaving_makes_room() {
        let gate = Gate::new(1);
        let first = gate.enter(Duration::ZERO);
        assert!(first.is_some() && gate.enter(Duration::from_millis(5)).is_none());
        drop(first);
        assert!(gate.enter(Duration::ZERO).is_some());
    }
}
