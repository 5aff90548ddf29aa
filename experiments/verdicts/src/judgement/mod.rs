//! The rules that turn measurements over seeds into verdicts.

mod cases;
mod sample;
mod successes;
mod times;
mod trend;

pub use cases::in_every_case;
pub use sample::Sample;
pub use successes::Successes;
pub use times::Times;
pub use trend::rises_along;
