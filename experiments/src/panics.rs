//! Panics as messages: a driver that is lost or a bug in one trial must not take the others along.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many callers expect a panic at the moment.
static EXPECTED: AtomicUsize = AtomicUsize::new(0);
/// What the first of the expected panics said: a driver's own thread says more than the one that waits
/// for it.
static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// What drivers and Burn call a device that is gone: reset, unplugged, taken away.
const LOST: [&str; 4] = ["device is lost", "device was lost", "device lost", "devicelost"];

/// A panic, in one line.
pub(crate) enum Panic {
    /// A device is gone, with what its driver says.
    LostDevice(String),
    /// Anything else, with its place.
    Other(String),
}

/// Hands panics to `tell` in one line, for those who do not debug; those that someone expects are not
/// told, unless a device is lost.
///
/// With `RUST_BACKTRACE` set they are reported as ever.
pub(crate) fn in_one_line(tell: impl Fn(&Panic) + Send + Sync + 'static) {
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

/// Runs something that may panic and returns its message then.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What is shared behind a panic is a trial's own, and thrown away with it.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

/// The same without a word on standard error, from other threads neither; the message is that of the first
/// panic, which other threads may have been the cause of.
pub(crate) fn silent<T>(work: impl FnOnce() -> T) -> Result<T, String> {
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
