//! Why a back end cannot be used.

use backdraft_text::shortened;

/// Why a back end cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// There is no such back end.
    #[error(
        "{origin}there is no back end `{}`; did you mean `{nearest}`? `backdraft backends` lists them",
        shortened(name)
    )]
    Unknown {
        /// Where the name comes from if not from the command line, with a colon.
        origin: &'static str,
        /// The name asked for.
        name: String,
        /// The most similar name.
        nearest: &'static str,
    },
    /// The back end has no numbers of this kind.
    #[error("the back end `{name}` has no 64-bit floating-point numbers; `flex` has")]
    Precision {
        /// The back end.
        name: &'static str,
    },
    /// The back end was not compiled in.
    #[error(
        "the back end `{name}` is not built in: build with `cargo run --release --features {name} -- …`"
    )]
    NotBuiltIn {
        /// The name asked for.
        name: &'static str,
    },
    /// It is compiled in and no device answers.
    #[error(
        "the back end `{name}` finds no device ({reason}); it needs {needs} (on Debian: {debian}), or \
         take `--backend flex`"
    )]
    NoDevice {
        /// The back end.
        name: &'static str,
        /// What it said.
        reason: String,
        /// What it needs.
        needs: &'static str,
        /// How to get that on Debian.
        debian: &'static str,
    },
    /// Its device crashes in this build.
    #[error(
        "the back end `{name}` finds {device}, which cannot be used: {fault}, or take `--backend flex`"
    )]
    Faulty {
        /// The back end.
        name: &'static str,
        /// The device as it names itself.
        device: String,
        /// Why, and what to do.
        fault: &'static str,
    },
}
