//! What the playground answers: the network place by place, with theory and words.

use backdraft_rows::{Axis, Finding, History, QuantityName, Row, Subject, Thresholds, diagnose};
use serde::Serialize;

use super::factors::Product;
use super::gates::Openness;
use super::theory::Prediction;
use super::words::{Path, summary};

/// A network as one batch shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Optimiser steps taken before.
    pub step: u64,
    /// The loss of the batch.
    pub loss: f64,
    /// Number of learned parameters.
    pub parameters: usize,
    /// What the places are.
    pub axis: Axis,
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
    /// What is seen of ‖∂L/∂h‖, in words.
    pub summary: String,
    /// What becomes of the gradient on its way through an LSTM's memory; `None` for other networks.
    pub memory: Option<Memory>,
    /// The gradient as a product over the layers, of a network that has not been trained; `None` where a
    /// layer is more than slopes and weights.
    pub product: Option<Product>,
}

/// The way of the gradient through an LSTM's memory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// Factor of ‖∂L/∂c‖ from each time step to the one before it, the geometric mean; `None` if there
    /// is no such thing.
    pub factor: Option<f64>,
    /// What is seen of ‖∂L/∂c‖, in words.
    pub summary: String,
}

/// One hidden layer or time step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The tap's name, such as `hidden.3` or `layers.0@17`.
    pub name: Subject,
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
    /// How far the gates of a recurrent cell are open at this time step; empty if it has none.
    pub gates: Vec<Openness>,
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
    /// Arranges the rows of one observation, and the gates at each time step.
    pub(super) fn new(
        rows: &[Row],
        gates: Vec<Vec<Openness>>,
        loss: f64,
        parameters: usize,
        prediction: Result<Prediction, String>,
    ) -> Self {
        let history = History::new(rows);
        let profile = history.profile();
        let axis = profile.as_ref().map_or(Axis::Depth, |profile| profile.axis);
        let mut places: Vec<Place> =
            profile.iter().flat_map(|of| &of.places).map(|at| Place::of(at, &history)).collect();
        for (place, gates) in places.iter_mut().zip(gates) {
            place.gates = gates;
        }
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
            axis,
            factor: factor(&gradients),
            theory: theory.ok(),
            without_theory,
            findings: diagnose(rows, &Thresholds::default()),
            places,
            summary: String::new(),
            memory: None,
            product: None,
        };
        answer.memory = answer.memories().map(|memories| Memory {
            factor: factor(&memories),
            summary: summary(&answer, Path::Memory),
        });
        answer.summary = summary(&answer, Path::State);
        answer
    }
}

impl Answer {
    /// Returns ‖∂L/∂c‖ at every place, if the network has a memory.
    pub(super) fn memories(&self) -> Option<Vec<f64>> {
        let memories: Option<Vec<f64>> =
            self.places.iter().map(|place| place.memory_gradient).collect();
        memories.filter(|memories| !memories.is_empty())
    }
}

/// The geometric mean of the factors between neighbours, from the last to the first; `None` for fewer
/// than two, or if an end is zero or not finite.
pub(super) fn factor(norms: &[f64]) -> Option<f64> {
    let (first, last) = (norms.first()?, norms.last()?);
    let factor = ((first.ln() - last.ln()) / (norms.len() as f64 - 1.0)).exp();
    (factor > 0.0 && factor.is_finite()).then_some(factor)
}

impl Place {
    fn of(place: &backdraft_rows::Place<'_>, history: &History<'_>) -> Self {
        let subject = place.subject;
        let value = |quantity: &QuantityName| history.latest(quantity, subject);
        let weight = Subject::from(format!("{subject}.linear.weight"));
        let of_weight = |quantity: &QuantityName| history.latest(quantity, &weight);
        let memory = subject
            .time_step()
            .map(|step| Subject::at_step(format_args!("{}.cell", subject.path()), step));
        Self {
            gradient: place.latest(),
            memory_gradient: memory.and_then(|memory| {
                history.latest(&QuantityName::ACTIVATION_GRADIENT_NORM, &memory)
            }),
            weight_gradient: of_weight(&QuantityName::GRADIENT_NORM),
            update_ratio: of_weight(&QuantityName::UPDATE_RATIO),
            mean: value(&QuantityName::ACTIVATION_MEAN).unwrap_or(f64::NAN),
            standard_deviation: value(&QuantityName::ACTIVATION_STANDARD_DEVIATION)
                .unwrap_or(f64::NAN),
            saturated: value(&QuantityName::SATURATED_SHARE),
            dead: value(&QuantityName::DEAD_SHARE),
            gates: Vec::new(),
            name: subject.clone(),
        }
    }
}

impl Theory {
    fn of(prediction: Prediction, places: &[Place]) -> Option<Self> {
        let norm = |place: &Place| {
            if prediction.is_of_memory { place.memory_gradient } else { Some(place.gradient) }
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

    fn row(quantity: QuantityName, subject: &str, value: f64) -> Row {
        Row::new(7, quantity, subject, value)
    }

    #[test]
    fn rows_are_arranged_by_place_and_memories_stand_beside_their_states() {
        let rows = [
            row(QuantityName::ACTIVATION_GRADIENT_NORM, "layers.0.cell@0", 0.5),
            row(QuantityName::ACTIVATION_GRADIENT_NORM, "layers.0.cell@1", 1.0),
            row(QuantityName::ACTIVATION_GRADIENT_NORM, "layers.0@0", 2.0),
            row(QuantityName::ACTIVATION_MEAN, "layers.0@0", 0.1),
            row(QuantityName::ACTIVATION_GRADIENT_NORM, "layers.0@1", 4.0),
        ];
        let answer = Answer::new(&rows, vec![], 0.7, 10, Err("No theory.".to_owned()));
        assert_eq!((answer.step, answer.places.len()), (7, 2));
        assert_eq!(answer.places[0].memory_gradient, Some(0.5));
        assert_eq!((answer.places[0].mean, answer.places[1].gradient), (0.1, 4.0));
        assert_eq!(answer.factor, Some(0.5));
        let memory = answer.memory.unwrap();
        assert_eq!(memory.factor, Some(0.5));
        assert!(memory.summary.starts_with("The memory's gradient"), "{}", memory.summary);
        assert_eq!(answer.without_theory.as_deref(), Some("No theory."));
    }

    #[test]
    fn a_gradient_that_underflows_has_no_factor() {
        assert_eq!(factor(&[0.0, 1.0]), None);
        assert_eq!(factor(&[1.0]), None);
        assert!((factor(&[0.25, 0.5, 1.0]).unwrap() - 0.5).abs() < 1e-12);
    }
}
