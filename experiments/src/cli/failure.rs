//! How commands fail, and the exit codes.

use std::io;

use anyhow::anyhow;
use backdraft_lab::{INTERRUPTED, RunError};
use backdraft_text::{in_one_line, is_full};

use crate::terminal::note;

/// Exit code of a run that failed, and of an output that cannot be written.
pub(super) const FAILED: u8 = 1;
/// Exit code of bad usage or bad input.
pub(super) const BAD_INPUT: u8 = 2;

/// Why a command did not succeed.
pub(super) enum Failure {
    /// The command could not do its work.
    Run(anyhow::Error),
    /// The user has to change something.
    Input(anyhow::Error),
    /// Another process works on the run.
    Locked(anyhow::Error),
    /// The user or the system stopped it.
    Interrupted(anyhow::Error),
}

impl Failure {
    pub(super) fn input(error: impl Into<anyhow::Error>) -> Self {
        Self::Input(error.into())
    }

    pub(super) fn run(error: impl Into<anyhow::Error>) -> Self {
        Self::Run(error.into())
    }

    /// Prints the reason in one line and returns the exit code.
    pub(super) fn tell(self) -> u8 {
        let (error, code) = match self {
            Self::Interrupted(message) => {
                note(message);
                return INTERRUPTED;
            }
            Self::Run(error) | Self::Locked(error) => (error, FAILED),
            // A full disk is not a mistake in the request.
            Self::Input(error) if is_full(&error) => (error, FAILED),
            Self::Input(error) => (error, BAD_INPUT),
        };
        print_error(&error);
        code
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Locked(_) => Self::Locked(error.into()),
            RunError::Record(_) | RunError::Report(_) => Self::Run(error.into()),
            RunError::Interrupted { .. } => Self::Interrupted(error.into()),
            RunError::Trials(error) => Self::Input(error),
            other => Self::Input(other.into()),
        }
    }
}

/// Reports that standard output could not be written.
pub(super) fn unwritten(fault: io::Error) -> Failure {
    Failure::Run(anyhow!(fault).context("cannot write to standard output"))
}

/// Prints an error on one line, with its causes.
pub(super) fn print_error(error: &anyhow::Error) {
    note(format!("error: {}", told(error)));
}

/// Returns an error in one line, with a remedy if the disk is full.
pub(super) fn told(error: &anyhow::Error) -> String {
    let told = in_one_line(error);
    if is_full(error) && !told.contains("make room") {
        return format!("{told}; make room and run the same command again");
    }
    told
}
