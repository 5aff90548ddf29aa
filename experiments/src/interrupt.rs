//! A request from outside to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::signal::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code of a run that was interrupted, as shells have it for Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// Asks runs to stop after the step that they are in; clones ask for the same.
///
/// It is handed to whom it concerns, so that a test can interrupt as well as a user.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Creates one that Ctrl-C and SIGTERM request; after either of them Ctrl-C ends the process at
    /// once.
    ///
    /// # Errors
    ///
    /// An I/O error if the system refuses to tell of signals.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let interrupt = Self::default();
        // In this order: the first signal sets the flag, and the next one finds it set.
        flag::register_conditional_shutdown(SIGINT, INTERRUPTED.into(), Arc::clone(&interrupt.0))?;
        for signal in [SIGINT, SIGTERM] {
            flag::register(signal, Arc::clone(&interrupt.0))?;
        }
        Ok(interrupt)
    }

    /// Asks to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Tells whether someone asked to stop.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
