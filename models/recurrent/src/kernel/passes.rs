//! The forward pass over time, and what both passes share.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Cell;
use super::Sizes;
use super::cells::{self, Forward};
use super::product::Packed;
use super::rows::{at, lend, ranges};

/// Results of the forward pass. All buffers are `[time, batch, …]`.
#[derive(Debug)]
pub(super) struct Run {
    /// h, `hidden` wide.
    pub(super) states: Vec<f32>,
    /// c, `hidden` wide; empty except for LSTM.
    pub(super) memories: Vec<f32>,
    /// State for the backward pass; empty if there will be none.
    pub(super) saved: Vec<f32>,
}

/// What a sequence starts from, and which of its steps count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds<'a> {
    /// h before the first step, `[batch, hidden]`; empty for zeros.
    pub(super) state: &'a [f32],
    /// c before the first step, the same.
    pub(super) memory: &'a [f32],
    /// Steps of each row of the batch that count; h and c stay as they are in the others. Empty if
    /// all of them count.
    pub(super) active: &'a [Range<usize>],
}

impl Bounds<'_> {
    /// Returns the rows of `range`, by their positions in it, that do not count at step `t`.
    pub(super) fn resting(&self, range: &Range<usize>, t: usize) -> impl Iterator<Item = usize> {
        let rows = self.active.get(range.clone()).unwrap_or_default().iter().enumerate();
        rows.filter(move |(_, active)| !active.contains(&t)).map(|(row, _)| row)
    }
}

/// Runs forward over time.
pub(super) fn forward(
    cell: Cell,
    sizes: Sizes,
    bounds: Bounds<'_>,
    projected: &[f32],
    weight: &[f32],
    bias: &[f32],
    will_go_back: bool,
) -> Run {
    let Sizes { time, batch, hidden } = sizes;
    let wide = cell.gates() * hidden;
    let all = time * batch * hidden;
    let has_memory = cell == Cell::Lstm;
    let mut run = Run {
        states: vec![0.0; all],
        memories: vec![0.0; if has_memory { all } else { 0 }],
        saved: vec![0.0; if will_go_back { cells::saved(cell) * all } else { 0 }],
    };
    let packed = Packed::new(hidden, wide, |row, column| weight[row * wide + column]);
    let ranges = ranges(batch, all * wide);
    let states = lend(&mut run.states, batch, hidden, &ranges);
    let memories = lend(&mut run.memories, batch, hidden, &ranges);
    let saved = lend(&mut run.saved, batch, cells::saved(cell) * hidden, &ranges);
    let lent = ranges.into_iter().zip(states).zip(memories.into_iter().zip(saved));
    on_threads(lent.collect(), |((range, states), (mut memories, mut saved))| {
        let rows = range.len();
        let mut state_before = start(bounds.state, &range, hidden);
        let memory = start(bounds.memory, &range, hidden);
        let mut memory_before = if has_memory { memory } else { vec![] };
        let mut recurrent = vec![0.0; rows * wide];
        let mut scratch = vec![0.0; cells::saved(cell) * rows * hidden];
        for (t, state) in states.into_iter().enumerate() {
            packed.multiply(&state_before, &mut recurrent);
            let step = Forward {
                projected: at(projected, t, batch, wide, &range),
                recurrent: &recurrent,
                bias,
                state_before: &state_before,
                memory_before: &memory_before,
                state,
                memory: memories.get_mut(t).map_or(&mut [], |memory| memory),
                saved: saved.get_mut(t).map_or(&mut scratch, |saved| saved),
            };
            cells::forward(cell, hidden, step);
            let mut memory = memories.get_mut(t);
            for row in bounds.resting(&range, t) {
                copy_row(state, &state_before, row, hidden);
                if let Some(memory) = &mut memory {
                    copy_row(memory, &memory_before, row, hidden);
                }
            }
            state_before.copy_from_slice(state);
            if let Some(memory) = memory {
                memory_before.copy_from_slice(memory);
            }
        }
    });
    run
}

/// Returns the rows of `range` before the first step, `[rows, hidden]`.
pub(super) fn start(values: &[f32], range: &Range<usize>, hidden: usize) -> Vec<f32> {
    match values {
        [] => vec![0.0; range.len() * hidden],
        values => values[range.start * hidden..range.end * hidden].to_vec(),
    }
}

pub(super) fn copy_row(target: &mut [f32], source: &[f32], row: usize, width: usize) {
    let row = row * width..(row + 1) * width;
    target[row.clone()].copy_from_slice(&source[row]);
}

/// Runs `work` on each item, in threads if there are several items and the system can start
/// threads.
pub(super) fn on_threads<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = items.len();
    let items = Mutex::new(items.into_iter());
    // Workers do not run inside the lock, so a panic does not poison it; `scope` propagates the
    // panic.
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    thread::scope(|scope| {
        let start = |_: &usize| thread::Builder::new().spawn_scoped(scope, run).is_ok();
        let _helpers = (1..threads).take_while(start).count();
        run();
    });
}
