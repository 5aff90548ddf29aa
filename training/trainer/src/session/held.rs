//! A model that can be moved out of a session for a moment.

use std::ops::Deref;

/// A model that the optimiser takes and returns. If a clone remained here, the optimiser could not
/// update the weights in place.
pub(super) struct Held<M>(Option<M>);

impl<M> Held<M> {
    pub(super) fn new(model: M) -> Self {
        Self(Some(model))
    }

    /// Replaces the model by the result of `change`.
    pub(super) fn change(&mut self, change: impl FnOnce(M) -> M) {
        self.0 = self.0.take().map(change);
    }

    pub(super) fn into_inner(self) -> Option<M> {
        self.0
    }
}

impl<M> Deref for Held<M> {
    type Target = M;

    fn deref(&self) -> &M {
        self.0.as_ref().expect("only a change that panicked leaves no model")
    }
}
