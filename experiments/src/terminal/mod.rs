//! Standard output and standard error. All output of the program passes through here.
//!
//! [`say`], [`say_json`], [`say_path`] and [`note`] escape control characters, and a failure to write is
//! remembered for the exit code.

mod output;

pub(crate) use output::{
    is_coloured, note, print_with, say, say_bytes, say_colored, say_json, say_path, was_written,
    width,
};
