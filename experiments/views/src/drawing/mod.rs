//! Draws pictures in the terminal, as SVG and as figures for papers, with one plotting library.

mod axis;
mod canvas;
mod characters;
mod clips;
mod figure;
mod line;
mod medium;
mod scene;
mod svg;

pub use characters::to_terminal;
pub use figure::{FigureFormat, to_figure};
pub use svg::to_svg;
