//! Distribution of work over threads.

#[cfg(feature = "flex")]
mod beside;

use std::cell::Cell;
use std::num::NonZero;
use std::sync::LazyLock;
#[cfg(feature = "flex")]
use std::sync::{Mutex, PoisonError};
use std::thread;

#[cfg(feature = "flex")]
pub(crate) use beside::beside;

/// Number of multiplications below which starting a thread costs more than it saves.
#[cfg(feature = "flex")]
const FEWEST_PRODUCTS: usize = 1 << 22;

/// Determined once: the system reads several files for it, which takes longer than a small layer.
static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

thread_local! {
    static MOST: Cell<Option<NonZero<usize>>> = const { Cell::new(None) };
}

/// Runs `work` with at most `most` threads for the kernels that this thread calls.
///
/// Otherwise kernels use all cores if the work is large enough. Use this to divide the cores among
/// networks that run in parallel. Results do not depend on the number of threads.
pub fn with_threads<R>(most: NonZero<usize>, work: impl FnOnce() -> R) -> R {
    let before = MOST.replace(Some(most));
    let result = work();
    MOST.set(before);
    result
}

/// Returns the number of threads that kernels called from this thread may use.
pub fn threads() -> usize {
    MOST.get().map_or_else(|| *CORES, NonZero::get)
}

/// Distributes `items` among threads, each with a worker made by `worker`. A worker takes the next
/// item when it is done, so a delayed one does not hold up the others. With a single thread, items
/// are processed in order. An item costs about `products` multiplications.
#[cfg(feature = "flex")]
pub(crate) fn share<T: Send, W: FnMut(T)>(
    items: Vec<T>,
    products: usize,
    worker: impl Fn() -> W + Sync,
) {
    let worth = items.len().saturating_mul(products) / FEWEST_PRODUCTS;
    let threads = threads().min(worth).min(items.len()).max(1);
    if threads == 1 {
        return items.into_iter().for_each(worker());
    }
    let items = Mutex::new(items.into_iter());
    // Workers do not run inside the lock, so a panic does not poison it; `scope` propagates the
    // panic.
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let mut worker = worker();
        while let Some(item) = next() {
            worker(item);
        }
    };
    thread::scope(|scope| {
        // If no more threads can be started, the existing ones do the work.
        let start = |_: &usize| thread::Builder::new().spawn_scoped(scope, run).is_ok();
        let _helpers = (1..threads).take_while(start).count();
        run();
    });
}
