//! Counts of magnitudes by decade.

use serde::{Deserialize, Serialize};

/// Decade of the smallest positive `f32` (1.4e-45).
const LOWEST_DECADE: i32 = -45;
/// One bin for each decade that an `f32` can lie in, from 1e-45 to 1e38.
pub(crate) const BINS: usize = 84;

/// A log-spaced histogram of `|x|`: how many elements lie in each decade `[10^k, 10^(k+1))`.
///
/// Zeros and values that are not finite are not in it. `f64` values outside the range of `f32`
/// count in the first or last bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    pub(crate) fn empty() -> Self {
        Self { counts: vec![0; BINS] }
    }

    pub(crate) fn from_counts(counts: Vec<u64>) -> Self {
        debug_assert_eq!(counts.len(), BINS);
        Self { counts }
    }

    pub(crate) fn add(&mut self, magnitude: f64) {
        self.counts[Self::bin_of(magnitude)] += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// Iterates over the occupied decades: the exponent `k` of the lower edge, and the count.
    pub fn decades(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        let occupied = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        occupied.map(|(bin, count)| (bin as i32 + LOWEST_DECADE, *count))
    }

    /// The exponent is read from the bits, then corrected by one comparison: a power of ten falls
    /// inside at most one binade, so the decade of a binade's lower edge is right or one too low.
    fn bin_of(magnitude: f64) -> usize {
        let binary_exponent = ((magnitude.to_bits() >> 52) & 0x7ff) as i32 - 1023;
        let low = (f64::from(binary_exponent) * std::f64::consts::LOG10_2).floor() as i32;
        let low = low.clamp(LOWEST_DECADE, LOWEST_DECADE + BINS as i32 - 1);
        let next = low - LOWEST_DECADE + 1;
        let carry = (next as usize) < BINS && magnitude >= EDGES[next as usize];
        (next - 1) as usize + usize::from(carry)
    }
}

/// Lower edges of the bins.
static EDGES: [f64; BINS] = edges();

const fn edges() -> [f64; BINS] {
    // Negative powers are quotients of exactly represented positive ones where those exist; the
    // remaining rounding error of 1e-16 is far below the spacing of the f32 values it sorts.
    let mut edges = [1.0; BINS];
    let mut bin = 0;
    while bin < BINS {
        let exponent = bin as i32 + LOWEST_DECADE;
        let mut power = 1.0f64;
        let mut k = 0;
        while k < exponent.unsigned_abs() {
            power *= 10.0;
            k += 1;
        }
        edges[bin] = if exponent < 0 { 1.0 / power } else { power };
        bin += 1;
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magnitude_falls_between_its_edges() {
        let mut magnitude = 1.5e-45f64;
        while magnitude < 3e38 {
            let bin = Histogram::bin_of(magnitude);
            assert!(magnitude >= EDGES[bin], "{magnitude} below its bin");
            assert!(bin + 1 == BINS || magnitude < EDGES[bin + 1], "{magnitude} above its bin");
            magnitude *= 1.0371;
        }
    }

    #[test]
    fn powers_of_ten_open_their_own_decade() {
        for exponent in -44..38 {
            let mut histogram = Histogram::empty();
            histogram.add(10f64.powi(exponent) * (1.0 + 1e-12));
            assert_eq!(histogram.decades().collect::<Vec<_>>(), [(exponent, 1)]);
        }
    }

    #[test]
    fn values_beyond_f32_stay_in_the_outer_bins() {
        let mut histogram = Histogram::empty();
        histogram.add(1e-300);
        histogram.add(1e300);
        assert_eq!(histogram.decades().collect::<Vec<_>>(), [(-45, 1), (38, 1)]);
    }
}
