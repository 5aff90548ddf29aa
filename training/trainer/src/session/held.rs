//! A value that is away for a moment.

use std::ops::Deref;

/// A model that the optimiser takes and gives back: a copy that stayed behind would keep it from
/// changing the weights in place.
pub(super) struct Held<M>(Option<M>);

impl<M> Held<M> {
    pub(super) fn new(model: M) -> Self {
        Self(Some(model))
    }

    /// Replaces the model by what `change` makes of it.
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
