//! Data that trials share while any of them runs.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::supervised::Supervised;

/// Data that are made for the first trial that needs them, and dropped with the last.
pub struct Shared<F> {
    make: F,
    made: Mutex<Weak<Supervised>>,
}

impl<F: Fn() -> anyhow::Result<Supervised>> Shared<F> {
    /// Makes nothing yet.
    pub fn new(make: F) -> Self {
        Self { make, made: Mutex::default() }
    }

    /// Returns the data, made if nobody holds them.
    ///
    /// # Errors
    ///
    /// If they cannot be made.
    pub fn get(&self) -> anyhow::Result<Arc<Supervised>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = made.upgrade() {
            return Ok(held);
        }
        let fresh = Arc::new((self.make)()?);
        *made = Arc::downgrade(&fresh);
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_datasets::SequenceTask;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn data_are_made_once_for_all_that_hold_them_and_again_when_nobody_does() {
        let count = AtomicUsize::new(0);
        let shared = Shared::new(|| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Supervised::of_sequences(SequenceTask::Adding, 10, [2, 2], 0)?)
        });
        assert_eq!(count.load(Ordering::Relaxed), 0);
        let (first, second) = (shared.get().unwrap(), shared.get().unwrap());
        assert!(Arc::ptr_eq(&first, &second));
        drop((first, second));
        shared.get().unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}
