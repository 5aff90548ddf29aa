//! Means over a Gaussian.

/// Beyond it lies less than 1e-22 of the Gaussian.
const REACH: f64 = 10.0;
/// Panels of length 1 are cut into this many; 0 lies between two of them.
const FINE: i32 = 2;
/// The same in each of two dimensions, where they are many.
pub(super) const COARSE: i32 = 1;

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
    gaussian_mean_between(&[], f)
}

/// Returns E f(z) for an `f` that also bends or jumps at `kinks`.
///
/// Panels of ten Gauss–Legendre nodes that end at the kinks: unlike Gauss–Hermite nodes these do not
/// thin out where a saturating activation bends, and a kink costs no accuracy.
pub(super) fn gaussian_mean_between(kinks: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    gaussian_mean_on(FINE, kinks, f)
}

/// The same with so many panels per unit length.
pub(super) fn gaussian_mean_on(density: i32, kinks: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let count = REACH as i32 * density;
    let mut ends: Vec<f64> = (-count..=count).map(|k| f64::from(k) / f64::from(density)).collect();
    ends.extend(kinks.iter().filter(|kink| kink.abs() < REACH));
    ends.sort_by(f64::total_cmp);
    let weighted = |z: f64| f(z) * (-0.5 * z * z).exp();
    let panel = |ends: &[f64]| {
        let (middle, half) = ((ends[0] + ends[1]) / 2.0, (ends[1] - ends[0]) / 2.0);
        let pair = |(node, weight): &(f64, f64)| {
            weight * (weighted(middle - half * node) + weighted(middle + half * node))
        };
        half * NODES.iter().map(pair).sum::<f64>()
    };
    ends.windows(2).map(panel).sum::<f64>() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_moments_are_the_double_factorials() {
        for (power, moment) in [(0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
            let mean = gaussian_mean(|z| z.powi(power));
            assert!((mean / moment - 1.0).abs() < 1e-12, "E z^{power} = {mean}");
        }
    }

    #[test]
    fn a_jump_or_a_kink_costs_nothing_where_it_is_known() {
        let half = gaussian_mean(|z| f64::from(u8::from(z > 0.0)));
        assert!((half - 0.5).abs() < 1e-12, "{half}");
        let kink = gaussian_mean(f64::abs) / (2.0 / std::f64::consts::PI).sqrt();
        assert!((kink - 1.0).abs() < 1e-12, "{kink}");
        // Φ(1.3), scipy.stats.norm.cdf(1.3)
        let share = gaussian_mean_between(&[1.3], |z| f64::from(u8::from(z < 1.3)));
        assert!((share - 0.903_199_515_414_389_8).abs() < 1e-12, "{share}");
    }

    #[test]
    fn a_steep_sigmoid_is_no_harder_than_a_flat_one() {
        // ∫ tanh(7 z)² dN(z) by scipy.integrate.quad, 1e-13
        let steep = gaussian_mean(|z| (7.0 * z).tanh().powi(2));
        assert!((steep - TANH_7).abs() < 1e-6, "{steep}");
    }

    const TANH_7: f64 = 0.886_956_672_848_519_8;
}
