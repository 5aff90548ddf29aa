//! Where Adam stops ignoring the size of a gradient.

use crate::quadrature::Panels;

/// Returns the root mean square of Adam's first update over the learning rate, for a layer whose gradient
/// elements are Gaussian with this root mean square: √E (|g| / (|g| + ε))².
///
/// At the first step both moments are those of one gradient, so each weight moves by rate · g / (|g| + ε):
/// by the rate if |g| is far above ε, and as under gradient descent with rate / ε if it is far below.
///
/// # Reference
///
/// Kingma & Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
pub fn adam_first_update(root_mean_square: f64, epsilon: f64) -> f64 {
    let ratio = root_mean_square / epsilon;
    if ratio.is_nan() || ratio <= 0.0 {
        return 0.0;
    }
    let share = |z: f64| ratio * z.abs() / (ratio * z.abs() + 1.0);
    // Shares rise from 0 to 1 over lengths of ε / s.
    Panels::fine().refined(0.0, ratio.recip().min(1.0)).mean(|z| share(z).powi(2)).sqrt()
}

/// Returns by how many layers ten times a smaller threshold lets a gradient reach further, if the gradient
/// changes by `factor` per layer: ln 10 / |ln factor|. The threshold may be Adam's ε or the least number of a
/// type.
pub fn layers_per_decade(factor: f64) -> f64 {
    std::f64::consts::LN_10 / factor.ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MeanField;
    use backdraft_spec::Activation;
    use chacha20::ChaCha8Rng;
    use rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn large_gradients_move_weights_by_the_rate_and_small_ones_in_proportion() {
        assert!((adam_first_update(1.0, 1e-12) - 1.0).abs() < 1e-5);
        // E (g / ε)² for |g| far below ε
        assert!((adam_first_update(1e-9, 1e-3) / 1e-6 - 1.0).abs() < 1e-5);
        assert_eq!(adam_first_update(0.0, 1e-7), 0.0);
        assert_eq!(adam_first_update(f64::NAN, 1e-7), 0.0);
    }

    #[test]
    fn the_quadrature_agrees_with_a_million_samples() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let normal: Vec<f64> = (0..1_000_000).map(|_| StandardNormal.sample(&mut rng)).collect();
        for ratio in [0.03, 0.3, 1.0, 3.0, 30.0] {
            let share = |z: &f64| (ratio * z.abs() / (ratio * z.abs() + 1.0)).powi(2);
            let mean = normal.iter().map(share).sum::<f64>() / normal.len() as f64;
            // The standard error of the mean square is below 0.15 % for each of these.
            let relative = adam_first_update(ratio, 1.0) / mean.sqrt() - 1.0;
            assert!(relative.abs() < 3e-3, "{ratio}: {relative}");
        }
    }

    #[test]
    fn a_decade_is_1_6_layers_of_sigmoids() {
        let field = MeanField::new(Activation::Sigmoid, 1.0, 0.0);
        let factor = field.gradient_norm_factor(field.fixed_point(1.0));
        assert!((layers_per_decade(factor) - 1.595).abs() < 1e-3, "{}", layers_per_decade(factor));
    }
}
