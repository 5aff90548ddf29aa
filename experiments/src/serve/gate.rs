//! Limits how many threads do something at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A counting semaphore.
pub(super) struct Gate {
    inside: Mutex<usize>,
    most: usize,
    left: Condvar,
}

/// A place inside, which dropping it frees.
pub(super) struct Inside<'a>(&'a Gate);

impl Gate {
    pub(super) fn new(most: usize) -> Self {
        Self { inside: Mutex::new(0), most, left: Condvar::new() }
    }

    /// Waits for a free place. `None` if that takes longer than `patience`.
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
    fn a_full_gate_lets_nobody_in_until_someone_leaves() {
        let gate = Gate::new(1);
        let first = gate.enter(Duration::ZERO);
        assert!(first.is_some() && gate.enter(Duration::from_millis(5)).is_none());
        drop(first);
        assert!(gate.enter(Duration::ZERO).is_some());
    }
}
