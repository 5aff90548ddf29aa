//! The media that pictures are drawn on.

/// A medium that pictures are drawn on.
pub(super) struct Medium {
    /// Size of the fonts relative to the scene.
    pub(super) scale: f64,
    /// Most points of a line for which each gets a dot.
    pub(super) marked: usize,
    /// Characters per line of the title.
    pub(super) title: usize,
}

/// Legible in a column of 8.5 cm, where numbers are 5 points high; at 17 cm they are 10 points high.
pub(super) const PAPER: Medium = Medium { scale: 1.2, marked: 40, title: 62 };
