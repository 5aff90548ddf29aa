//! Many trainings at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Device;

use crate::error::Error;
use crate::judged::Judged;
use crate::training::Training;

/// Judges trainings and their healthy twins on several threads, in the order of the trainings: the same
/// whatever the number of threads. `progress` is called with the number that are done.
///
/// # Errors
///
/// [`Error`] of the first training that could not run.
pub fn judge_all(
    trainings: &[Training],
    device: &Device,
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Judged>, Error> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(training) = trainings.get(at) else { return };
            let judged = training.judge(device);
            if judged.is_err() {
                next.store(trainings.len(), Ordering::Relaxed);
            }
            if let Ok(mut results) = results.lock() {
                results.push((at, judged));
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.max(1) {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_unstable_by_key(|(at, _)| *at);
    let judged: Result<Vec<_>, _> = results.into_iter().map(|(_, judged)| judged).collect();
    Ok(judged?.into_iter().flatten().collect())
}
