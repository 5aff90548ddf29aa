//! One time step of each cell, forward and backward, for some rows of the batch.

use backdraft_layers::kernel::{sigmoid, tanh};

use super::Cell;

/// Inputs and outputs of a forward step. All slices hold whole rows.
pub(super) struct Forward<'a> {
    /// W x + b, `gates × hidden` per row.
    pub(super) projected: &'a [f32],
    /// U h, the same.
    pub(super) recurrent: &'a [f32],
    /// b', one row.
    pub(super) bias: &'a [f32],
    /// h and c of the previous step, `hidden` per row.
    pub(super) state_before: &'a [f32],
    pub(super) memory_before: &'a [f32],
    /// h and c of this step; `memory` is empty except for LSTM.
    pub(super) state: &'a mut [f32],
    pub(super) memory: &'a mut [f32],
    /// State for the backward pass, [`saved`] × `hidden` per row.
    pub(super) saved: &'a mut [f32],
}

/// Inputs and outputs of a backward step.
pub(super) struct Backward<'a> {
    pub(super) saved: &'a [f32],
    pub(super) state: &'a [f32],
    pub(super) state_before: &'a [f32],
    pub(super) memory: &'a [f32],
    pub(super) memory_before: &'a [f32],
    /// The total ∂L/∂h_t.
    pub(super) state_gradient: &'a [f32],
    /// In: the part of ∂L/∂c_t from later steps. Out: that of the previous step.
    pub(super) memory_gradient: &'a mut [f32],
    /// Out: the total ∂L/∂c_t, for the taps; empty if not needed.
    pub(super) memory_total: &'a mut [f32],
    /// Out: ∂L/∂(W x + b).
    pub(super) projected_gradient: &'a mut [f32],
    /// Out: ∂L/∂(U h + b'); empty where it is the same.
    pub(super) recurrent_gradient: &'a mut [f32],
    /// Out: the part of ∂L/∂h_{t−1} that bypasses the recurrent weights.
    pub(super) direct: &'a mut [f32],
}

/// Returns the number of values per hidden unit that a step saves.
pub(super) fn saved(cell: Cell) -> usize {
    match cell {
        Cell::Rnn | Cell::ReluRnn => 0,
        Cell::Lstm | Cell::Gru => 4, // i f g o; r z n and the candidate's U h + b'
    }
}

/// Returns whether ∂L/∂(U h + b') differs from ∂L/∂(W x + b).
pub(super) fn has_two_gradients(cell: Cell) -> bool {
    cell == Cell::Gru
}

/// Runs a step, using the widest vectors of the processor.
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

/// `out[k] = f(out[k], a[k], …)`. Each loop writes a single slice. With several, the compiler
/// cannot prove that they do not overlap and generates scalar code.
#[inline(always)]
fn set<const N: usize>(out: &mut [f32], inputs: [&[f32]; N], f: impl Fn(f32, [f32; N]) -> f32) {
    let inputs = inputs.map(|input| &input[..out.len()]);
    for (k, out) in out.iter_mut().enumerate() {
        *out = f(*out, inputs.map(|input| input[k]));
    }
}

/// Splits a row into `N` parts of hidden size.
#[inline(always)]
fn parts<const N: usize>(row: &[f32], hidden: usize) -> [&[f32]; N] {
    std::array::from_fn(|part| &row[part * hidden..][..hidden])
}

#[inline(always)]
fn parts_mut<const N: usize>(mut row: &mut [f32], hidden: usize) -> [&mut [f32]; N] {
    std::array::from_fn(|_| row.split_off_mut(..hidden).unwrap_or_default())
}

#[inline(always)]
fn rnn(step: Forward<'_>, activation: impl Fn(f32) -> f32) {
    let hidden = step.bias.len();
    let rows = step.projected.chunks_exact(hidden).zip(step.recurrent.chunks_exact(hidden));
    for (h, (x, u)) in step.state.chunks_exact_mut(hidden).zip(rows) {
        set(h, [x, u, step.bias], |_, [x, u, b]| activation(x + u + b));
    }
}

#[inline(always)]
fn rnn_backward(step: Backward<'_>, slope: impl Fn(f32) -> f32) {
    set(step.projected_gradient, [step.state_gradient, step.state], |_, [dh, h]| dh * slope(h));
    step.direct.fill(0.0);
}

