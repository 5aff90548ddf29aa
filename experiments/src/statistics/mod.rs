//! The statistics that verdicts rest on.

mod equivalence;
mod estimate;
mod line;

pub use equivalence::Equivalence;
pub use estimate::Estimate;
pub use line::Line;
