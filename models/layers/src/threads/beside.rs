//! A helper thread for work too short to start a thread for.

use std::cell::RefCell;
use std::hint::spin_loop;
use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    /// The helper of this thread; it ends when this thread does.
    static HELPER: RefCell<Option<Sender<Job>>> = const { RefCell::new(None) };
}

/// Number of times a thread looks for work before it sleeps: about 50 µs, which is what waking it
/// up may take.
const LOOKS: usize = 1 << 12;

/// Runs `theirs` on this thread's helper and `mine` on this thread; returns both results.
///
/// # Panics
///
/// Panics if `theirs` does.
pub(crate) fn beside<T: Send + 'static, U>(
    theirs: impl FnOnce() -> T + Send + 'static,
    mine: impl FnOnce() -> U,
) -> (T, U) {
    let (result, results) = channel();
    let job: Job = Box::new(move || drop(result.send(theirs())));
    let job = HELPER.with_borrow_mut(|helper| match helper {
        Some(helper) => helper.send(job).err().map(|unsent| unsent.0),
        None => Some(job),
    });
    if let Some(job) = job {
        match start() {
            Ok(helper) => {
                drop(helper.send(job));
                HELPER.set(Some(helper));
            }
            // No thread can be started: this one does both.
            Err(_) => job(),
        }
    }
    let mine = mine();
    let theirs = receive(&results);
    if theirs.is_none() {
        // The helper is unwinding from a panic, and would lose the next job.
        HELPER.set(None);
    }
    (theirs.expect("the helper answers unless it panics"), mine)
}

fn start() -> io::Result<Sender<Job>> {
    let (sender, jobs) = channel::<Job>();
    thread::Builder::new().spawn(move || {
        while let Some(job) = receive(&jobs) {
            job();
        }
    })?;
    Ok(sender)
}

/// Spins for a while, then sleeps until a value arrives. Returns `None` once the channel is closed.
fn receive<T>(receiver: &Receiver<T>) -> Option<T> {
    for _ in 0..LOOKS {
        match receiver.try_recv() {
            Ok(value) => return Some(value),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => spin_loop(),
        }
    }
    receiver.recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_results_come_back_again_and_again() {
        for i in 0..1_000 {
            assert_eq!(beside(move || i + 1, || i), (i + 1, i));
        }
    }

    #[test]
    fn a_helper_that_panicked_is_replaced() {
        let panicked = thread::spawn(|| {
            assert!(
                std::panic::catch_unwind(|| beside(|| -> i32 { panic!("on purpose") }, || ()))
                    .is_err()
            );
            beside(|| 1, || 2)
        });
        assert_eq!(panicked.join().unwrap(), (1, 2));
    }
}
