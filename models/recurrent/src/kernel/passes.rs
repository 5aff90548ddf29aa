//! Forward and backward passes over time.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Cell;
use super::Sizes;
use super::cells::{self, Backward, Forward};
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
    fn resting(&self, range: &Range<usize>, t: usize) -> impl Iterator<Item = usize> {
        let rows = self.active.get(range.clone()).unwrap_or_default().iter().enumerate();
        rows.filter(move |(_, active)| !active.contains(&t)).map(|(row, _)| row)
    }
}

/// What comes into a backward pass, and what it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    /// ∂L/∂h_t from the layers above, `[time, batch, hidden]`.
    pub(super) states: &'a [f32],
    /// ∂L/∂c of the last step, `[batch, hidden]`; empty for zeros.
    pub(super) last_memory: &'a [f32],
    /// Whether the gradients of all states and memories are wanted.
    pub(super) is_probed: bool,
    /// Whether those of the first state and memory are.
    pub(super) wants_start: bool,
}

/// Results of the backward pass. All buffers are `[time, batch, …]`.
#[derive(Debug)]
pub(super) struct Gradients {
    /// ∂L/∂(W x + b).
    pub(super) projected: Vec<f32>,
    /// ∂L/∂(U h + b'); empty where it is the same.
    pub(super) recurrent: Vec<f32>,
    /// ∂L/∂h_t; empty unless requested.
    pub(super) states: Vec<f32>,
    /// ∂L/∂c_t; empty unless requested and the cell is an LSTM.
    pub(super) memories: Vec<f32>,
    /// ∂L/∂h and ∂L/∂c before the first step, `[batch, hidden]`; empty unless requested.
    pub(super) start: [Vec<f32>; 2],
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
fn start(values: &[f32], range: &Range<usize>, hidden: usize) -> Vec<f32> {
    match values {
        [] => vec![0.0; range.len() * hidden],
        values => values[range.start * hidden..range.end * hidden].to_vec(),
    }
}

fn copy_row(target: &mut [f32], source: &[f32], row: usize, width: usize) {
    let row = row * width..(row + 1) * width;
    target[row.clone()].copy_from_slice(&source[row]);
}

/// Runs backward over time.
pub(super) fn backward(
    cell: Cell,
    sizes: Sizes,
    bounds: Bounds<'_>,
    states_of: &[f32],
    run: &Run,
    weight: &[f32],
    request: Request<'_>,
) -> Gradients {
    let Request { is_probed, wants_start, .. } = request;
    let Sizes { time, batch, hidden } = sizes;
    let wide = cell.gates() * hidden;
    let saved_width = cells::saved(cell) * hidden;
    let all = time * batch * hidden;
    let has_memory = cell == Cell::Lstm;
    let has_two = cells::has_two_gradients(cell);
    let buffer = |length: usize, is_wanted: bool| vec![0.0; if is_wanted { length } else { 0 }];
    let mut gradients = Gradients {
        projected: buffer(time * batch * wide, true),
        recurrent: buffer(time * batch * wide, has_two),
        states: buffer(all, is_probed),
        memories: buffer(all, is_probed && has_memory),
        start: [wants_start, wants_start && has_memory]
            .map(|wanted| buffer(batch * hidden, wanted)),
    };
    let transposed = Packed::new(wide, hidden, |row, column| weight[column * wide + row]);
    let ranges = ranges(batch, all * wide);
    let projected = lend(&mut gradients.projected, batch, wide, &ranges);
    let recurrent = lend(&mut gradients.recurrent, batch, wide, &ranges);
    let states = lend(&mut gradients.states, batch, hidden, &ranges);
    let memories = lend(&mut gradients.memories, batch, hidden, &ranges);
    let [start_state, start_memory] =
        gradients.start.each_mut().map(|buffer| lend(buffer, batch, hidden, &ranges));
    let starts = start_state.into_iter().zip(start_memory);
    let lent = ranges.into_iter().zip(projected.into_iter().zip(recurrent));
    let lent = lent.zip(states.into_iter().zip(memories).zip(starts));
    on_threads(
        lent.collect(),
        |((range, (mut projected, mut recurrent)), ((mut states, mut memories), starts))| {
            let rows = range.len();
            let first = [bounds.state, bounds.memory].map(|values| start(values, &range, hidden));
            let before = |buffer, first, t| match t {
                0 => first,
                _ => at(buffer, t - 1, batch, hidden, &range),
            };
            let now = |buffer, t, width| at(buffer, t, batch, width, &range);
            let mut state_gradient = vec![0.0; rows * hidden];
            let mut memory_gradient = start(request.last_memory, &range, hidden);
            let mut direct = state_gradient.clone();
            for t in (0..time).rev() {
                let above = now(request.states, t, hidden);
                for (total, above) in state_gradient.iter_mut().zip(above) {
                    *total += above;
                }
                if let Some(kept) = states.get_mut(t) {
                    kept.copy_from_slice(&state_gradient);
                }
                let step = Backward {
                    saved: now(&run.saved, t, saved_width),
                    state: now(states_of, t, hidden),
                    state_before: before(states_of, &first[0], t),
                    memory: if has_memory { now(&run.memories, t, hidden) } else { &[] },
                    memory_before: if has_memory {
                        before(&run.memories, &first[1], t)
                    } else {
                        &[]
                    },
                    state_gradient: &state_gradient,
                    memory_gradient: &mut memory_gradient,
                    memory_total: memories.get_mut(t).map_or(&mut [], |memory| memory),
                    projected_gradient: projected[t],
                    recurrent_gradient: recurrent.get_mut(t).map_or(&mut [], |gradient| gradient),
                    direct: &mut direct,
                };
                let resting: Vec<usize> = bounds.resting(&range, t).collect();
                let unchanged =
                    if resting.is_empty() { vec![] } else { step.memory_gradient.to_vec() };
                cells::backward(cell, hidden, step);
                for row in resting {
                    let wide = row * wide..(row + 1) * wide;
                    projected[t][wide.clone()].fill(0.0);
                    if let Some(gradient) = recurrent.get_mut(t) {
                        gradient[wide].fill(0.0);
                    }
                    copy_row(&mut direct, &state_gradient, row, hidden);
                    copy_row(&mut memory_gradient, &unchanged, row, hidden);
                    if let Some(memory) = memories.get_mut(t) {
                        copy_row(memory, &unchanged, row, hidden);
                    }
                }
                if t > 0 || wants_start {
                    let gradient = if has_two { &recurrent[t] } else { &projected[t] };
                    transposed.multiply(gradient, &mut state_gradient);
                    for (total, direct) in state_gradient.iter_mut().zip(&direct) {
                        *total += direct;
                    }
                }
            }
            let (state, memory) = starts;
            let results = [(state, state_gradient), (memory, memory_gradient)];
            for (lent, result) in results {
                lent.into_iter().for_each(|rows| rows.copy_from_slice(&result));
            }
        },
    );
    gradients
}

/// Runs `work` on each item, in threads if there are several items and the system can start
/// threads.
fn on_threads<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
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
