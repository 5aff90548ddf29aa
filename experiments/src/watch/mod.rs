//! The full-screen view of `run --watch`. Its terminal library supports only Unix.

mod board;
mod norms;
mod profile;
mod screen;
mod view;
mod watching;

pub(crate) use watching::Watch;
