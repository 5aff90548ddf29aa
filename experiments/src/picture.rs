//! Pictures as data, drawn elsewhere: in the terminal, as SVG.

use serde::{Deserialize, Serialize};

/// A line plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Short name, fit for a file.
    pub name: String,
    /// Title.
    pub title: String,
    /// Title of the horizontal axis, with unit.
    pub x_label: String,
    /// Title of the vertical axis, with unit.
    pub y_label: String,
    /// Whether the vertical axis is logarithmic.
    pub is_log: bool,
    /// The lines.
    pub series: Vec<Series>,
}

/// One line, with a band around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name in the legend.
    pub label: String,
    /// Whether it is a prediction rather than a measurement.
    pub is_theory: bool,
    /// The points, by x.
    pub points: Vec<Point>,
}

/// A point with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Horizontal position.
    pub x: f64,
    /// Vertical position.
    pub y: f64,
    /// Interval over seeds, if there is one.
    pub interval: Option<(f64, f64)>,
}
