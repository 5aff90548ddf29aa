//! Work shared out over threads.

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

/// Multiplications below which starting a thread costs more than it saves.
#[cfg(feature = "flex")]
const FEWEST_PRODUCTS: usize = 1 << 22;

/// Asked once: the answer takes several files to read, longer than a small layer to compute.
static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

thread_local! {
    static MOST: Cell<Option<NonZero<usize>>> = const { Cell::new(None) };
}

/// Runs `work`, in which the kernels of this thread use at most `most` threads.
///
/// Without it they use all cores where the work is large enough. Programs that run several networks
/// side by side share the cores out so. Results do not depend on it.
pub fn with_threads<R>(most: NonZero<usize>, work: impl FnOnce() -> R) -> R {
    let before = MOST.replace(Some(most));
    let result = work();
    MOST.set(before);
    result
}

/// Returns how many threads the kernels of this thread may use.
pub fn threads() -> usize {
    MOST.get().map_or_else(|| *CORES, NonZero::get)
}

/// Hands `items` to workers, one a thread, each made by `worker` on its thread; a worker that is done
/// takes the next item, so that one that is held up holds up no other. In order if one thread is
/// enough. An item takes about `products` multiplications.
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
    // A worker that panics does so outside the lock, which `scope` passes on.
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let mut worker = worker();
        while let Some(item) = next() {
            worker(item);
        }
    };
    thread::scope(|scope| {
        // Where no more threads can be had, those that there are do the work.
        let start = |_: &usize| thread::Builder::new().spawn_scoped(scope, run).is_ok();
        let _helpers = (1..threads).take_while(start).count();
        run();
    });
}
