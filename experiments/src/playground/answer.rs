//! What the playground answers: the network place by place, with theory and words.

use std::collections::HashMap;

use backdraft_hooks::{Finding, Row, Thresholds, diagnose};
use serde::Serialize;

use super::theory::Prediction;
use super::words::summary;

/// A network as one batch shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Optimiser steps taken before.
    pub step: u64,
    /// The loss of the batch.
    pub loss: f64,
    /// Number of learned parameters.
    pub parameters: usize,
    /// Hidden layers, or time steps, first to last.
    pub places: Vec<Place>,
    /// Factor of ‖∂L/∂h‖ from each place to the one before it, the geometric mean; `None` if there is
    /// no such thing.
    pub factor: Option<f64>,
    /// Theory, where there is one; only of a network that has not been trained.
    pub theory: Option<Theory>,
    /// Why there is none.
    pub without_theory: Option<String>,
    /// What is wrong, by the rules of `backdraft-hooks`.
    pub findings: Vec<Finding>,
    /// What is seen, in words.
    pub summary: String,
}

/// One hidden layer or time step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Place {
    /// The tap's name, such as `hidden.3` or `layers.0@17`.
    pub name: String,
    /// ‖∂L/∂h‖, L2 over the batch.
    pub gradient: f64,
    /// ‖∂L/∂c‖ of an LSTM's memory.
    pub memory_gradient: Option<f64>,
    /// ‖∂L/∂W‖ of the layer's weights.
    pub weight_gradient: Option<f64>,
    /// ‖ΔW‖ / ‖W‖ of the step that was taken.
    pub update_ratio: Option<f64>,
    /// Mean activation.
    pub mean: f64,
    /// Standard deviation of the activations.
    pub standard_deviation: f64,
    /// Share of outputs with almost no slope, of sigmoid and tanh.
    pub saturated: Option<f64>,
    /// Share of units that are zero for the whole batch, of rectifiers.
    pub dead: Option<f64>,
}

/// A prediction, brought to the level that was measured at the last place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Theory {
    /// What predicts.
    #[serde(flatten)]
    pub prediction: Prediction,
    /// The factor per place, the geometric mean.
    pub factor: f64,
    /// The norm at each place.
    pub norms: Vec<f64>,
}

impl Answer {
    /// Arranges the rows of one observation.
    pub(super) fn new(
        rows: &[Row],
        loss: f64,
        parameters: usize,
        prediction: Result<Prediction, String>,
    ) -> Self {
        let places = places(rows);
        let gradients: Vec<f64> = places.iter().map(|place| place.gradient).collect();
        let theory = prediction.and_then(|prediction| {
            let alone = "No theory for one layer alone: it speaks of factors between layers.";
            Theory::of(prediction, &places).ok_or_else(|| alone.to_owned())
        });
        let without_theory = theory.as_ref().err().cloned();
        let mut answer = Self {
            step: rows.first().map_or(0, |row| row.step),
            loss,
            parameters,
            factor: factor(&gradients),
            theory: theory.ok(),
            without_theory,
            findings: diagnose(rows, &Thresholds::default()),
            places,
            summary: String::new(),
        };
        answer.summary = summary(&answer);
        answer
    }

    /// Tells whether places are time steps.
    pub(super) fn is_in_time(&self) -> bool {
        self.places.first().is_some_and(|place| place.name.contains('@'))
    }
}

/// The geometric mean of the factors between neighbours, from the last to the first; `None` for fewer
/// than two, or if an end is zero or not finite.
pub(super) fn factor(norms: &[f64]) -> Option<f64> {
    let (first, last) = (norms.first()?, norms.last()?);
    let factor = ((first.ln() - last.ln()) / (norms.len() as f64 - 1.0)).exp();
    (factor > 0.0 && factor.is_finite()).then_some(factor)
}

fn places(rows: &[Row]) -> Vec<Place> {
    let values: HashMap<(&str, &str), f64> =
        rows.iter().map(|row| ((&*row.quantity, &*row.subject), row.value)).collect();
    let place = |row: &Row| {
        let name = row.subject.to_string();
        let value = |quantity: &str| values.get(&(quantity, name.as_str())).copied();
        let weight = format!("{name}.linear.weight");
        let memory = name.replace('@', ".cell@");
        Place {
            gradient: row.value,
            memory_gradient: (memory != name)
                .then(|| values.get(&("activation_gradient_norm", memory.as_str())).copied())
                .flatten(),
            weight_gradient: values.get(&("gradient_norm", weight.as_str())).copied(),
            update_ratio: values.get(&("update_ratio", weight.as_str())).copied(),
            mean: value("activation_mean").unwrap_or(f64::NAN),
            standard_deviation: value("activation_standard_deviation").unwrap_or(f64::NAN),
            saturated: value("saturated_share"),
            dead: value("dead_share"),
            name,
        }
    };
    let is_state =
        |row: &&Row| row.quantity == "activation_gradient_norm" && !row.subject.contains(".cell@");
    rows.iter().filter(is_state).map(place).collect()
}

impl Theory {
    fn of(prediction: Prediction, places: &[Place]) -> Option<Self> {
        let norm = |place: &Place| match prediction.is_of_memory {
            true => place.memory_gradient,
            false => Some(place.gradient),
        };
        if prediction.log_factors.len() + 1 != places.len() || places.len() < 2 {
            return None;
        }
        let mut level = norm(places.last()?)?.ln();
        let mut norms = vec![level.exp()];
        for log in prediction.log_factors.iter().rev() {
            level += log;
            norms.push(level.exp());
        }
        norms.reverse();
        let mean = prediction.log_factors.iter().sum::<f64>() / prediction.log_factors.len() as f64;
        Some(Self { factor: mean.exp(), norms, prediction })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(quantity: &'static str, subject: &str, value: f64) -> Row {
        Row { step: 7, quantity: quantity.into(), subject: subject.into(), value }
    }

    #[test]
    fn rows_are_arranged_by_place_and_memories_stand_beside_their_states() {
        let rows = [
            row("activation_gradient_norm", "layers.0.cell@0", 0.5),
            row("activation_gradient_norm", "layers.0.cell@1", 1.0),
            row("activation_gradient_norm", "layers.0@0", 2.0),
            row("activation_mean", "layers.0@0", 0.1),
            row("activation_gradient_norm", "layers.0@1", 4.0),
        ];
        let answer = Answer::new(&rows, 0.7, 10, Err("No theory.".to_owned()));
        assert_eq!((answer.step, answer.places.len()), (7, 2));
        assert_eq!(answer.places[0].memory_gradient, Some(0.5));
        assert_eq!((answer.places[0].mean, answer.places[1].gradient), (0.1, 4.0));
        assert_eq!(answer.factor, Some(0.5));
        assert_eq!(answer.without_theory.as_deref(), Some("No theory."));
    }

    #[test]
    fn a_gradient_that_underflows_has_no_factor() {
        assert_eq!(factor(&[0.0, 1.0]), None);
        assert_eq!(factor(&[1.0]), None);
        assert!((factor(&[0.25, 0.5, 1.0]).unwrap() - 0.5).abs() < 1e-12);
    }
}
