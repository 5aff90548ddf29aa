//! How the gradient changes from place to place: over depth, or over time.

use crate::chain::Axis;
use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// The gradient's norm at places that follow each other, first to last.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile<'h> {
    /// What was measured: ‖∂L/∂a‖ of taps, or ‖∂L/∂W‖ of weights.
    pub quantity: QuantityName,
    /// What the places are.
    pub axis: Axis,
    /// The places.
    pub places: Vec<Place<'h>>,
}

/// A place of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Place<'h> {
    /// The tap or the weight.
    pub subject: &'h Subject,
    /// Its values by step, at least one.
    pub course: &'h [(u64, f64)],
}

impl History<'_> {
    /// Returns the profile over depth: ‖∂L/∂a‖ of the taps, in the order of the forward pass; where
    /// there are fewer than `fewest` of them, ‖∂L/∂W‖ of the weights. `None` if there are fewer of
    /// both. Taps at time steps are left out, as they are ordered by time.
    pub fn over_depth(&self, fewest: usize) -> Option<Profile<'_>> {
        let tapped = || self.over_tapped_layers();
        let weights = || {
            self.profile_of(QuantityName::GRADIENT_NORM, Axis::Depth, |subject| subject.is_weight())
        };
        let is_enough = |profile: &Profile<'_>| profile.places.len() >= fewest;
        tapped().filter(is_enough).or_else(|| weights().filter(is_enough))
    }

    /// Returns the profile over time: ‖∂L/∂a‖ of the taps at time steps, in the order of the forward
    /// pass; `None` if there are none. What lies within another tap, as an LSTM's memory does within
    /// its layer, is left out.
    pub fn over_time(&self) -> Option<Profile<'_>> {
        let quantity = QuantityName::ACTIVATION_GRADIENT_NORM;
        let mut layers: Vec<&Subject> = Vec::new();
        for subject in self.subjects(&quantity).filter(|subject| subject.time_step().is_some()) {
            if layers.iter().all(|layer| layer.path() != subject.path()) {
                layers.push(subject);
            }
        }
        self.profile_of(quantity, Axis::Time, |subject| {
            subject.time_step().is_some() && !layers.iter().any(|layer| subject.is_within(layer))
        })
    }

    /// Returns the profile that shows most: over tapped layers, else over time, else over weights.
    pub fn profile(&self) -> Option<Profile<'_>> {
        self.over_tapped_layers().or_else(|| self.over_time()).or_else(|| self.over_depth(1))
    }

    fn over_tapped_layers(&self) -> Option<Profile<'_>> {
        self.profile_of(QuantityName::ACTIVATION_GRADIENT_NORM, Axis::Depth, |subject| {
            subject.time_step().is_none()
        })
    }

    fn profile_of(
        &self,
        quantity: QuantityName,
        axis: Axis,
        fits: impl Fn(&Subject) -> bool,
    ) -> Option<Profile<'_>> {
        let subjects = self.subjects(&quantity).filter(|subject| fits(subject));
        let place = |subject| Place { subject, course: self.course(&quantity, subject) };
        let places: Vec<Place<'_>> = subjects.map(place).collect();
        (!places.is_empty()).then_some(Profile { quantity, axis, places })
    }
}

impl Profile<'_> {
    /// Tells whether this is ‖∂L/∂a‖ of taps, and not ‖∂L/∂W‖ of weights.
    pub fn is_tapped(&self) -> bool {
        self.quantity == QuantityName::ACTIVATION_GRADIENT_NORM
    }
}

impl Place<'_> {
    /// Returns the latest value.
    pub fn latest(&self) -> f64 {
        self.course.last().map_or(f64::NAN, |(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;

    fn gradient(subject: &str) -> Row {
        Row::new(4, QuantityName::ACTIVATION_GRADIENT_NORM, subject, 0.5)
    }

    fn weight(subject: &str) -> Row {
        Row::new(4, QuantityName::GRADIENT_NORM, subject, 0.25)
    }

    fn subjects(profile: Option<Profile<'_>>) -> Vec<String> {
        let places = profile.map_or(Vec::new(), |profile| profile.places);
        places.iter().map(|place| place.subject.to_string()).collect()
    }

    #[test]
    fn depth_is_that_of_the_taps_or_of_the_weights_where_too_few_are_tapped() {
        let mut rows = vec![
            weight("hidden.0.weight"),
            weight("hidden.0.bias"),
            weight("head.weight"),
            weight("network"),
            gradient("layers.0@0"),
        ];
        assert_eq!(subjects(History::new(&rows).over_depth(3)), [""; 0]);
        let weights = ["hidden.0.weight", "head.weight"];
        assert_eq!(subjects(History::new(&rows).over_depth(2)), weights);
        rows.push(gradient("hidden.0"));
        assert_eq!(subjects(History::new(&rows).over_depth(2)), weights);
        rows.push(gradient("hidden.1"));
        assert_eq!(subjects(History::new(&rows).over_depth(2)), ["hidden.0", "hidden.1"]);
    }

    #[test]
    fn time_is_that_of_the_layers_without_the_memories_within_them() {
        let names =
            ["layers.0.cell@0", "layers.0.cell@1", "layers.0@0", "layers.0@1", "reverse.0@1"];
        let rows = names.map(gradient);
        assert_eq!(subjects(History::new(&rows).over_time()), names[2..]);
        // A memory that is tapped alone is all there is.
        assert_eq!(subjects(History::new(&rows[..2]).over_time()), names[..2]);
        assert_eq!(History::new(&[gradient("hidden.0")]).over_time(), None);
    }

    #[test]
    fn layers_show_more_than_time_steps_and_those_more_than_weights() {
        let mut rows = vec![weight("head.weight")];
        assert_eq!(subjects(History::new(&rows).profile()), ["head.weight"]);
        rows.push(gradient("layers.0@0"));
        assert_eq!(subjects(History::new(&rows).profile()), ["layers.0@0"]);
        rows.push(gradient("hidden.0"));
        let history = History::new(&rows);
        let profile = history.profile().unwrap();
        assert_eq!((profile.axis, profile.places[0].latest()), (Axis::Depth, 0.5));
        assert_eq!(subjects(Some(profile)), ["hidden.0"]);
        assert_eq!(History::new(&[Row::of_network(0, QuantityName::LOSS, 1.0)]).profile(), None);
    }

    #[test]
    fn a_profile_holds_every_step_of_a_place() {
        let at = |step| Row { step, value: step as f64, ..gradient("hidden.0") };
        let rows = [at(0), at(10)];
        let history = History::new(&rows);
        let profile = history.over_depth(1).unwrap();
        assert_eq!(profile.places[0].course, [(0, 0.0), (10, 10.0)]);
    }
}
