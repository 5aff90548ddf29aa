//! The norms of one observation by layer or time step.

use backdraft_rows::{Axis, History, Place, Row};
use backdraft_text::visible;

/// Norms from the first layer or time step to the last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Profile {
    /// What is measured, of what.
    pub(super) title: &'static str,
    /// The step of the observation.
    pub(super) step: u64,
    /// The places with their norms.
    pub(super) norms: Vec<(String, f64)>,
}

impl Profile {
    /// Takes ‖∂L/∂h‖ of the layers from rows; where none was tapped, of the time steps; else the norms
    /// of the weights' gradients. `None` if nothing of it was measured.
    pub(super) fn of(rows: &[Row]) -> Option<Self> {
        let history = History::new(rows);
        let profile = history.profile()?;
        let title = match profile.axis {
            Axis::Time => "‖∂L/∂h‖ by time step",
            Axis::Depth if profile.is_tapped() => "‖∂L/∂h‖ by layer",
            Axis::Depth => "‖∂L/∂W‖ by layer",
        };
        let norm =
            |place: &Place<'_>| (visible(place.subject.as_str()).into_owned(), place.latest());
        let norms = profile.places.iter().map(norm).collect();
        Some(Self { title, step: rows[0].step, norms })
    }

    /// Returns the decades that span all positive, finite norms.
    pub(super) fn decades(&self) -> (f64, f64) {
        let logs = self.norms.iter().filter(|(_, norm)| *norm > 0.0 && norm.is_finite());
        let logs: Vec<f64> = logs.map(|(_, norm)| norm.log10()).collect();
        let low = logs.iter().copied().fold(f64::INFINITY, f64::min).floor();
        let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
        if low < high {
            (low, high)
        } else if low.is_finite() {
            (low - 1.0, low + 1.0)
        } else {
            (-1.0, 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::QuantityName;

    fn row(quantity: QuantityName, subject: &str, value: f64) -> Row {
        Row::new(4, quantity, subject, value)
    }

    #[test]
    fn layers_come_before_time_steps_and_those_before_weights() {
        let mut rows = vec![
            row(QuantityName::GRADIENT_NORM, "head.weight", 1.0),
            row(QuantityName::LOSS, "network", 1.0),
        ];
        assert_eq!(Profile::of(&rows).unwrap().norms, [("head.weight".to_owned(), 1.0)]);
        rows.push(row(QuantityName::ACTIVATION_GRADIENT_NORM, "layers.0.cell@0", 2.0));
        rows.push(row(QuantityName::ACTIVATION_GRADIENT_NORM, "layers.0@0", 3.0));
        assert_eq!(Profile::of(&rows).unwrap().norms, [("layers.0@0".to_owned(), 3.0)]);
        rows.push(row(QuantityName::ACTIVATION_GRADIENT_NORM, "hidden.0", 4.0));
        let profile = Profile::of(&rows).unwrap();
        assert_eq!((profile.title, profile.step), ("‖∂L/∂h‖ by layer", 4));
        assert_eq!(Profile::of(&[row(QuantityName::LOSS, "network", 1.0)]), None);
    }

    #[test]
    fn decades_hold_every_norm_that_is_positive() {
        let decades = |norms: &[f64]| {
            let norms = norms.iter().map(|norm| (String::new(), *norm)).collect();
            Profile { norms, ..Profile::default() }.decades()
        };
        assert_eq!(decades(&[3e-7, 0.0, 0.2, f64::NAN]), (-7.0, 0.0));
        assert_eq!(decades(&[1.0]), (-1.0, 1.0));
        assert_eq!(decades(&[0.0]), (-1.0, 0.0));
    }
}
