//! From what was measured over seeds to a verdict: the rules that claims choose from.

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

/// Three significant digits.
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

/// One digit is all that a small p-value means.
pub(crate) fn p_value(p: f64) -> String {
    if p < 1e-3 { format!("{p:.0e}") } else { format!("{p:.3}") }
}
