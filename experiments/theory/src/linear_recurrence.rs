//! How sensitive the state of a linear recurrence is to its own factor.

/// Returns E (∂h/∂λ)² of h_t = λ h_(t−1) + x_t with white input of variance 1, long after the start:
/// (1 + λ²) / (1 − λ²)³.
///
/// It diverges as λ → 1, although ∂h_t / ∂h_(t−k) = λᵏ never exceeds 1.
///
/// # Reference
///
/// Zucchet & Orvieto, "Recurrent neural networks: vanishing and exploding gradients are not the end of the
/// story", 2024. Derived here from ∂h/∂λ = Σ k λ^(k−1) x_(t−k).
pub fn factor_sensitivity(lambda: f64) -> f64 {
    let square = lambda * lambda;
    (1.0 + square) / (1.0 - square).powi(3)
}

/// Returns E (∂h/∂ν)² of h_t = λ h_(t−1) + √(1 − λ²) x_t with λ = exp(−exp ν), long after the start:
/// (λ ln λ)² / (1 − λ²)², which stays below 1/4.
///
/// The input is normalised so that h has variance 1 whatever λ.
///
/// # Reference
///
/// The parametrisation is that of Orvieto et al., "Resurrecting recurrent neural networks for long sequences",
/// 2023. The sensitivity is derived here: with s the state of an input that is not normalised, E s² = 1 / (1 − λ²),
/// E s ∂s/∂λ = λ / (1 − λ²)², and E (∂s/∂λ)² is [`factor_sensitivity`].
pub fn exponential_sensitivity(lambda: f64) -> f64 {
    if lambda <= 0.0 {
        return 0.0;
    }
    (lambda * lambda.ln() / (1.0 - lambda * lambda)).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_form_is_the_sum_over_lags() {
        for lambda in [0.0, 0.3, 0.9, 0.99f64] {
            let term = |k: i32| f64::from(k).powi(2) * lambda.powi(2 * (k - 1));
            let sum: f64 = (1..20_000).map(term).sum();
            assert!((factor_sensitivity(lambda) / sum - 1.0).abs() < 1e-9, "{lambda}");
        }
        assert_eq!(factor_sensitivity(0.99).round(), 251_263.0);
    }

    #[test]
    fn the_exponential_form_is_the_sum_over_lags_of_the_derivative() {
        // h = Σ γ λᵏ x_(t−k), so ∂h/∂ν = Σ ∂(γ λᵏ)/∂ν x_(t−k), by central differences.
        let weight = |nu: f64, k: i32| {
            let lambda = (-nu.exp()).exp();
            (1.0 - lambda * lambda).sqrt() * lambda.powi(k)
        };
        for lambda in [0.3, 0.9, 0.99f64] {
            let (nu, step) = ((-lambda.ln()).ln(), 1e-5);
            let slope = |k| (weight(nu + step, k) - weight(nu - step, k)) / (2.0 * step);
            let sum: f64 = (0..5_000).map(|k| slope(k).powi(2)).sum();
            assert!((exponential_sensitivity(lambda) / sum - 1.0).abs() < 1e-6, "{lambda}");
        }
    }

    #[test]
    fn it_stays_below_a_quarter() {
        let lambdas = (1..10_000).map(|i| f64::from(i) / 10_000.0);
        assert!(lambdas.map(exponential_sensitivity).all(|value| value < 0.25));
        assert_eq!(exponential_sensitivity(0.0), 0.0);
    }
}