#[inline(always)]
fn lstm(hidden: usize, step: Forward<'_>) {
    let wide = 4 * hidden;
    let [bi, bf, bg, bo] = parts(step.bias, hidden);
    let gate = |_, [x, u, b]: [f32; 3]| sigmoid(x + u + b);
    for (row, saved) in step.saved.chunks_exact_mut(wide).enumerate() {
        let [xi, xf, xg, xo] = parts(&step.projected[row * wide..], hidden);
        let [ui, uf, ug, uo] = parts(&step.recurrent[row * wide..], hidden);
        let c_before = &step.memory_before[row * hidden..][..hidden];
        let [i, f, g, o] = parts_mut(saved, hidden);
        set(i, [xi, ui, bi], gate);
        set(f, [xf, uf, bf], gate);
        set(g, [xg, ug, bg], |_, [x, u, b]| tanh(x + u + b));
        set(o, [xo, uo, bo], gate);
        let c = &mut step.memory[row * hidden..][..hidden];
        set(c, [i, f, g, c_before], |_, [i, f, g, c_before]| f * c_before + i * g);
        let h = &mut step.state[row * hidden..][..hidden];
        set(h, [o, c], |_, [o, c]| o * tanh(c));
    }
}

#[inline(always)]
fn lstm_backward(hidden: usize, step: Backward<'_>) {
    let wide = 4 * hidden;
    for (row, saved) in step.saved.chunks_exact(wide).enumerate() {
        let at = row * hidden;
        let [i, f, g, o] = parts(saved, hidden);
        let gradients = &mut step.projected_gradient[row * wide..][..wide];
        let [di, df, dg, dx_o] = parts_mut(gradients, hidden);
        let (c, c_before) = (&step.memory[at..][..hidden], &step.memory_before[at..][..hidden]);
        let dh = &step.state_gradient[at..][..hidden];
        let dc = &mut step.memory_gradient[at..][..hidden];
        set(dx_o, [c], |_, [c]| tanh(c));
        set(dc, [dh, o, dx_o], |dc, [dh, o, tanh_c]| dc + dh * o * (1.0 - tanh_c * tanh_c));
        set(dx_o, [dh, o], |tanh_c, [dh, o]| dh * tanh_c * o * (1.0 - o));
        set(di, [dc, g, i], |_, [dc, g, i]| dc * g * i * (1.0 - i));
        set(df, [dc, c_before, f], |_, [dc, c_before, f]| dc * c_before * f * (1.0 - f));
        set(dg, [dc, i, g], |_, [dc, i, g]| dc * i * (1.0 - g * g));
        if let Some(total) = step.memory_total.get_mut(at..at + hidden) {
            total.copy_from_slice(dc);
        }
        set(dc, [f], |dc, [f]| dc * f);
    }
    step.direct.fill(0.0);
}

#[inline(always)]
fn gru(hidden: usize, step: Forward<'_>) {
    let wide = 3 * hidden;
    let [br, bz, bn] = parts(step.bias, hidden);
    let gate = |_, [x, u, b]: [f32; 3]| sigmoid(x + u + b);
    for (row, saved) in step.saved.chunks_exact_mut(4 * hidden).enumerate() {
        let [xr, xz, xn] = parts(&step.projected[row * wide..], hidden);
        let [ur, uz, un] = parts(&step.recurrent[row * wide..], hidden);
        let [r, z, n, u] = parts_mut(saved, hidden);
        set(r, [xr, ur, br], gate);
        set(z, [xz, uz, bz], gate);
        set(u, [un, bn], |_, [u, b]| u + b);
        set(n, [xn, r, u], |_, [x, r, u]| tanh(x + r * u));
        let h_before = &step.state_before[row * hidden..][..hidden];
        let h = &mut step.state[row * hidden..][..hidden];
        set(h, [n, z, h_before], |_, [n, z, h_before]| n + z * (h_before - n));
    }
}

#[inline(always)]
fn gru_backward(hidden: usize, step: Backward<'_>) {
    let wide = 3 * hidden;
    for (row, saved) in step.saved.chunks_exact(4 * hidden).enumerate() {
        let at = row * hidden;
        let [r, z, n, u] = parts(saved, hidden);
        let [dr, dz, dn] = parts_mut(&mut step.projected_gradient[row * wide..][..wide], hidden);
        let [dur, duz, dun] = parts_mut(&mut step.recurrent_gradient[row * wide..][..wide], hidden);
        let h_before = &step.state_before[at..][..hidden];
        let dh = &step.state_gradient[at..][..hidden];
        set(dn, [dh, z, n], |_, [dh, z, n]| dh * (1.0 - z) * (1.0 - n * n));
        set(dz, [dh, h_before, n, z], |_, [dh, h, n, z]| dh * (h - n) * z * (1.0 - z));
        set(dr, [dn, u, r], |_, [dn, u, r]| dn * u * r * (1.0 - r));
        dur.copy_from_slice(dr);
        duz.copy_from_slice(dz);
        set(dun, [dn, r], |_, [dn, r]| dn * r);
        set(&mut step.direct[at..][..hidden], [dh, z], |_, [dh, z]| dh * z);
    }
}
