//! Linear recurrences over a whole sequence.

use burn::tensor::Tensor;

use crate::number::Number;

/// Computes h_t = a_t h_{t−1} + b_t from h = 0, for all time steps.
///
/// Two steps in a row are one step of another linear recurrence, with a_t a_{t−1} and a_t b_{t−1} + b_t. So
/// the recurrence of the pairs, half as long, gives every second state, and one more step from each of them
/// the others. That is about three multiplications a time step, in 2 log₂ T rounds of which each can use
/// any number of threads. It only multiplies and adds, so that decays of 0 do no harm.
///
/// # Shapes
///
/// - decay: `[time, batch, units]`, with 1 where it is the same for all
/// - drive, output: `[time, batch, units]`, at least one time step
///
/// # Reference
///
/// Blelloch 1990, Prefix sums and their applications, § 1.4.
pub fn scan<N: Number>(decay: &N, drive: &N) -> N {
    let steps = drive.steps();
    if steps == 1 {
        return drive.clone();
    }
    if !steps.is_multiple_of(2) {
        let states = scan(&part(decay, 0, steps - 1), &part(drive, 0, steps - 1));
        let last = step(&part(decay, steps - 1, 1), &part(&states, steps - 2, 1), drive, steps - 1);
        return states.joined(&last, |states, last| Tensor::cat(vec![states, last], 0));
    }
    let [first_decay, second_decay] = pairs(decay);
    let [first_drive, second_drive] = pairs(drive);
    let pair_decay = second_decay.times(&first_decay);
    let pair_drive = second_decay.times(&first_drive).plus(&second_drive);
    let second = scan(&pair_decay, &pair_drive);
    let first = first_decay.times(&second.moved(delayed)).plus(&first_drive);
    first.joined(&second, |first, second| {
        let [half, batch, units] = first.dims();
        Tensor::stack::<4>(vec![first, second], 1).reshape([2 * half, batch, units])
    })
}

/// As [`scan`], one time step after the other: the reference for it.
pub fn scan_in_a_loop<N: Number>(decay: &N, drive: &N) -> N {
    let mut states = part(drive, 0, 1);
    let mut state = states.clone();
    for t in 1..drive.steps() {
        state = step(&part(decay, t, 1), &state, drive, t);
        states = states.joined(&state, |states, state| Tensor::cat(vec![states, state], 0));
    }
    states
}

fn step<N: Number>(decay: &N, state: &N, drive: &N, t: usize) -> N {
    decay.times(state).plus(&part(drive, t, 1))
}

/// Returns some time steps, or the only one there is.
fn part<N: Number>(numbers: &N, from: usize, steps: usize) -> N {
    if numbers.steps() == 1 {
        return numbers.clone();
    }
    numbers.moved(|numbers| numbers.narrow(0, from, steps))
}

/// Returns the first and the second of each two time steps.
fn pairs<N: Number>(numbers: &N) -> [N; 2] {
    if numbers.steps() == 1 {
        return [numbers.clone(), numbers.clone()];
    }
    [0, 1].map(|which| {
        numbers.moved(|numbers| {
            let [steps, batch, units] = numbers.dims();
            let pairs = numbers.reshape([steps / 2, 2, batch, units]);
            pairs.narrow(1, which, 1).squeeze_dim(1)
        })
    })
}

/// Puts zeros in front of all time steps but the last.
fn delayed(numbers: Tensor<3>) -> Tensor<3> {
    let steps = numbers.dims()[0];
    let zeros = numbers.clone().narrow(0, 0, 1).zeros_like();
    if steps == 1 {
        return zeros;
    }
    Tensor::cat(vec![zeros, numbers.narrow(0, 0, steps - 1)], 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Complex;
    use burn::tensor::{DType, Device, TensorData};

    fn values(shape: [usize; 3], step: f64) -> Tensor<3> {
        let count = shape.iter().product::<usize>();
        let values: Vec<f64> = (0..count).map(|i| (i as f64 * step + 0.3).sin()).collect();
        let on = (&Device::flex().autodiff(), DType::F64);
        Tensor::from_data(TensorData::new(values, shape), on).require_grad()
    }

    /// States and gradients of all leaves.
    fn results<N: Number>(
        scan: fn(&N, &N) -> N,
        decay: &N,
        drive: &N,
        leaves: &[Tensor<3>],
        parts: fn(N) -> Vec<Tensor<3>>,
    ) -> Vec<f64> {
        let states = parts(scan(decay, drive));
        let weigh = |part: &Tensor<3>| (part.clone() * values(part.dims(), 0.37)).sum();
        let loss = states.iter().map(weigh).reduce(|a, b| a + b).unwrap();
        let gradients = loss.backward();
        let gradients = leaves.iter().filter_map(|leaf| leaf.grad(&gradients));
        let all = states.into_iter().map(Tensor::without_autodiff).chain(gradients);
        all.flat_map(|tensor| tensor.into_data().iter::<f64>().collect::<Vec<_>>()).collect()
    }

    fn assert_equal(scanned: &[f64], looped: &[f64], name: &str) {
        assert_eq!(scanned.len(), looped.len(), "{name}");
        for (a, b) in scanned.iter().zip(looped) {
            assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{name}: {a} and {b}");
        }
    }

    #[test]
    fn the_scan_is_the_loop_with_its_gradients() {
        for steps in (1..20).chain([32, 63, 100]) {
            for decay_steps in [1, steps] {
                let decay = values([decay_steps, if decay_steps == 1 { 1 } else { 2 }, 3], 0.7);
                let drive = values([steps, 2, 3], 0.9);
                let leaves = [decay.clone(), drive.clone()];
                let with = |scan| results::<Tensor<3>>(scan, &decay, &drive, &leaves, |s| vec![s]);
                let name = format!("{steps} steps, decay of {decay_steps}");
                assert_equal(&with(scan), &with(scan_in_a_loop), &name);
            }
        }
    }

    #[test]
    fn so_is_the_complex_one() {
        for steps in [1, 2, 3, 8, 13, 50] {
            let decay = [0.7, 0.4].map(|step| values([1, 1, 3], step));
            let drive = [0.9, 0.2].map(|step| values([steps, 2, 3], step));
            let leaves = [&decay[..], &drive[..]].concat();
            let complex = |[re, im]: [Tensor<3>; 2]| Complex { re, im };
            let (decay, drive) = (complex(decay), complex(drive));
            let parts = |states: Complex| vec![states.re, states.im];
            let with = |scan| results::<Complex>(scan, &decay, &drive, &leaves, parts);
            assert_equal(&with(scan), &with(scan_in_a_loop), &format!("{steps} steps"));
        }
    }
}
