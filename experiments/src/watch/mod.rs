//! The full-screen view of a run: `run --watch`. Its terminal library knows Unix alone.

mod board;
mod profile;
mod screen;
mod view;
mod watching;

pub(crate) use watching::Watch;
