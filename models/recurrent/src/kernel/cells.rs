//! One time step of each cell, forward and backward, for some rows of the batch.

use super::math::{sigmoid, tanh};
use crate::cell::Cell;

/// What a forward step reads and writes; all slices hold whole rows.
pub(super) struct Forward<'a> {
    /// W x + b, `gates × hidden` a row.
    pub(super) projected: &'a [f32],
    /// U h, the same.
    pub(super) recurrent: &'a [f32],
    /// b', one row.
    pub(super) bias: &'a [f32],
    /// h and c of the step before, `hidden` a row.
    pub(super) state_before: &'a [f32],
    pub(super) memory_before: &'a [f32],
    /// h and c of this step; `memory` is empty but for LSTM.
    pub(super) state: &'a mut [f32],
    pub(super) memory: &'a mut [f32],
    /// What the backward pass needs, [`saved`] × `hidden` a row.
    pub(super) saved: &'a mut [f32],
}

/// What a backward step reads and writes.
pub(super) struct Backward<'a> {
    pub(super) saved: &'a [f32],
    pub(super) state: &'a [f32],
    pub(super) state_before: &'a [f32],
    pub(super) memory: &'a [f32],
    pub(super) memory_before: &'a [f32],
    /// ∂L/∂h_t, all of it.
    pub(super) state_gradient: &'a [f32],
    /// In: what ∂L/∂c_t gets from later steps. Out: what the step before gets from this one.
    pub(super) memory_gradient: &'a mut [f32],
    /// Out: all of ∂L/∂c_t, for the taps; empty if nobody asks.
    pub(super) memory_total: &'a mut [f32],
    /// Out: ∂L/∂(W x + b).
    pub(super) projected_gradient: &'a mut [f32],
    /// Out: ∂L/∂(U h + b'); empty where it is the same.
    pub(super) recurrent_gradient: &'a mut [f32],
    /// Out: what ∂L/∂h_{t−1} gets past the recurrent weights.
    pub(super) direct: &'a mut [f32],
}

/// Returns how many values of hidden size a step saves.
pub(super) fn saved(cell: Cell) -> usize {
    match cell {
        Cell::Rnn | Cell::ReluRnn => 0,
        Cell::Lstm | Cell::Gru => 4, // i f g o; r z n and the candidate's U h + b'
    }
}

/// Tells whether ∂L/∂(U h + b') differs from ∂L/∂(W x + b).
pub(super) fn has_two_gradients(cell: Cell) -> bool {
    cell == Cell::Gru
}

/// Runs a step in the widest vectors of the running processor.
pub(super) fn forward(cell: Cell, hidden: usize, step: Forward<'_>) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || match cell {
            Cell::Rnn => rnn(step, tanh),
            Cell::ReluRnn => rnn(step, |x| if x < 0.0 { 0.0 } else { x }),
            Cell::Lstm => lstm(hidden, step),
            Cell::Gru => gru(hidden, step),
        },
    );
}

/// Runs a step backward.
pub(super) fn backward(cell: Cell, hidden: usize, step: Backward<'_>) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || match cell {
            Cell::Rnn => rnn_backward(step, |h| 1.0 - h * h),
            Cell::ReluRnn => rnn_backward(step, |h| if h > 0.0 { 1.0 } else { 0.0 }),
            Cell::Lstm => lstm_backward(hidden, step),
            Cell::Gru => gru_backward(hidden, step),
        },
    );
}

#[inline(always)]
fn rnn(step: Forward<'_>, activation: impl Fn(f32) -> f32) {
    let hidden = step.bias.len();
    let rows = step.projected.chunks_exact(hidden).zip(step.recurrent.chunks_exact(hidden));
    for (h, (x, u)) in step.state.chunks_exact_mut(hidden).zip(rows) {
        for k in 0..hidden {
            h[k] = activation(x[k] + u[k] + step.bias[k]);
        }
    }
}

#[inline(always)]
fn rnn_backward(step: Backward<'_>, slope: impl Fn(f32) -> f32) {
    let gradients = step.state_gradient.iter().zip(step.state);
    for (dx, (dh, h)) in step.projected_gradient.iter_mut().zip(gradients) {
        *dx = dh * slope(*h);
    }
    step.direct.fill(0.0);
}

/// The `N` parts of hidden size that make up a row.
#[inline(always)]
fn parts<const N: usize>(row: &[f32], hidden: usize) -> [&[f32]; N] {
    std::array::from_fn(|part| &row[part * hidden..][..hidden])
}

#[inline(always)]
fn parts_mut<const N: usize>(mut row: &mut [f32], hidden: usize) -> [&mut [f32]; N] {
    std::array::from_fn(|_| row.split_off_mut(..hidden).unwrap_or_default())
}

