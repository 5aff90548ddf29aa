//! Taps that layers find by themselves.

use std::cell::RefCell;
use std::mem;

use burn::tensor::{Gradients, Tensor};

use super::Taps;

thread_local! {
    /// The taps of the forward pass that runs on this thread.
    static AMBIENT: RefCell<Taps> = RefCell::new(Taps::off());
}

impl Taps {
    /// Runs a forward pass whose [`Tapped`](crate::Tapped) layers send their outputs through these taps.
    ///
    /// The layers of other threads and those that run afterwards are not tapped. If the taps are off, so
    /// are the layers.
    ///
    /// ```
    /// use backdraft_hooks::{Tapped, Taps};
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::tensor::{Device, Tensor};
    ///
    /// let device = Device::flex();
    /// let layer: Tapped<Linear> = Tapped::new(LinearConfig::new(2, 3).init(&device));
    /// let mut taps = Taps::on();
    /// let output = taps.collect(|| layer.forward(Tensor::<2>::ones([5, 2], &device)));
    /// assert_eq!(taps.tapped()[0].activation().dims(), [5, 3, 1]);
    /// # drop(output);
    /// ```
    pub fn collect<T>(&mut self, forward: impl FnOnce() -> T) -> T {
        let outer = AMBIENT.replace(mem::take(self));
        let _end = End { taps: self, outer };
        forward()
    }
}

/// Hands the taps back even if the forward pass panics.
struct End<'a> {
    taps: &'a mut Taps,
    outer: Taps,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        *self.taps = AMBIENT.replace(mem::take(&mut self.outer));
    }
}

/// Runs a part of a forward pass with the taps that [`Taps::collect`] set up on this thread, which are
/// off outside of it. So a model whose forward pass takes `&mut Taps` is tapped in a place that has none
/// to pass, such as `TrainStep::step` of Burn's `Learner`.
///
/// Within it, [`Tapped`](crate::Tapped) layers are not tapped by themselves.
pub fn with_taps<T>(forward: impl FnOnce(&mut Taps) -> T) -> T {
    /// Puts the taps back even if the forward pass panics.
    struct Borrowed(Taps);

    impl Drop for Borrowed {
        fn drop(&mut self) {
            AMBIENT.set(mem::take(&mut self.0));
        }
    }

    let mut taps = Borrowed(AMBIENT.replace(Taps::off()));
    forward(&mut taps.0)
}

/// Runs the backward pass of a loss. Within [`Taps::collect`], the gradients of what was tapped are taken
/// out, as by [`Taps::accumulate`]; otherwise it is `loss.backward()`.
///
/// For steps whose caller gets no `Gradients`, such as `TrainStep::step` of Burn's `Learner`.
pub fn backward<const D: usize>(loss: Tensor<D>) -> Gradients {
    let gradients = loss.backward();
    AMBIENT.with_borrow_mut(|taps| taps.accumulate(&gradients));
    gradients
}

/// Tells whether a layer that taps itself is to do so.
pub(super) fn is_on() -> bool {
    AMBIENT.with_borrow(Taps::is_on)
}

/// Lends the ambient taps; nothing that taps by itself may run inside.
pub(super) fn borrowed<T>(tap: impl FnOnce(&mut Taps) -> T) -> T {
    AMBIENT.with_borrow_mut(tap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn ones() -> Tensor<2> {
        Tensor::ones([2, 3], &Device::flex())
    }

    #[test]
    fn taps_reach_the_innermost_forward_pass_and_come_back() {
        let (mut outer, mut inner) = (Taps::on(), Taps::on());
        outer.collect(|| {
            with_taps(|taps| taps.tap("before", ones()));
            inner.collect(|| with_taps(|taps| taps.tap("inner", ones())));
            Taps::off().collect(|| with_taps(|taps| taps.tap("nowhere", ones())));
            with_taps(|taps| taps.tap("after", ones()));
        });
        let names = |taps: &Taps| -> Vec<String> {
            taps.tapped().iter().map(|tap| tap.subject().to_string()).collect()
        };
        assert_eq!(
            (names(&outer), names(&inner)),
            (vec!["before".into(), "after".into()], vec!["inner".into()])
        );
        assert!(!is_on());
    }

    #[test]
    fn a_panic_leaves_no_taps_behind() {
        let mut taps = Taps::on();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            taps.collect(|| {
                with_taps(|taps| {
                    taps.tap("seen", ones());
                    std::panic::resume_unwind(Box::new("stop"));
                })
            })
        }));
        assert!(panicked.is_err() && !is_on());
        assert_eq!(taps.tapped().len(), 1);
    }
}
