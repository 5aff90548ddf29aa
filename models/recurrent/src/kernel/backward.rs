//! The backward pass over time.

use std::ops::Range;

use super::Cell;
use super::Sizes;
use super::cells::{self, Backward};
use super::passes::{Bounds, Run, copy_row, on_threads, start};
use super::product::Packed;
use super::rows::{at, lend, ranges};

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
    let Sizes { time, batch, hidden } = sizes;
    let wide = cell.gates() * hidden;
    let mut gradients = Gradients::zeros(cell, sizes, request);
    let transposed = Packed::new(wide, hidden, |row, column| weight[column * wide + row]);
    let pass = Pass { cell, sizes, bounds, states_of, run, transposed, request };
    let ranges = ranges(batch, time * batch * hidden * wide);
    let projected = lend(&mut gradients.projected, batch, wide, &ranges);
    let recurrent = lend(&mut gradients.recurrent, batch, wide, &ranges);
    let states = lend(&mut gradients.states, batch, hidden, &ranges);
    let memories = lend(&mut gradients.memories, batch, hidden, &ranges);
    let [start_state, start_memory] =
        gradients.start.each_mut().map(|buffer| lend(buffer, batch, hidden, &ranges));
    let starts = start_state.into_iter().zip(start_memory);
    let lent = ranges.into_iter().zip(projected.into_iter().zip(recurrent));
    let lent = lent.zip(states.into_iter().zip(memories).zip(starts));
    let rows = lent.map(|((range, (projected, recurrent)), ((states, memories), starts))| Rows {
        range,
        projected,
        recurrent,
        states,
        memories,
        starts: starts.into(),
    });
    on_threads(rows.collect(), |rows| pass.backward(rows));
    gradients
}

impl Gradients {
    fn zeros(cell: Cell, sizes: Sizes, request: Request<'_>) -> Self {
        let Request { is_probed, wants_start, .. } = request;
        let Sizes { time, batch, hidden } = sizes;
        let (steps, has_memory) = (time * batch, cell == Cell::Lstm);
        let wide = cell.gates() * hidden;
        let buffer = |length: usize, is_wanted: bool| vec![0.0; if is_wanted { length } else { 0 }];
        Self {
            projected: buffer(steps * wide, true),
            recurrent: buffer(steps * wide, cells::has_two_gradients(cell)),
            states: buffer(steps * hidden, is_probed),
            memories: buffer(steps * hidden, is_probed && has_memory),
            start: [wants_start, wants_start && has_memory]
                .map(|is_wanted| buffer(batch * hidden, is_wanted)),
        }
    }
}

/// What all rows of a backward pass share.
struct Pass<'a> {
    cell: Cell,
    sizes: Sizes,
    bounds: Bounds<'a>,
    states_of: &'a [f32],
    run: &'a Run,
    transposed: Packed,
    request: Request<'a>,
}

/// Some rows of the batch, with their parts of the gradients: by time, where there is time.
struct Rows<'a> {
    range: Range<usize>,
    projected: Vec<&'a mut [f32]>,
    recurrent: Vec<&'a mut [f32]>,
    states: Vec<&'a mut [f32]>,
    memories: Vec<&'a mut [f32]>,
    starts: [Vec<&'a mut [f32]>; 2],
}

impl Pass<'_> {
    /// Runs some rows backward over time.
    fn backward(&self, mut lent: Rows<'_>) {
        let Sizes { time, hidden, .. } = self.sizes;
        let wants_start = self.request.wants_start;
        let has_two = cells::has_two_gradients(self.cell);
        let range = lent.range.clone();
        let first = [self.bounds.state, self.bounds.memory].map(|v| start(v, &range, hidden));
        let mut state_gradient = vec![0.0; range.len() * hidden];
        let mut memory_gradient = start(self.request.last_memory, &range, hidden);
        let mut direct = state_gradient.clone();
        for t in (0..time).rev() {
            let above = self.now(self.request.states, t, hidden, &range);
            for (total, above) in state_gradient.iter_mut().zip(above) {
                *total += above;
            }
            if let Some(kept) = lent.states.get_mut(t) {
                kept.copy_from_slice(&state_gradient);
            }
            let resting: Vec<usize> = self.bounds.resting(&range, t).collect();
            let unchanged = if resting.is_empty() { vec![] } else { memory_gradient.clone() };
            let [state, memory] = &first;
            let has_memory = self.cell == Cell::Lstm;
            let memories: &[f32] = if has_memory { &self.run.memories } else { &[] };
            let step = Backward {
                saved: self.now(&self.run.saved, t, cells::saved(self.cell) * hidden, &range),
                state: self.now(self.states_of, t, hidden, &range),
                state_before: self.before(self.states_of, state, t, &range),
                memory: if has_memory { self.now(memories, t, hidden, &range) } else { &[] },
                memory_before: if has_memory {
                    self.before(memories, memory, t, &range)
                } else {
                    &[]
                },
                state_gradient: &state_gradient,
                memory_gradient: &mut memory_gradient,
                memory_total: lent.memories.get_mut(t).map_or(&mut [], |memory| memory),
                projected_gradient: lent.projected[t],
                recurrent_gradient: lent.recurrent.get_mut(t).map_or(&mut [], |gradient| gradient),
                direct: &mut direct,
            };
            cells::backward(self.cell, hidden, step);
            for row in resting {
                lent.rest(t, row, hidden, &unchanged);
                copy_row(&mut direct, &state_gradient, row, hidden);
                copy_row(&mut memory_gradient, &unchanged, row, hidden);
            }
            if t > 0 || wants_start {
                let gradient = if has_two { &lent.recurrent[t] } else { &lent.projected[t] };
                self.transposed.multiply(gradient, &mut state_gradient);
                for (total, direct) in state_gradient.iter_mut().zip(&direct) {
                    *total += direct;
                }
            }
        }
        for (lent, result) in lent.starts.into_iter().zip([state_gradient, memory_gradient]) {
            lent.into_iter().for_each(|rows| rows.copy_from_slice(&result));
        }
    }

    fn now<'b>(
        &self,
        buffer: &'b [f32],
        t: usize,
        width: usize,
        range: &Range<usize>,
    ) -> &'b [f32] {
        at(buffer, t, self.sizes.batch, width, range)
    }

    /// Returns what was before step `t`: `first` before the first.
    fn before<'b>(
        &self,
        buffer: &'b [f32],
        first: &'b [f32],
        t: usize,
        range: &Range<usize>,
    ) -> &'b [f32] {
        if t == 0 { first } else { self.now(buffer, t - 1, self.sizes.hidden, range) }
    }
}

impl Rows<'_> {
    /// Undoes step `t` for a row whose sequence has ended: its state was passed through.
    fn rest(&mut self, t: usize, row: usize, hidden: usize, memory: &[f32]) {
        let wide = self.projected[t].len() / self.range.len();
        let gates = row * wide..(row + 1) * wide;
        self.projected[t][gates.clone()].fill(0.0);
        if let Some(gradient) = self.recurrent.get_mut(t) {
            gradient[gates].fill(0.0);
        }
        if let Some(kept) = self.memories.get_mut(t) {
            copy_row(kept, memory, row, hidden);
        }
    }
}
