//! Shares of saturated elements and of dead units.

use super::Element;

/// The share of values whose slope `slope(a)` is below `bound`.
pub(crate) fn share_below<E: Element>(values: &[E], slope: impl Fn(f64) -> f64, bound: f64) -> f64 {
    let below = values.iter().map(|a| f64::from(u8::from(slope(a.widen()) < bound)));
    below.sum::<f64>() / values.len().max(1) as f64
}

/// The share of units that are zero everywhere; values are `[outer, units, inner]`.
pub(crate) fn dead_share<E: Element>(values: &[E], [_, units, inner]: [usize; 3]) -> f64 {
    let zero = E::default();
    let mut is_alive = vec![false; units];
    for example in values.chunks(units * inner) {
        match inner {
            // Without a branch, which half-dead layers would often mispredict.
            1 => is_alive.iter_mut().zip(example).for_each(|(alive, a)| *alive |= *a != zero),
            _ => {
                for (alive, positions) in is_alive.iter_mut().zip(example.chunks(inner)) {
                    *alive |= positions.iter().any(|a| *a != zero);
                }
            }
        }
    }
    is_alive.iter().filter(|alive| !**alive).count() as f64 / units.max(1) as f64
}
