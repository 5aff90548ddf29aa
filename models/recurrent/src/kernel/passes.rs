//! Forward and backward passes over time.

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
}

/// Runs forward over time, starting from zeros.
pub(super) fn forward(
    cell: Cell,
    sizes: Sizes,
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
        let mut state_before = vec![0.0; rows * hidden];
        let mut memory_before = vec![0.0; if has_memory { rows * hidden } else { 0 }];
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
            state_before.copy_from_slice(state);
            if let Some(memory) = memories.get(t) {
                memory_before.copy_from_slice(memory);
            }
        }
    });
    run
}

/// Runs backward over time, given the gradient of the states from the layers above.
pub(super) fn backward(
    cell: Cell,
    sizes: Sizes,
    states_of: &[f32],
    run: &Run,
    weight: &[f32],
    from_above: &[f32],
    is_probed: bool,
) -> Gradients {
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
    };
    let transposed = Packed::new(wide, hidden, |row, column| weight[column * wide + row]);
    let ranges = ranges(batch, all * wide);
    let projected = lend(&mut gradients.projected, batch, wide, &ranges);
    let recurrent = lend(&mut gradients.recurrent, batch, wide, &ranges);
    let states = lend(&mut gradients.states, batch, hidden, &ranges);
    let memories = lend(&mut gradients.memories, batch, hidden, &ranges);
    let lent = ranges.into_iter().zip(projected.into_iter().zip(recurrent));
    let lent = lent.zip(states.into_iter().zip(memories));
    on_threads(
        lent.collect(),
        |((range, (mut projected, mut recurrent)), (mut states, mut memories))| {
            let rows = range.len();
            let zeros = vec![0.0; rows * hidden];
            let before = |buffer, t| match t {
                0 => &zeros[..],
                _ => at(buffer, t - 1, batch, hidden, &range),
            };
            let now = |buffer, t, width| at(buffer, t, batch, width, &range);
            let mut state_gradient = zeros.clone();
            let mut memory_gradient = zeros.clone();
            let mut direct = zeros.clone();
            for t in (0..time).rev() {
                for (total, above) in state_gradient.iter_mut().zip(now(from_above, t, hidden)) {
                    *total += above;
                }
                if let Some(kept) = states.get_mut(t) {
                    kept.copy_from_slice(&state_gradient);
                }
                let step = Backward {
                    saved: now(&run.saved, t, saved_width),
                    state: now(states_of, t, hidden),
                    state_before: before(states_of, t),
                    memory: if has_memory { now(&run.memories, t, hidden) } else { &[] },
                    memory_before: if has_memory { before(&run.memories, t) } else { &[] },
                    state_gradient: &state_gradient,
                    memory_gradient: &mut memory_gradient,
                    memory_total: memories.get_mut(t).map_or(&mut [], |memory| memory),
                    projected_gradient: projected[t],
                    recurrent_gradient: recurrent.get_mut(t).map_or(&mut [], |gradient| gradient),
                    direct: &mut direct,
                };
                cells::backward(cell, hidden, step);
                if t > 0 {
                    let gradient = if has_two { &recurrent[t] } else { &projected[t] };
                    transposed.multiply(gradient, &mut state_gradient);
                    for (total, direct) in state_gradient.iter_mut().zip(&direct) {
                        *total += direct;
                    }
                }
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
