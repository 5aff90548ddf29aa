//! Means over a Gaussian.

use std::sync::LazyLock;

use gauss_quad::GaussHermite;

/// Enough for the smooth activations to 1e-9 and for the kinked ones to 1e-3; the latter use
/// closed forms instead.
const NODES: usize = 128;

/// Nodes and weights for the weight function e^(−x²).
static RULE: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let nodes = std::num::NonZero::new(NODES).unwrap_or(std::num::NonZero::<usize>::MIN);
    GaussHermite::new(nodes).iter().copied().collect()
});

/// Returns E f(z) for a standard normal z, by Gauss–Hermite quadrature with 128 nodes.
///
/// Accurate for smooth f. Functions with a kink, such as ReLU, need a closed form.
pub fn gaussian_mean(f: impl Fn(f64) -> f64) -> f64 {
    let weighted = |(node, weight): &(f64, f64)| weight * f(std::f64::consts::SQRT_2 * node);
    RULE.iter().map(weighted).sum::<f64>() / std::f64::consts::PI.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_moments_are_the_double_factorials() {
        for (power, moment) in [(0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
            let mean = gaussian_mean(|z| z.powi(power));
            assert!((mean / moment - 1.0).abs() < 1e-10, "E z^{power} = {mean}");
        }
    }

    #[test]
    fn odd_functions_average_to_nothing() {
        assert!(gaussian_mean(f64::sin).abs() < 1e-14);
    }
}
