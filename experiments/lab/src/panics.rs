//! Turns panics into messages, so that a lost driver or a bug in one trial does not end the others.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Number of callers that currently expect a panic.
static EXPECTED: AtomicUsize = AtomicUsize::new(0);
/// Message of the first expected panic: a driver's own thread says more than the thread that waits for it.
static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// How drivers and Burn report a lost device: reset, unplugged or taken away.
const LOST: [&str; 4] = ["device is lost", "device was lost", "device lost", "devicelost"];

/// A panic, in one line.
pub enum Panic {
    /// A device was lost, with the message of its driver.
    LostDevice(String),
    /// Anything else, with its location.
    Other(String),
}

/// Reports panics to `tell` in one line. Expected panics are not reported, unless a device was lost.
///
/// With `RUST_BACKTRACE` set, unexpected panics are reported as usual.
pub fn in_one_line(tell: impl Fn(&Panic) + Send + Sync + 'static) {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let text = message(panic.payload());
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if tells_of_loss(&text) {
            tell(&Panic::LostDevice(line));
        } else if EXPECTED.load(Ordering::Relaxed) > 0 {
            FIRST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        } else if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            usual(panic);
        } else {
            let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
            tell(&Panic::Other(format!("panic{place}: {line}")));
        }
    }));
}

/// Runs something that may panic. Returns the message if it does.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Only the state of a trial is shared, and it is dropped with the trial.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

/// Does the same without reports, for panics of other threads, too. The message is that of the first panic,
/// which may have occurred on another thread.
pub fn silent<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    EXPECTED.fetch_add(1, Ordering::Relaxed);
    let result = caught(work);
    EXPECTED.fetch_sub(1, Ordering::Relaxed);
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    result.map_err(|own| first.unwrap_or(own))
}

fn tells_of_loss(text: &str) -> bool {
    let text = text.to_lowercase();
    LOST.iter().any(|words| text.contains(words))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_device_is_told_from_other_panics() {
        let wgpu =
            "Error in Device::poll: Validation Error\n\nCaused by:\n  Parent device is lost\n";
        assert!(tells_of_loss(wgpu) && tells_of_loss("VK_ERROR: DeviceLost"));
        assert!(!tells_of_loss("Failed to map buffer: BufferAsyncError"));
    }

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(caught(|| 3), Ok(3));
        assert_eq!(silent(|| panic!("lost {}", "device")), Err::<(), _>("lost device".to_owned()));
    }
}
