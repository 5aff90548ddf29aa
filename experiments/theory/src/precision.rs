//! Where a gradient leaves the range of a number format.

use serde::{Deserialize, Serialize};

/// A binary floating-point format in which gradients are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberFormat {
    /// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
    F16,
    /// bfloat16: 8 bits of exponent, 7 of fraction.
    Bf16,
    /// IEEE 754 binary32: 8 bits of exponent, 23 of fraction.
    F32,
}

/// The |z| that half of a standard normal's draws exceed.
const MEDIAN: f64 = 0.674_489_750_196_081_7;

impl NumberFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::F16, Self::Bf16, Self::F32];

    /// Returns the name that configurations use.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
        }
    }

    /// Returns the least positive number, which is subnormal: 2⁻²⁴, 2⁻¹³³ or 2⁻¹⁴⁹.
    pub fn least_positive(self) -> f64 {
        match self {
            Self::F16 => 0.5f64.powi(24),
            Self::Bf16 => 0.5f64.powi(133),
            Self::F32 => 0.5f64.powi(149),
        }
    }

    /// Returns the share of Gaussian elements with this root mean square that round to zero: those
    /// below half the least positive number.
    pub fn zero_share(self, root_mean_square: f64) -> f64 {
        libm::erf(0.5 * self.least_positive() / root_mean_square / std::f64::consts::SQRT_2)
    }

    /// Returns after how many layers half of a gradient's elements have rounded to zero, if their root
    /// mean square starts at `start` and changes by `factor` below 1 per layer.
    pub fn layers_to_zero(self, start: f64, factor: f64) -> f64 {
        let at_half = 0.5 * self.least_positive() / MEDIAN;
        (at_half / start).ln() / factor.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha8Rng;
    use rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn half_of_the_elements_are_zero_where_the_layers_end() {
        for format in NumberFormat::ALL {
            let layers = format.layers_to_zero(3.0, 0.236);
            let share = format.zero_share(3.0 * 0.236f64.powf(layers));
            assert!((share - 0.5).abs() < 1e-9, "{format:?}: {share}");
        }
    }

    #[test]
    fn the_share_is_that_of_rounded_samples() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let normal: Vec<f64> = (0..200_000).map(|_| StandardNormal.sample(&mut rng)).collect();
        let least = NumberFormat::F32.least_positive();
        for scale in [0.2, 0.7, 2.0] {
            // The cast rounds to nearest, ties to even.
            let is_zero = |z: &&f64| (**z * scale * least) as f32 == 0.0;
            let share = normal.iter().filter(is_zero).count() as f64 / normal.len() as f64;
            let formula = NumberFormat::F32.zero_share(scale * least);
            assert!(
                (share - formula).abs() < 5.0 * (0.25 / 200_000f64).sqrt(),
                "{share} {formula}"
            );
        }
    }

    #[test]
    fn sigmoid_layers_leave_f16_after_12_bf16_after_64_and_f32_after_72() {
        let layers = NumberFormat::ALL.map(|format| format.layers_to_zero(1.0, 0.236).round());
        assert_eq!(layers, [12.0, 64.0, 72.0]);
    }
}
