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

/// Formats three significant digits.
pub(crate) fn short(value: f64) -> String {
    let magnitude = value.abs();
    match () {
        () if value == 0.0 => "0".to_owned(),
        () if (1e-3..1e4).contains(&magnitude) => {
            let digits = (2 - magnitude.log10().floor() as i32).max(0) as usize;
            format!("{value:.digits$}")
        }
        () => format!("{value:.2e}"),
    }
}

/// Formats a p-value. A small one is good to one digit at most.
pub(crate) fn p_value(p: f64) -> String {
    if p < 1e-3 { format!("{p:.0e}") } else { format!("{p:.3}") }
}
