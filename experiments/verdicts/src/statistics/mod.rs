//! The statistics that verdicts rest on.

mod difference;
mod equivalence;
mod estimate;
mod holm;
mod inversion;
mod line;
mod log_rank;
mod proportion;
mod ridge;
mod survival;
mod trend;

pub use difference::Difference;
pub use equivalence::Equivalence;
pub use estimate::Estimate;
pub use holm::holm;
pub(crate) use inversion::two_tails;
pub use line::Line;
pub use log_rank::LogRank;
pub use proportion::Proportion;
pub use ridge::Ridge;
pub use survival::{KaplanMeier, Time};
pub use trend::Trend;
