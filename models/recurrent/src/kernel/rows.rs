//! Distribution of the batch over threads. The rows of a batch are independent of each other.

use std::ops::Range;

use backdraft_layers::threads;

/// Number of rows below which a thread's matrix products are too narrow to be fast.
const FEWEST_ROWS: usize = 16;
/// Number of multiplications below which starting threads costs more than it saves.
const FEWEST_PRODUCTS: usize = 1 << 23;

/// Splits `batch` rows into one range for each thread that is worth starting.
pub(super) fn ranges(batch: usize, products: usize) -> Vec<Range<usize>> {
    let is_small = products < FEWEST_PRODUCTS;
    let threads = if is_small { 1 } else { threads().min(batch / FEWEST_ROWS).max(1) };
    let cut = |thread: usize| thread * batch / threads;
    (0..threads).map(|thread| cut(thread)..cut(thread + 1)).collect()
}

/// Lends each range its rows of every time step: `lent[range][t]` is `[rows, width]`.
///
/// An empty buffer is lent as zero steps.
pub(super) fn lend<'a>(
    buffer: &'a mut [f32],
    batch: usize,
    width: usize,
    ranges: &[Range<usize>],
) -> Vec<Vec<&'a mut [f32]>> {
    let mut lent: Vec<Vec<&mut [f32]>> = ranges.iter().map(|_| Vec::new()).collect();
    for mut step in buffer.chunks_exact_mut((batch * width).max(1)) {
        for (range, lent) in ranges.iter().zip(&mut lent) {
            if let Some(rows) = step.split_off_mut(..range.len() * width) {
                lent.push(rows);
            }
        }
    }
    lent
}

/// Returns the rows of one range at time step `t` of a buffer `[time, batch, width]`.
pub(super) fn at<'a>(
    buffer: &'a [f32],
    t: usize,
    batch: usize,
    width: usize,
    range: &Range<usize>,
) -> &'a [f32] {
    &buffer[(t * batch + range.start) * width..(t * batch + range.end) * width]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_belongs_to_one_range() {
        for batch in [1, 16, 33, 64] {
            let ranges = ranges(batch, usize::MAX);
            let rows: Vec<usize> = ranges.iter().cloned().flatten().collect();
            assert_eq!(rows, (0..batch).collect::<Vec<_>>());
        }
    }

    #[test]
    fn rows_are_lent_by_time_step() {
        let mut buffer: Vec<f32> = (0..12).map(|i| i as f32).collect(); // 2 steps, 3 rows, width 2
        let lent = lend(&mut buffer, 3, 2, &[0..1, 1..3]);
        assert_eq!(lent[0], [&[0.0, 1.0], &[6.0, 7.0]]);
        assert_eq!(lent[1], [&[2.0, 3.0, 4.0, 5.0], &[8.0, 9.0, 10.0, 11.0]]);
        let all = 0..3;
        assert!(lend(&mut [], 3, 2, std::slice::from_ref(&all))[0].is_empty());
    }
}
