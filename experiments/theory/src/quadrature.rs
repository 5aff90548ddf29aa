//! Means over a Gaussian.

/// Beyond it lies less than 1e-22 of the Gaussian.
const REACH: f64 = 10.0;
/// Beyond it the density is no longer a normal number.
const FARTHEST: f64 = 37.5;
/// Length of a panel where nothing varies faster than the Gaussian itself.
const FINE: f64 = 0.5;
/// The same in each of two dimensions, where panels are many.
const COARSE: f64 = 1.0;
/// Length of a panel in the Gaussian's tail.
const TAIL: f64 = 0.25;
/// How far beyond the last kink the tail matters.
const TAIL_REACH: f64 = 4.0;

/// Ends of panels around a place near which the integrand varies fast, in units of the length over which it
/// varies.
const LENGTHS: [f64; 17] = [
    1.0,
    2.0,
    4.0,
    8.0,
    16.0,
    32.0,
    64.0,
    128.0,
    256.0,
    512.0,
    1024.0,
    8192.0,
    65536.0,
    524288.0,
    4194304.0,
    33554432.0,
    268435456.0,
];

/// Positive nodes and weights of the Gauss–Legendre rule with ten nodes on [−1, 1] (Abramowitz &
/// Stegun, table 25.4).
const NODES: [(f64, f64); 5] = [
    (0.148_874_338_981_631_22, 0.295_524_224_714_752_8),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_5),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_4),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
];

/// Returns E f(z) for a standard normal z; `f` may bend or jump at 0, and is smooth elsewhere.
pub fn gaussian_mean(f: impl Fn(f64) -> f64) -> f64 {
    Panels::fine().mean(f)
}

/// Intervals on each of which an integrand is smooth, with ten Gauss–Legendre nodes each.
///
/// Unlike Gauss–Hermite nodes, these do not thin out where a saturating activation bends, and a kink at
/// the end of a panel costs no accuracy.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    length: f64,
    ends: Vec<f64>,
}

impl Panels {
    /// Panels for an integral over one dimension.
    pub(crate) fn fine() -> Self {
        Self::regular(FINE)
    }

    /// Panels for each dimension of an integral over two.
    pub(crate) fn coarse() -> Self {
        Self::regular(COARSE)
    }

    fn regular(length: f64) -> Self {
        let count = (REACH / length) as i32;
        Self { length, ends: (-count..=count).map(|k| f64::from(k) * length).collect() }
    }

    /// Ends panels where the integrand bends or jumps, other than at 0.
    pub(crate) fn ending_at(mut self, kinks: impl IntoIterator<Item = f64>) -> Self {
        let within = |kink: &f64| kink.abs() < FARTHEST;
        for kink in kinks.into_iter().filter(within) {
            self.ends.push(kink);
            // All of the integrand may lie beyond a kink.
            if kink.abs() > REACH - TAIL_REACH {
                let count = ((kink.abs() + TAIL_REACH - REACH) / TAIL).ceil() as i32;
                let tail = (1..=count).map(|k| kink.signum() * (REACH + f64::from(k) * TAIL));
                self.ends.extend(tail);
            }
        }
        self
    }

    /// Shortens the panels towards a `place` near which the integrand varies over lengths of `scale`. Many
    /// such lengths away it must be as smooth as a power.
    pub(crate) fn refined(mut self, place: f64, scale: f64) -> Self {
        if place.abs() < REACH && scale > 0.0 {
            self.ends.push(place);
            for length in LENGTHS.iter().map(|length| length * scale) {
                if length < self.length {
                    self.ends.extend([place - length, place + length]);
                }
            }
        }
        self
    }

    /// Returns E f(z) for a standard normal z.
    pub(crate) fn mean(mut self, f: impl Fn(f64) -> f64) -> f64 {
        self.ends.sort_by(f64::total_cmp);
        let weighted = |z: f64| f(z) * (-0.5 * z * z).exp();
        let panel = |ends: &[f64]| {
            let (middle, half) = ((ends[0] + ends[1]) / 2.0, (ends[1] - ends[0]) / 2.0);
            if half == 0.0 {
                return 0.0;
            }
            let pair = |(node, weight): &(f64, f64)| {
                weight * (weighted(middle - half * node) + weighted(middle + half * node))
            };
            half * NODES.iter().map(pair).sum::<f64>()
        };
        self.ends.windows(2).map(panel).sum::<f64>() / std::f64::consts::TAU.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::close;

    #[test]
    fn even_moments_are_the_double_factorials() {
        for (power, moment) in [(0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
            close(gaussian_mean(|z| z.powi(power)), moment, 1e-12);
        }
    }

    #[test]
    fn a_jump_or_a_kink_costs_nothing_where_it_is_known() {
        close(gaussian_mean(|z| f64::from(u8::from(z > 0.0))), 0.5, 1e-12);
        close(gaussian_mean(f64::abs), (2.0 / std::f64::consts::PI).sqrt(), 1e-12);
        let share = |kink: f64| {
            let above = |z: f64| f64::from(u8::from(z > kink));
            Panels::fine().ending_at([kink]).mean(above)
        };
        // scipy.stats.norm.sf
        close(share(-1.3), 0.903_199_515_414_389_8, 1e-12);
        close(share(8.0), 6.220_960_574_271_785e-16, 1e-12);
        close(share(12.0), 1.776_482_112_077_678_6e-33, 1e-12);
        close(share(30.0), 4.906_713_927_148_187e-198, 1e-9);
    }

    #[test]
    fn a_steep_function_is_no_harder_than_a_flat_one() {
        // ∫ tanh(7 z)² dN(z) by scipy.integrate.quad, 1e-13
        let squared = |scale: f64| {
            let panels = Panels::fine().refined(0.0, 1.0 / scale);
            panels.mean(move |z| (scale * z).tanh().powi(2))
        };
        close(squared(7.0), 0.886_956_672_848_519_8, 1e-12);
        // 1 − √(2/π) / s + O(s⁻³), because ∫ (1 − tanh²) = 2.
        let missing = 1.0 - squared(1e5);
        close(missing, (2.0 / std::f64::consts::PI).sqrt() * 1e-5, 1e-9);
    }
}
