//! Read-backs from a device, counted.

use std::cell::Cell;

use burn::tensor::{ExecutionError, Int, Tensor, TensorData, Transaction};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Returns how often this thread has called [`read_back`] so far.
///
/// A GPU works through its queue while the host continues, until the host asks for a number. Hooks and
/// trainer read numbers only through [`read_back`], so that a test can count how often they wait.
pub fn read_backs() -> u64 {
    COUNT.get()
}

/// Waits for the device once and returns the values of all `tensors`.
///
/// # Errors
///
/// [`ExecutionError`] when the device failed.
pub fn read_back(
    tensors: impl IntoIterator<Item = Tensor<1>>,
) -> Result<Vec<TensorData>, ExecutionError> {
    let (values, _) = read_back_with_counts(tensors, [])?;
    Ok(values)
}

/// Waits for the device once and returns the values of all `tensors` and `counts`.
pub(crate) fn read_back_with_counts(
    tensors: impl IntoIterator<Item = Tensor<1>>,
    counts: impl IntoIterator<Item = Tensor<1, Int>>,
) -> Result<(Vec<TensorData>, Vec<TensorData>), ExecutionError> {
    COUNT.set(COUNT.get() + 1);
    let (mut transaction, mut floats) = (Transaction::default(), 0);
    for tensor in tensors {
        transaction = transaction.register(tensor);
        floats += 1;
    }
    let queue = |transaction: Transaction, counts| transaction.register(counts);
    let mut values = counts.into_iter().fold(transaction, queue).try_execute()?;
    let counts = values.split_off(floats);
    Ok((values, counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn several_tensors_are_read_at_once() {
        let before = read_backs();
        let tensor = |value: f32| Tensor::<1>::from_floats([value], &Device::flex());
        let read = read_back([tensor(1.0), tensor(2.0)]).unwrap();
        let values: Vec<f64> = read.iter().flat_map(|data| data.iter::<f64>()).collect();
        assert_eq!((values, read_backs() - before), (vec![1.0, 2.0], 1));
    }
}
