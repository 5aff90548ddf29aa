//! `backdraft run sequence-length` as a program of its own.

use std::process::ExitCode;

/// Training makes and drops large tensors at every step; this allocator keeps their pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    backdraft::Laboratory::new().main_of("sequence-length")
}
