//! A request from outside to stop.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use signal_hook::low_level;

/// Exit code of a run that was interrupted, as shells have it for Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Time between two looks at what has happened.
const PERIOD: Duration = Duration::from_millis(50);

/// Stack of the thread that waits for signals and does next to nothing.
const STACK: usize = 1 << 18;

/// How long the process may go on once it was asked to stop and nothing is at stake: enough to close a
/// record and to say how to resume.
const GRACE: Duration = Duration::from_millis(200);

/// Asks runs to stop after the step that they are in; clones ask for the same.
///
/// It is handed to whom it concerns, so that a test can interrupt as well as a user.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    is_requested: AtomicBool,
    /// Works under way that have something to keep.
    at_stake: AtomicUsize,
    /// What is done before the process ends at once.
    last_acts: Mutex<Vec<Box<dyn FnMut() + Send>>>,
}

/// Work that has something to keep: while it lasts, the first signal waits for it.
pub struct AtStake(Interrupt);

impl Interrupt {
    /// Creates one that Ctrl-C, SIGTERM and SIGHUP request. After the first of them, the process ends
    /// once nothing is [`at_stake`](Self::at_stake), and `note` is told how to resume; a second of any kind
    /// ends it at once.
    ///
    /// # Errors
    ///
    /// An I/O error if the system refuses to report signals.
    pub fn on_signals(note: fn(&str)) -> io::Result<Self> {
        let interrupt = Self::default();
        let watching = interrupt.clone();
        let (sender, receiver) = mpsc::sync_channel(1);
        // A thread of its own, which nothing else can keep busy.
        let watch = move || {
            if let Ok(arrives) = receiver.recv() {
                watching.wait_for_the_end(arrives, note);
                watching.end_at_once();
            }
        };
        let thread = thread::Builder::new().name("signals".to_owned()).stack_size(STACK);
        // Where the system gives no thread, a signal ends the process as it does by default.
        if thread.spawn(watch).is_ok() {
            // The thread waits for it, so that sending cannot fail.
            drop(sender.send(signals::arrivals()?));
        }
        Ok(interrupt)
    }

    /// Asks to stop.
    pub fn request(&self) {
        self.0.is_requested.store(true, Ordering::SeqCst);
    }

    /// Tells whether someone asked to stop.
    pub fn is_requested(&self) -> bool {
        self.0.is_requested.load(Ordering::SeqCst)
    }

    /// Announces work that a first signal must not cut off.
    pub fn at_stake(&self) -> AtStake {
        self.0.at_stake.fetch_add(1, Ordering::SeqCst);
        AtStake(self.clone())
    }

    /// Adds something to do before the process ends at once, from another thread and within a
    /// fraction of a second.
    pub fn before_end_at_once(&self, act: impl FnMut() + Send + 'static) {
        self.0.last_acts.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(act));
    }

    /// Ends the process without waiting for anyone; records survive that as they survive a kill.
    pub fn end_at_once(&self) -> ! {
        let mut acts = self.0.last_acts.lock().unwrap_or_else(PoisonError::into_inner);
        acts.iter_mut().for_each(|act| act());
        low_level::exit(INTERRUPTED.into())
    }

    /// Returns when the process has to end. `arrives` tells whether a signal arrived within a time.
    fn wait_for_the_end(&self, mut arrives: impl FnMut(Duration) -> bool, note: fn(&str)) {
        while !self.is_requested() {
            if arrives(PERIOD) {
                self.request();
            }
        }
        let mut idle = Duration::ZERO;
        while idle < GRACE {
            if arrives(PERIOD) {
                return;
            }
            let is_at_stake = self.0.at_stake.load(Ordering::SeqCst) > 0;
            idle = if is_at_stake { Duration::ZERO } else { idle + PERIOD };
        }
        note("interrupted; repeat the command to resume");
    }
}

impl Drop for AtStake {
    fn drop(&mut self) {
        self.0.0.at_stake.fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").field("is_requested", &self.is_requested()).finish()
    }
}

#[cfg(unix)]
mod signals {
    use std::fs;
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::low_level::pipe;

    /// Waits for signals. Each arrives as one byte, so that two in quick succession count as two.
    pub(super) fn arrivals() -> io::Result<impl FnMut(Duration) -> bool + Send + 'static> {
        let (mut arrivals, sender) = UnixStream::pair()?;
        let hangup = is_hangup_free().then_some(SIGHUP);
        for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
            pipe::register(signal, sender.try_clone()?)?;
        }
        arrivals.set_nonblocking(true)?;
        Ok(move |period| {
            let mut has_arrived = || arrivals.read_exact(&mut [0]).is_ok();
            has_arrived() || {
                thread::sleep(period);
                has_arrived()
            }
        })
    }

    /// Tells whether closing the terminal may stop this process: not if it was started by `nohup`. Where
    /// the system does not say, the signal keeps its usual effect.
    fn is_hangup_free() -> bool {
        fs::read_to_string("/proc/self/status").is_ok_and(|status| !is_ignored(&status, SIGHUP))
    }

    pub(super) fn is_ignored(status: &str, signal: i32) -> bool {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }
}

#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::signal::{SIGINT, SIGTERM};
    use signal_hook::flag;

    /// Looks whether a signal has arrived.
    pub(super) fn arrivals() -> io::Result<impl FnMut(Duration) -> bool + Send + 'static> {
        let arrived = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register(signal, Arc::clone(&arrived))?;
        }
        Ok(move |period| {
            thread::sleep(period);
            arrived.swap(false, Ordering::SeqCst)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers "no signal" so many times, then "a signal" once, and counts the looks.
    fn signals_at(looks: &[usize]) -> (Arc<AtomicUsize>, impl FnMut(Duration) -> bool) {
        let (count, looks) = (Arc::new(AtomicUsize::new(0)), looks.to_vec());
        let counted = Arc::clone(&count);
        (count, move |_| looks.contains(&counted.fetch_add(1, Ordering::SeqCst)))
    }

    #[test]
    fn the_first_signal_waits_for_what_is_at_stake_and_any_second_for_nothing() {
        let interrupt = Interrupt::default();
        let _run = interrupt.at_stake();
        let (looks, arrives) = signals_at(&[3, 1000]);
        interrupt.wait_for_the_end(arrives, |_| ());
        assert!(interrupt.is_requested());
        assert_eq!(looks.load(Ordering::SeqCst), 1001);
    }

    #[test]
    fn without_anything_at_stake_the_first_signal_ends_the_process_within_a_second() {
        let interrupt = Interrupt::default();
        drop(interrupt.at_stake());
        let (looks, arrives) = signals_at(&[3]);
        interrupt.wait_for_the_end(arrives, |_| ());
        assert_eq!(looks.load(Ordering::SeqCst), 4 + 4, "the grace, in periods");
    }

    #[test]
    fn a_signal_after_the_user_asked_for_an_end_in_order_is_the_second() {
        let interrupt = Interrupt::default();
        let _run = interrupt.at_stake();
        interrupt.request();
        let (looks, arrives) = signals_at(&[5]);
        interrupt.wait_for_the_end(arrives, |_| ());
        assert_eq!(looks.load(Ordering::SeqCst), 6);
    }

    #[cfg(unix)]
    #[test]
    fn a_hangup_that_was_ignored_from_the_start_stays_so() {
        let status = "Name:\tbackdraft\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert!(signals::is_ignored(status, 1));
        assert!(!signals::is_ignored(status, 2));
        assert!(!signals::is_ignored("", 1));
    }
}
