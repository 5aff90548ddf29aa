//! Panics as messages: a driver that is lost or a bug in one trial must not take the others along.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many callers expect a panic at the moment.
static EXPECTED: AtomicUsize = AtomicUsize::new(0);

/// Says panics in one line to those who do not debug, and nothing of those that someone expects.
///
/// With `RUST_BACKTRACE` set they are reported as ever.
pub(crate) fn in_one_line() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            usual(panic);
        } else if EXPECTED.load(Ordering::Relaxed) == 0 {
            let text = message(panic.payload());
            let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
            crate::cli::note(format!("panic{place}: {}", text.replace('\n', " ")));
        }
    }));
}

/// Runs something that may panic and returns its message then.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What is shared behind a panic is a trial's own, and thrown away with it.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

/// The same without a word on standard error, from other threads neither.
pub(crate) fn silent<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    EXPECTED.fetch_add(1, Ordering::Relaxed);
    let result = caught(work);
    EXPECTED.fetch_sub(1, Ordering::Relaxed);
    result
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
    fn a_panic_becomes_its_message() {
        assert_eq!(caught(|| 3), Ok(3));
        assert_eq!(silent(|| panic!("lost {}", "device")), Err::<(), _>("lost device".to_owned()));
    }
}
