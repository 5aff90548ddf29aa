//! Comparison of the theory of wide networks with samples, for every activation and the whole range of settings.

use backdraft_spec::Activation;
use chacha20::ChaCha8Rng;
use rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;

fn draws(default: usize) -> usize {
    if std::env::var("BACKDRAFT_SPREADS").is_ok() { 50 * default } else { default }
}

/// E f(√q z) from samples, and its standard error.
///
/// Half of the z are Gaussian. The other half are uniform in the logarithm of |√q z| from 1e-9 to 1e9, because the
/// slope of a steep activation is concentrated where no plain sample would fall. Each is weighted by the ratio of the
/// densities.
fn sampled(q: f64, count: usize, seed: u64, f: impl Fn(f64) -> f64) -> (f64, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (low, high) = (1e-9f64.ln(), 1e9f64.ln());
    let gaussian = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let (mut sum, mut squares) = (0.0, 0.0);
    for draw in 0..count {
        let z: f64 = if draw % 2 == 0 {
            StandardNormal.sample(&mut rng)
        } else {
            let [size, sign]: [f64; 2] = std::array::from_fn(|_| StandardUniform.sample(&mut rng));
            let x = (low + size * (high - low)).exp();
            if sign < 0.5 { -x / q.sqrt() } else { x / q.sqrt() }
        };
        let x = (q.sqrt() * z).abs();
        let is_within = (low.exp()..=high.exp()).contains(&x);
        let spread = if is_within { 0.5 / (z.abs() * (high - low)) } else { 0.0 };
        let weight = gaussian(z) / (0.5 * gaussian(z) + 0.5 * spread);
        let value = weight * f(q.sqrt() * z);
        sum += value;
        squares += value * value;
    }
    let (count, mean) = (count as f64, sum / count as f64);
    (mean, ((squares / count - mean * mean).max(0.0) / count).sqrt())
}

/// Asserts that the prediction lies within five standard errors of a sampled mean, which happens by chance in all but
/// 1 of 2 million cases.
fn agrees((mean, error): (f64, f64), predicted: f64, told: &str) {
    // If almost all samples are zero, or their squares underflow, the error is unknown.
    let is_known = 0.0 < error && error < 0.2 * mean.abs();
    let distance = (mean - predicted).abs();
    assert!(
        !is_known || distance <= 5.0 * error + 1e-12 * mean.abs(),
        "{told}: {predicted}, sampled {mean} ± {error}"
    );
}

#[test]
fn lengths_and_slopes_agree_with_samples_from_1e_minus_12_to_1e12() {
    for (index, activation) in Activation::ALL.iter().enumerate() {
        let field = MeanField::new(*activation, 1.0, 0.0);
        for power in -12..=12 {
            let (q, seed) = (10f64.powi(power), 100 * index as u64 + (power + 12) as u64);
            let told = format!("{activation:?} at q = {q}");
            let length = sampled(q, draws(4_000), seed, |x| activation.value(x).powi(2));
            agrees(length, field.next_variance(q), &told);
            let slope = sampled(q, draws(4_000), seed, |x| activation.derivative(x).powi(2));
            agrees(slope, field.chi(q), &format!("{told}, slope"));
        }
    }
}

/// Variances and correlations.
const PAIRS: [(f64, f64); 5] = [(1e-3, 0.5), (1.0, 0.0), (1.0, 0.99), (30.0, -0.6), (1e4, 0.9)];

#[test]
fn covariances_of_two_inputs_agree_with_samples() {
    for (index, activation) in Activation::ALL.iter().enumerate() {
        let field = MeanField::new(*activation, 1.0, 0.0);
        for (case, (q, c)) in PAIRS.into_iter().enumerate() {
            let mut rng = ChaCha8Rng::seed_from_u64((10 * index + case) as u64);
            let mut pair = || {
                let [first, second]: [f64; 2] =
                    std::array::from_fn(|_| StandardNormal.sample(&mut rng));
                let other: f64 = c * first + (1.0 - c * c).sqrt() * second;
                (q.sqrt() * first, q.sqrt() * other)
            };
            let count = draws(4_000);
            let samples: Vec<(f64, f64)> = (0..count).map(|_| pair()).collect();
            let told = format!("{activation:?} at q = {q}, c = {c}");
            let mean = |f: &dyn Fn(f64, f64) -> f64| {
                let values: Vec<f64> = samples.iter().map(|(x, y)| f(*x, *y)).collect();
                let mean = values.iter().sum::<f64>() / count as f64;
                let variance =
                    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count as f64;
                (mean, (variance / count as f64).sqrt())
            };
            let values = mean(&|x, y| activation.value(x) * activation.value(y));
            agrees(values, field.next_covariance(q, c), &told);
            let slopes = mean(&|x, y| activation.derivative(x) * activation.derivative(y));
            agrees(slopes, field.chi_between(q, c), &format!("{told}, slopes"));
        }
    }
}
