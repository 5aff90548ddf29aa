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
    pub(crate) fn from_counts(counts: Vec<u64>) -> Self {
        debug_assert_eq!(counts.len(), BINS);
        Self { counts }
    }

    /// Counts magnitudes; zeros and those that are not finite are passed over.
    pub(crate) fn of(magnitudes: impl Iterator<Item = f64>) -> Self {
        // A bin beyond the last for what is passed over spares a branch, and two tables spare the
        // wait for a count that was written just before.
        let mut tables = [[0u64; BINS + 1]; 2];
        for (position, magnitude) in magnitudes.enumerate() {
            let is_counted = magnitude > 0.0 && magnitude < f64::INFINITY;
            let bin = if is_counted { Self::bin_of(magnitude) } else { BINS };
            tables[position % 2][bin] += 1;
        }
        let [even, odd] = tables;
        Self { counts: even.iter().zip(odd).take(BINS).map(|(even, odd)| even + odd).collect() }
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
    #[inline(always)]
    fn bin_of(magnitude: f64) -> usize {
        let binade = BINADES[(magnitude.to_bits() >> 52) as usize & 0x7ff];
        binade.bin as usize + usize::from(magnitude >= binade.next_edge)
    }
}

/// Where the values with one binary exponent belong.
#[derive(Clone, Copy)]
struct Binade {
    /// The bin of its smallest value.
    bin: u8,
    /// From here on values belong to the next bin.
    next_edge: f64,
}

/// By the exponent field of an `f64`.
static BINADES: [Binade; 2048] = binades();

const fn binades() -> [Binade; 2048] {
    let mut binades = [Binade { bin: 0, next_edge: f64::INFINITY }; 2048];
    let mut field = 0;
    while field < 2048 {
        let lowest = f64::from_bits((field as u64) << 52);
        let mut bin = 0;
        while bin + 1 < BINS && EDGES[bin + 1] <= lowest {
            bin += 1;
        }
        let next_edge = if bin + 1 < BINS { EDGES[bin + 1] } else { f64::INFINITY };
        binades[field] = Binade { bin: bin as u8, next_edge };
        field += 1;
    }
    binades
}

/// Lower edges of the bins.
const EDGES: [f64; BINS] = edges();

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
            let above = 10f64.powi(exponent) * (1.0 + 1e-12);
            let histogram = Histogram::of([above].into_iter());
            assert_eq!(histogram.decades().collect::<Vec<_>>(), [(exponent, 1)]);
        }
    }

    #[test]
    fn values_beyond_f32_stay_in_the_outer_bins() {
        let histogram = Histogram::of([1e-300, 1e300, 0.0, f64::NAN].into_iter());
        assert_eq!(histogram.decades().collect::<Vec<_>>(), [(-45, 1), (38, 1)]);
    }
}
