//! Where the first order in 1 / width is enough.

use super::{Layer, LogGain, influences};

/// Largest part of the standard deviation that may come from the curvature of ln χ and ln q′.
const CURVATURE: f64 = 0.2;
/// Largest variance that one layer may add to ln ‖δ‖², and to ln q.
const NOISE: (f64, f64) = (0.2, 0.15);
/// Largest share of the squared gradient that may lie along the signal.
const SHARE: f64 = 0.05;

/// Tells whether the higher orders are small.
///
/// The bounds were chosen over all 24 activations × 12 settings (σw² from 0.5 to 30, depth 10 to 50, width 16 to
/// 256): within them, intervals contain 91 to 97 % of drawn networks; beyond them, anything from 0 to 100 %.
pub(super) fn is_reliable(layers: &[Layer], gain: LogGain, width: f64) -> bool {
    let mut aligned: f64 = 1.0;
    for layer in layers.iter().skip(1).rev() {
        aligned = layer.returned.0 + (aligned - 1.0) * layer.returned.1;
    }
    let influences = influences(layers, 1);
    let (mut spread, mut curvature) = (2.0, 0.0);
    let mut is_quiet = true;
    for (index, layer) in layers.iter().enumerate() {
        let own = if index > 0 { layer.chi.1 } else { 0.0 };
        let bend = own + layer.length.1 * influences[index + 1];
        // The standard deviation of ½ bend × (deviation of ln q)².
        curvature += bend.abs() * spread * std::f64::consts::FRAC_1_SQRT_2 / width;
        spread = layer.length.0.powi(2) * spread + layer.length_noise;
        is_quiet &= layer.gradient_noise < NOISE.0 * width && layer.length_noise < NOISE.1 * width;
    }
    let is_straight = curvature <= CURVATURE * gain.variance.sqrt();
    is_quiet && is_straight && (aligned - 1.0).abs() < SHARE * width
}
