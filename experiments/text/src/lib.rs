#![doc = include_str!("../README.md")]

mod causes;
mod named;
mod nearest;
mod number;
mod shell;
mod visible;
mod wrapped;

pub use causes::{in_one_line, is_full};
pub use named::Named;
pub use nearest::{nearest, unknown};
pub use number::{duration, number, number_in_prose, p_value, superscript};
pub use shell::quoted;
pub use visible::{elided, shortened, visible, visible_json};
pub use wrapped::wrapped;
