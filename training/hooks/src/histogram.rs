//! Counts of magnitudes by decade.

use serde::{Deserialize, Serialize};

/// Decade of the smallest positive `f32` (1.4e-45).
const LOWEST_DECADE: i32 = -45;
/// One bin for each decade that an `f32` can lie in, from 1e-45 to 1e38.
pub(crate) const BINS: usize = 84;

/// A log-spaced histogram of `|x|`: how many elements lie in each decade `[10^k, 10^(k+1))`.
///
/// Zeros and values that are not finite are not counted. `f64` values outside the range of `f32` count
/// in the first or last bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    pub(crate) fn from_counts(counts: Vec<u64>) -> Self {
        debug_assert_eq!(counts.len(), BINS);
        Self { counts }
    }

    /// Counts the magnitudes of `values`.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut counts = vec![0; BINS];
        for magnitude in values.iter().map(|x| x.abs()) {
            if magnitude > 0.0 && magnitude < f64::INFINITY {
                counts[bin_of(magnitude)] += 1;
            }
        }
        Self { counts }
    }

    /// Counts the magnitudes of `values`. Four tables are filled in turn, so that an increment need
    /// not wait for the one before.
    pub(crate) fn of_f32(values: &[f32]) -> Self {
        // An extra bin takes what is not counted.
        let mut tables = [[0u32; BINS + 1]; 4];
        let (fours, rest) = values.as_chunks::<4>();
        for four in fours {
            for (table, x) in tables.iter_mut().zip(four) {
                table[bin_of_f32(x.abs())] += 1;
            }
        }
        rest.iter().for_each(|x| tables[0][bin_of_f32(x.abs())] += 1);
        let total = |bin: usize| tables.iter().map(|table| u64::from(table[bin])).sum();
        Self { counts: (0..BINS).map(total).collect() }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// Iterates over the decades with elements: the exponent `k` of the lower edge, and the count.
    pub fn decades(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        let occupied = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        occupied.map(|(bin, count)| (bin as i32 + LOWEST_DECADE, *count))
    }
}

/// The bin of a positive finite magnitude.
fn bin_of(magnitude: f64) -> usize {
    EDGES.partition_point(|edge| *edge <= magnitude).saturating_sub(1)
}

/// The bin of a magnitude, or the one beyond the last if it is zero or not finite.
///
/// The binary exponent selects an entry of a table, and one comparison corrects its bin: at most
/// one power of ten lies within a binade, so the decade of the lower edge is right or one too low.
#[inline(always)]
fn bin_of_f32(magnitude: f32) -> usize {
    let exponent = (magnitude.to_bits() >> 23) as usize & 0xff;
    // Subnormal numbers span seven decades with one exponent. They are rare; zeros are common, so
    // they are answered by the table instead of a branch that would be mispredicted.
    if exponent == 0 && magnitude != 0.0 {
        return bin_of(f64::from(magnitude));
    }
    let Binade { bin, next_edge } = BINADES[exponent];
    bin as usize + usize::from(magnitude >= next_edge)
}

/// The bins of the values with one binary exponent.
#[derive(Clone, Copy)]
struct Binade {
    /// The bin of its smallest value.
    bin: u32,
    /// From here on values belong to the next bin.
    next_edge: f32,
}

/// By the exponent field of an `f32`; the first is that of zero, the last that of infinities and NaN.
static BINADES: [Binade; 256] = binades();

const fn binades() -> [Binade; 256] {
    // No comparison with NaN holds: zeros, infinities and NaN stay in the extra bin.
    let mut binades = [Binade { bin: BINS as u32, next_edge: f32::NAN }; 256];
    let mut field = 1;
    while field < 255 {
        let lowest = f32::from_bits((field as u32) << 23) as f64;
        let mut bin = 0;
        while bin + 1 < BINS && EDGES[bin + 1] <= lowest {
            bin += 1;
        }
        let next_edge = if bin + 1 < BINS { not_below(EDGES[bin + 1]) } else { f32::INFINITY };
        binades[field] = Binade { bin: bin as u32, next_edge };
        field += 1;
    }
    binades
}

/// The smallest `f32` that is not below `edge`.
const fn not_below(edge: f64) -> f32 {
    let nearest = edge as f32;
    if (nearest as f64) < edge { nearest.next_up() } else { nearest }
}

/// Lower edges of the bins.
const EDGES: [f64; BINS] = edges();

const fn edges() -> [f64; BINS] {
    // The rounding error of these powers, 1e-16, is far below the spacing of the f32 values that they
    // separate.
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
        let mut magnitude = 1.5e-45f32;
        while magnitude < 3e38 {
            let bin = bin_of_f32(magnitude);
            let wide = f64::from(magnitude);
            assert!(wide >= EDGES[bin], "{magnitude} below its bin");
            assert!(bin + 1 == BINS || wide < EDGES[bin + 1], "{magnitude} above its bin");
            assert_eq!(bin, bin_of(wide));
            magnitude = (magnitude * 1.0371).max(magnitude.next_up());
        }
    }

    #[test]
    fn the_neighbours_of_powers_of_ten_fall_on_either_side() {
        for exponent in -37..38 {
            let above = not_below(EDGES[(exponent - LOWEST_DECADE) as usize]);
            let histogram = Histogram::of_f32(&[above, above.next_down()]);
            let decades: Vec<_> = histogram.decades().collect();
            assert_eq!(decades, [(exponent - 1, 1), (exponent, 1)]);
        }
    }

    #[test]
    fn values_beyond_f32_stay_in_the_outer_bins_and_the_uncountable_in_none() {
        let histogram = Histogram::of(&[1e-300, -1e300, 0.0, f64::NAN, f64::INFINITY]);
        assert_eq!(histogram.decades().collect::<Vec<_>>(), [(-45, 1), (38, 1)]);
        let histogram = Histogram::of_f32(&[0.0, -0.0, f32::NAN, f32::INFINITY, -1.0]);
        assert_eq!(histogram.decades().collect::<Vec<_>>(), [(0, 1)]);
    }
}
