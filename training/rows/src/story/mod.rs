//! What happened around a step, from rows of every quantity at every step.

mod departure;
mod range;
mod together;

use std::ops::RangeInclusive;

use serde::Serialize;

pub use departure::{Departure, Part};

use crate::diagnosis::Thresholds;
use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::row::Row;
use crate::subject::Subject;
use departure::JUDGED;
use range::{Outside, outside};
use together::together;

/// What left its range around a step: the cause first, then what followed.
///
/// Rows at every step, with taps, tell most: of two values that left their range at the same step, the
/// one that was computed first comes first.
///
/// ```
/// use backdraft_rows::{QuantityName, Row, Story, Thresholds};
///
/// let row = |step, quantity, subject: &str, value| Row::new(step, quantity, subject, value);
/// let rows: Vec<Row> = (0..20)
///     .flat_map(|step| {
///         let leap = if step == 17 { 1e6 } else { 1.0 };
///         [
///             row(step, QuantityName::GRADIENT_NORM, "hidden.0.weight", leap),
///             row(step, QuantityName::ACTIVATION_NORM, "hidden.0", 2.0 * leap),
///         ]
///     })
///     .collect();
/// let story = Story::of(&rows, 10..=19, &Thresholds::default());
/// let cause = story.cause().unwrap();
/// assert_eq!((cause.step, cause.subject.as_str()), (17, "hidden.0"));
/// assert_eq!(story.departures.len(), 2, "the gradient followed");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Story {
    /// The first step that was looked at.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Each value that left its range, at the step when it first did, in the order of computation.
    pub departures: Vec<Departure>,
    /// The course of the first of them, with the steps before.
    pub course: Vec<(u64, f64)>,
}

impl Story {
    /// Judges the steps of a window by the rows before each of them.
    pub fn of<'a>(
        rows: impl IntoIterator<Item = &'a Row>,
        window: RangeInclusive<u64>,
        thresholds: &Thresholds,
    ) -> Self {
        let history = History::new(rows);
        let bound = thresholds.spike_deviations;
        let mut departures = Vec::new();
        for (quantity, part) in JUDGED {
            let found = |direction| {
                let mut found =
                    departures_of(&history, (quantity, *part), &window, bound, direction);
                if part.is_backward() {
                    found.reverse();
                }
                // The network is the sum of its layers, which say more.
                found.sort_by_key(|departure| departure.subject.is_network());
                found
            };
            let rises = found(Direction::Up);
            departures.extend(together(&rises, &history).unwrap_or(rises));
            let falls = found(Direction::Down);
            match together(&falls, &history) {
                Some(together) => departures.extend(together.into_iter().filter(|d| d.is_common)),
                None if *part == Part::Forward => departures.extend(falls),
                None => {}
            }
        }
        departures.sort_by_key(|departure| (departure.step, departure.part));
        let course = departures.first().map_or(Vec::new(), |first: &Departure| {
            let subject = if first.is_common { &Subject::NETWORK } else { &first.subject };
            course_of(&history, &first.quantity, subject)
        });
        Self { first: *window.start(), last: *window.end(), departures, course }
    }

    /// Returns what left its range first: the earliest step, and in it the earliest part; `None` if
    /// everything kept to its range.
    pub fn cause(&self) -> Option<&Departure> {
        self.departures.first()
    }
}

/// Which departures to look for.
///
/// The gradient of a few weights passes close to zero now and then, as their sum over the batch changes
/// its sign, and an easy batch has a small loss: that a single one of them falls says nothing. A fall counts
/// in the forward pass, if all layers share it, or if it ends at exactly zero.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// To larger values, to zero, and to what is not finite.
    Up,
    /// To smaller values.
    Down,
}

/// Finds the first departure of each subject of a quantity, in the order of the subjects.
fn departures_of(
    history: &History<'_>,
    (quantity, part): (&QuantityName, Part),
    window: &RangeInclusive<u64>,
    bound: f64,
    direction: Direction,
) -> Vec<Departure> {
    let of_subject = |subject: &Subject| {
        // Relative to an offset, which starts from zero, an update has no scale.
        if part == Part::Update && subject.is_offset() {
            return None;
        }
        let course = course_of(history, quantity, subject);
        let values: Vec<f64> = course.iter().map(|(_, value)| *value).collect();
        let mut observed = course.iter().enumerate();
        observed.find_map(|(at, (step, value))| {
            if !window.contains(step) {
                return None;
            }
            let Outside { usual, deviations } = outside(&values[..at], *value, bound)?;
            let is_fall = deviations.is_some_and(|deviations| deviations < 0.0);
            (is_fall == (direction == Direction::Down)).then(|| Departure {
                step: *step,
                part,
                quantity: quantity.clone(),
                subject: subject.clone(),
                value: *value,
                usual,
                deviations,
                is_common: false,
            })
        })
    };
    let network = std::iter::once(&Subject::NETWORK);
    history.subjects(quantity).chain(network).filter_map(of_subject).collect()
}

