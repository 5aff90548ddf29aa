//! Standard output and standard error: the only place where the program speaks.
//!
//! Text leaves through [`say`], [`say_json`], [`say_path`] and [`note`]. What could steer a terminal is
//! shown escaped, and an output that cannot be written is remembered for the exit code.

mod output;
mod shell;
mod visible;

pub(crate) use output::{
    is_coloured, note, print_with, say, say_bytes, say_colored, say_json, say_path, was_written,
    width,
};
pub(crate) use shell::quoted;
pub(crate) use visible::{elided, shortened, visible};