#[inline(always)]
fn lstm(hidden: usize, step: Forward<'_>) {
    let rows = step.projected.chunks_exact(4 * hidden).zip(step.recurrent.chunks_exact(4 * hidden));
    let [bi, bf, bg, bo] = parts(step.bias, hidden);
    let saved = step.saved.chunks_exact_mut(4 * hidden);
    let memories = step.memory.chunks_exact_mut(hidden);
    let before = step.memory_before.chunks_exact(hidden);
    let states = step.state.chunks_exact_mut(hidden);
    for (((((x, u), saved), c), c_before), h) in
        rows.zip(saved).zip(memories).zip(before).zip(states)
    {
        let [xi, xf, xg, xo] = parts(x, hidden);
        let [ui, uf, ug, uo] = parts(u, hidden);
        let [si, sf, sg, so] = parts_mut(saved, hidden);
        for k in 0..hidden {
            let (i, f) = (sigmoid(xi[k] + ui[k] + bi[k]), sigmoid(xf[k] + uf[k] + bf[k]));
            let (g, o) = (tanh(xg[k] + ug[k] + bg[k]), sigmoid(xo[k] + uo[k] + bo[k]));
            let memory = f * c_before[k] + i * g;
            (si[k], sf[k], sg[k], so[k]) = (i, f, g, o);
            c[k] = memory;
            h[k] = o * tanh(memory);
        }
    }
}

#[inline(always)]
fn lstm_backward(hidden: usize, step: Backward<'_>) {
    let wide = 4 * hidden;
    for (row, saved) in step.saved.chunks_exact(wide).enumerate() {
        let at = row * hidden;
        let [i, f, g, o] = parts(saved, hidden);
        let [di, df, dg, dx_o] =
            parts_mut(&mut step.projected_gradient[row * wide..][..wide], hidden);
        let (c, c_before) = (&step.memory[at..][..hidden], &step.memory_before[at..][..hidden]);
        let dh = &step.state_gradient[at..][..hidden];
        let dc = &mut step.memory_gradient[at..][..hidden];
        for k in 0..hidden {
            let tanh_c = tanh(c[k]);
            let total = dc[k] + dh[k] * o[k] * (1.0 - tanh_c * tanh_c);
            di[k] = total * g[k] * i[k] * (1.0 - i[k]);
            df[k] = total * c_before[k] * f[k] * (1.0 - f[k]);
            dg[k] = total * i[k] * (1.0 - g[k] * g[k]);
            dx_o[k] = dh[k] * tanh_c * o[k] * (1.0 - o[k]);
            dc[k] = total;
        }
        if let Some(total) = step.memory_total.get_mut(at..at + hidden) {
            total.copy_from_slice(dc);
        }
        dc.iter_mut().zip(f).for_each(|(dc, f)| *dc *= f);
    }
    step.direct.fill(0.0);
}

#[inline(always)]
fn gru(hidden: usize, step: Forward<'_>) {
    let rows = step.projected.chunks_exact(3 * hidden).zip(step.recurrent.chunks_exact(3 * hidden));
    let [br, bz, bn] = parts(step.bias, hidden);
    let saved = step.saved.chunks_exact_mut(4 * hidden);
    let before = step.state_before.chunks_exact(hidden);
    let states = step.state.chunks_exact_mut(hidden);
    for ((((x, u), saved), h_before), h) in rows.zip(saved).zip(before).zip(states) {
        let [xr, xz, xn] = parts(x, hidden);
        let [ur, uz, un] = parts(u, hidden);
        let [sr, sz, sn, su] = parts_mut(saved, hidden);
        for k in 0..hidden {
            let (r, z) = (sigmoid(xr[k] + ur[k] + br[k]), sigmoid(xz[k] + uz[k] + bz[k]));
            let u = un[k] + bn[k];
            let n = tanh(xn[k] + r * u);
            (sr[k], sz[k], sn[k], su[k]) = (r, z, n, u);
            h[k] = n + z * (h_before[k] - n);
        }
    }
}

#[inline(always)]
fn gru_backward(hidden: usize, step: Backward<'_>) {
    let wide = 3 * hidden;
    for (row, saved) in step.saved.chunks_exact(4 * hidden).enumerate() {
        let at = row * hidden;
        let [r, z, n, un] = parts(saved, hidden);
        let [dr, dz, dn] = parts_mut(&mut step.projected_gradient[row * wide..][..wide], hidden);
        let [dur, duz, dun] = parts_mut(&mut step.recurrent_gradient[row * wide..][..wide], hidden);
        let h_before = &step.state_before[at..][..hidden];
        let dh = &step.state_gradient[at..][..hidden];
        let direct = &mut step.direct[at..][..hidden];
        for k in 0..hidden {
            let candidate = dh[k] * (1.0 - z[k]) * (1.0 - n[k] * n[k]);
            dz[k] = dh[k] * (h_before[k] - n[k]) * z[k] * (1.0 - z[k]);
            dr[k] = candidate * un[k] * r[k] * (1.0 - r[k]);
            dn[k] = candidate;
            (dur[k], duz[k], dun[k]) = (dr[k], dz[k], candidate * r[k]);
            direct[k] = dh[k] * z[k];
        }
    }
}
