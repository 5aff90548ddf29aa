//! How a gradient changes along a chain at one step.

/// The direction of trouble along a chain, towards its start, which is where gradients flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// It shrinks.
    Shrinks,
    /// It grows.
    Grows,
}

/// A stretch of a chain over which the gradient changes too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    /// The earliest place in trouble.
    pub(super) from: usize,
    /// The later place with which it is compared.
    pub(super) to: usize,
    /// The gradient at the first over that at the second; 0 if it is zero there.
    pub(super) ratio: f64,
}

impl Stretch {
    /// Returns the worst stretch in one direction, if it changes by more than `bound`, a ratio below 1.
    ///
    /// Each place is compared with the largest (or smallest) gradient after it, so that a chain which
    /// loses its gradient and regains it is found as well as one which only loses it. A zero counts only
    /// before places where the gradient is vanishing already: it underflowed. Elsewhere it is no trend.
    pub(super) fn of(gradients: &[f64], direction: Direction, bound: f64) -> Option<Self> {
        let (mut reference, mut worst): (Option<(usize, f64)>, Option<Self>) = (None, None);
        for (place, gradient) in gradients.iter().copied().enumerate().rev() {
            if !gradient.is_finite() {
                return None;
            }
            if let Some((to, after)) = reference {
                let ratio = gradient / after;
                let is_trouble = match direction {
                    Direction::Shrinks if gradient == 0.0 => worst.is_some(),
                    Direction::Shrinks => ratio < bound,
                    Direction::Grows => ratio > bound.recip(),
                };
                if is_trouble {
                    worst = Some(Self { from: place, to, ratio });
                }
            }
            let is_new = reference.is_none_or(|(_, after)| match direction {
                Direction::Shrinks => gradient >= after,
                Direction::Grows => gradient <= after,
            });
            if gradient > 0.0 && is_new {
                reference = Some((place, gradient));
            }
        }
        worst
    }

    /// Returns the factor per place, as a geometric mean; `None` if the gradient is zero at its start.
    pub(super) fn factor(&self) -> Option<f64> {
        (self.ratio > 0.0).then(|| self.ratio.powf(1.0 / (self.to - self.from) as f64))
    }

    /// Returns the place after the single step that makes most of the change; `None` if the change is
    /// spread over the stretch.
    pub(super) fn culprit(&self, gradients: &[f64]) -> Option<usize> {
        const MOST: f64 = 0.75;
        let total = self.ratio.ln();
        if self.to - self.from < 2 || !total.is_finite() {
            return None;
        }
        let change = |place: usize| (gradients[place - 1] / gradients[place]).ln() / total;
        (self.from + 1..=self.to).find(|place| change(*place) > MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::Direction::{Grows, Shrinks};
    use super::*;

    fn stretch(gradients: &[f64], direction: Direction) -> Option<(usize, usize)> {
        Stretch::of(gradients, direction, 1e-3).map(|stretch| (stretch.from, stretch.to))
    }

    #[test]
    fn ends_and_middles_are_found_and_flat_chains_are_not() {
        assert_eq!(stretch(&[1e-6, 1e-4, 1e-2, 1.0], Shrinks), Some((0, 3)));
        assert_eq!(stretch(&[1e-6, 1e-4, 1e-2, 1.0], Grows), None);
        assert_eq!(stretch(&[1.0, 1.0, 1e-5, 1e-5, 1.0, 1.0], Shrinks), Some((2, 4)));
        assert_eq!(stretch(&[1e6, 1e4, 1e2, 1.0], Grows), Some((0, 3)));
        assert_eq!(stretch(&[0.1, 1.0, 0.2, 5.0], Shrinks), None);
        assert_eq!(stretch(&[0.1, 1.0, 0.2, 5.0], Grows), None);
    }

    #[test]
    fn zeros_count_after_a_trend_only() {
        assert_eq!(stretch(&[0.0, 1e-30, 1e-10, 1.0], Shrinks), Some((0, 3)));
        assert_eq!(stretch(&[0.0, 0.0, 0.5, 1.0], Shrinks), None);
        assert_eq!(stretch(&[0.5, 0.0, 0.5, 1.0], Shrinks), None);
        assert_eq!(stretch(&[f64::NAN, 1e-9, 0.5, 1.0], Shrinks), None);
    }

    #[test]
    fn one_step_that_makes_the_change_is_the_culprit() {
        let gradients = [1e-5, 1e-5, 1e-5, 1.0, 1.0];
        let found = Stretch::of(&gradients, Shrinks, 1e-3).unwrap();
        assert_eq!((found.from, found.culprit(&gradients)), (0, Some(3)));
        let gradients = [1e-6, 1e-4, 1e-2, 1.0];
        let found = Stretch::of(&gradients, Shrinks, 1e-3).unwrap();
        assert_eq!(found.culprit(&gradients), None);
        assert!((found.factor().unwrap() - 1e-2).abs() < 1e-12);
    }
}
