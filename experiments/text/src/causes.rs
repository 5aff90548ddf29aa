//! Errors with their causes.

use std::io::{self, ErrorKind};

/// Returns an error and its causes in one line. A cause that an earlier message already contains is left
/// out.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let words = cause.to_string();
        let words = words.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            line = words;
        } else if !line.contains(&words) {
            line = format!("{line}: {words}");
        }
    }
    line
}

/// Returns whether the cause is a full disk.
pub fn is_full(error: &anyhow::Error) -> bool {
    let is_full = |error: &io::Error| {
        use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(error.kind(), FileTooLarge | QuotaExceeded | StorageFull)
    };
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_full))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error of a record, with the system's reason as its cause.
    #[derive(Debug)]
    struct Unreadable(io::Error);

    impl std::fmt::Display for Unreadable {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "cannot read `runs/x`: {}", self.0)
        }
    }

    impl std::error::Error for Unreadable {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_systems_reason_is_given_once() {
        let system = || io::Error::from_raw_os_error(2);
        let record = || Unreadable(system());
        let nested = anyhow::Error::new(io::Error::other(record())).context("step 3 is lost");
        for (error, expected) in [
            (anyhow::Error::new(system()), "No such file or directory (os error 2)"),
            (record().into(), "cannot read `runs/x`: No such file or directory (os error 2)"),
            (
                nested,
                "step 3 is lost: cannot read `runs/x`: No such file or directory (os error 2)",
            ),
            (anyhow::anyhow!("two\n  lines").context("outer"), "outer: two lines"),
        ] {
            assert_eq!(in_one_line(&error), expected);
        }
    }

    #[test]
    fn a_full_disk_is_found_beneath_other_errors() {
        let full = || Unreadable(ErrorKind::StorageFull.into());
        assert!(is_full(&full().into()));
        assert!(is_full(&anyhow::Error::new(io::Error::other(full())).context("step 3 is lost")));
        assert!(!is_full(&Unreadable(ErrorKind::NotFound.into()).into()));
    }
}
