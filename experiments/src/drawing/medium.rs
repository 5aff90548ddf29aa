//! What pictures are drawn on.

/// What a picture is drawn on.
pub(super) struct Medium {
    /// Size of the fonts against the whole.
    pub(super) scale: f64,
    /// Points that a line may have for each to be marked by a dot.
    pub(super) marked: usize,
    /// Characters of a line of the title.
    pub(super) title: usize,
}

/// Legible in a column of 8.5 cm: numbers are then 5 points high, in a figure of 17 cm 10 points.
pub(super) const PAPER: Medium = Medium { scale: 1.2, marked: 40, title: 62 };
/// Terminal cells are coarse: the fonts must be large compared to the scene for the layout to leave
/// whole cells for the labels.
pub(super) const TERMINAL: Medium = Medium { scale: 1.6, marked: 1, title: 200 };