/// Returns a course in the order of steps, each once: a step may have been measured twice, by the run
/// and by its replay.
fn course_of(history: &History<'_>, quantity: &QuantityName, subject: &Subject) -> Vec<(u64, f64)> {
    let mut course = history.course(quantity, subject).to_vec();
    course.sort_by_key(|(step, _)| *step);
    course.dedup_by_key(|(step, _)| *step);
    course
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: [&str; 4] = ["h.0.weight", "h.1.weight", "h.2.weight", "h.3.weight"];

    /// Forty steps of a network of four layers, with what is changed by layer, quantity and step.
    fn rows(change: impl Fn(usize, &QuantityName, u64) -> f64) -> Vec<Row> {
        let mut rows = Vec::new();
        for step in 0..40 {
            let noise = |at: usize| 1.0 + 0.2 * (step as f64 * 1.7 + at as f64).sin();
            let mut push = |at: usize, quantity: QuantityName, subject: &str| {
                let value = noise(at) * change(at, &quantity, step);
                rows.push(Row::new(step, quantity, subject, value));
            };
            for (at, layer) in LAYERS.into_iter().enumerate() {
                push(at, QuantityName::WEIGHT_NORM, layer);
                push(at, QuantityName::GRADIENT_NORM, layer);
                push(at, QuantityName::UPDATE_RATIO, layer);
                push(at, QuantityName::ACTIVATION_NORM, layer.trim_end_matches(".weight"));
            }
            push(4, QuantityName::LOSS, "network");
        }
        rows
    }

    fn cause(rows: &[Row]) -> Option<(u64, String, String)> {
        let story = Story::of(rows, 20..=35, &Thresholds::default());
        let cause = story.cause()?;
        Some((cause.step, cause.quantity.to_string(), cause.subject.to_string()))
    }

    fn is(step: u64, quantity: &QuantityName, subject: &str) -> Option<(u64, String, String)> {
        Some((step, quantity.to_string(), subject.to_owned()))
    }

    #[test]
    fn a_healthy_course_has_no_story() {
        assert_eq!(cause(&rows(|_, _, _| 1.0)), None);
    }

    #[test]
    fn the_first_layer_of_the_forward_pass_and_the_last_of_the_backward_pass_are_the_cause() {
        let forward = QuantityName::ACTIVATION_NORM;
        let at = |layer, quantity: &QuantityName, step| {
            let is_after = *quantity != forward && *quantity != QuantityName::WEIGHT_NORM;
            let is_reached = (*quantity == forward && layer >= 2) || is_after;
            if step == 30 && is_reached { 1e5 } else { 1.0 }
        };
        assert_eq!(cause(&rows(at)), is(30, &forward, "h.2"));
        let gradient = QuantityName::GRADIENT_NORM;
        let at = |layer, quantity: &QuantityName, step| {
            let is_reached = *quantity == gradient && layer <= 1;
            if step == 30 && is_reached { f64::NAN } else { 1.0 }
        };
        assert_eq!(cause(&rows(at)), is(30, &gradient, "h.1.weight"));
    }

    #[test]
    fn what_all_layers_do_at_once_is_the_networks() {
        for quantity in [QuantityName::UPDATE_RATIO, QuantityName::GRADIENT_NORM] {
            let at = |layer, measured: &QuantityName, step| {
                let is_changed = *measured == quantity && step >= 25 && layer < 4;
                if is_changed { 1e3 } else { 1.0 }
            };
            assert_eq!(cause(&rows(at)), is(25, &quantity, "network"));
        }
    }

    #[test]
    fn a_fall_counts_in_the_forward_pass_at_zero_and_where_all_layers_share_it() {
        let gradient = QuantityName::GRADIENT_NORM;
        let falling = |quantity: QuantityName, layers: usize, to: f64| {
            cause(&rows(move |layer, measured, step| {
                let is_changed = *measured == quantity && step == 25 && layer < layers;
                if is_changed { to } else { 1.0 }
            }))
        };
        assert_eq!(falling(gradient.clone(), 1, 1e-4), None);
        assert_eq!(falling(QuantityName::LOSS, 5, 1e-4), None);
        assert_eq!(falling(gradient.clone(), 1, 0.0), is(25, &gradient, "h.0.weight"));
        assert_eq!(falling(gradient.clone(), 4, 1e-4), is(25, &gradient, "network"));
        let forward = QuantityName::ACTIVATION_NORM;
        assert_eq!(falling(forward.clone(), 1, 1e-4), is(25, &forward, "h.0"));
    }

    #[test]
    fn what_followed_stands_after_its_cause_in_the_order_of_computation() {
        let at = |layer, quantity: &QuantityName, step| {
            let start = if *quantity == QuantityName::WEIGHT_NORM { 26 } else { 25 };
            if layer != 3 && step >= start { 1e4 } else { 1.0 }
        };
        let story = Story::of(&rows(at), 20..=35, &Thresholds::default());
        let order: Vec<(u64, Part)> = story.departures.iter().map(|d| (d.step, d.part)).collect();
        assert!(order.is_sorted() && order[0] == (25, Part::Forward), "{order:?}");
        assert_eq!(story.departures.last().unwrap().quantity, QuantityName::WEIGHT_NORM);
        assert_eq!(story.course.len(), 40);
        let told = story.cause().unwrap().to_string();
        assert!(told.starts_with("step 25: activation_norm of h.0 is "), "{told}");
    }
}
