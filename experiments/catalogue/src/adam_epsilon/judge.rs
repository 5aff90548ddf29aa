//! Applies the rules of `claims.rs` to the measurements.

use backdraft_record::{Picture, Point, Results, TrialResult, by_step};
use backdraft_rows::QuantityName;
use backdraft_theory::{MeanField, adam_first_update, layers_per_decade};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::statistics::{Estimate, Line};
use backdraft_verdicts::{Ruling, Verdict};

use super::settings::AdamEpsilonSettings;
use super::{SIGMOID, claims, factors};
use crate::initial_flow::is_hidden_weight;

/// The ε of Keras, which this workspace uses too.
const USUAL: f64 = 1e-7;
/// Test accuracy below which a net counts as not having learnt.
const CHANCE: f64 = 0.6;
/// Updates, relative to the rate, for which the closed form is held against the measurement.
const TRANSITION: std::ops::Range<f64> = 0.1..0.9;

pub(super) fn judge(settings: &AdamEpsilonSettings, results: &Results) -> Vec<Verdict> {
    let nets = Nets { settings, results };
    let (smallest, largest) = settings.extremes();
    let distance = |epsilon: &f64| (epsilon.ln() - USUAL.ln()).abs();
    let nearest = settings.epsilons.iter().copied();
    let usual = nearest.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(USUAL);
    let (shallow, deep) = (settings.shallow, settings.deep);
    let [learns, stopped] = [usual, largest].map(|epsilon| nets.accuracies(shallow, epsilon));
    let pairs = learns.iter().zip(&stopped).filter(|_| usual < largest);
    let losses = pairs.map(|(usual, large)| usual - large).collect();
    let accuracy = |epsilon| {
        Sample::new("test accuracy", nets.accuracies(deep, epsilon))
            .because(format!("ε = {epsilon:e}, depth {deep}"))
    };
    let expected = decade(settings);
    vec![
        Sample::of_logs("measured over formula", nets.deviations()).equals(
            &claims::FIRST_STEP,
            1.0,
            0.05,
        ),
        Sample::of_logs("layers per decade", nets.decades())
            .because(format!("theory {expected:.3}"))
            .equals(&claims::DECADE, expected, 0.1),
        Sample::new("loss of test accuracy", losses)
            .because(format!(
                "depth {shallow}: {} at ε = {usual:e}, {} at ε = {largest:e}",
                percent(&learns),
                percent(&stopped)
            ))
            .exceeds(&claims::LARGE_STOPS, 0.2),
        accuracy(usual).stays_below(&claims::KERAS_FAILS, CHANCE),
        accuracy(smallest).judge(&claims::EPSILON_IS_WHY, |e: &Estimate| {
            let is_smaller = smallest < usual;
            let learns = e.lower > settings.target_accuracy;
            Ruling::of(is_smaller && learns, is_smaller && e.upper < CHANCE)
        }),
    ]
}

pub(super) fn pictures(settings: &AdamEpsilonSettings, results: &Results) -> Vec<Picture> {
    let nets = Nets { settings, results };
    let title = format!("Adam's first update in {} sigmoid layers", settings.deep);
    let y = "root mean square of ΔW / learning rate";
    let picture = Picture::new("first-update", title, "hidden layer", y);
    let updates = settings.epsilons.iter().fold(picture, |picture, epsilon| {
        let layers: Vec<Vec<(f64, f64)>> =
            nets.trials(settings.deep, *epsilon).into_iter().map(|t| nets.updates(t)).collect();
        let mean = |layer: usize, value: &dyn Fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> =
                layers.iter().filter_map(|layers| layers.get(layer)).map(value).collect();
            Point::mean(layer as f64 + 2.0, &values)
        };
        let label = format!("ε = {epsilon:e}");
        let measured = (0..settings.deep).filter_map(|layer| mean(layer, &|(_, moved)| *moved));
        let formula = |(gradient, _): &(f64, f64)| adam_first_update(*gradient, *epsilon);
        let theory = (0..settings.deep).filter_map(|layer| mean(layer, &formula));
        picture
            .measured(&*label, measured)
            .predicted(&label, theory.map(|point| (point.x, point.y)))
    });
    let title = format!("Test accuracy of {} sigmoid layers under Adam", settings.deep);
    let picture = Picture::new("accuracy", title, "optimiser steps", "test accuracy");
    let courses = settings.epsilons.iter().fold(picture, |picture, epsilon| {
        let trials = nets.trials(settings.deep, *epsilon);
        let course = by_step(&trials, &QuantityName::TEST_ACCURACY);
        picture.measured(format!("ε = {epsilon:e}"), course)
    });
    vec![updates, courses]
}

/// Returns theory's number of layers per decade of ε.
fn decade(settings: &AdamEpsilonSettings) -> f64 {
    let (activation, initializer) = SIGMOID;
    let variance = initializer.weight_variance(settings.width, settings.width);
    let field = MeanField::new(activation, variance * settings.width as f64, 0.0);
    layers_per_decade(field.gradient_norm_factor(field.fixed_point(1.0)))
}

struct Nets<'a> {
    settings: &'a AdamEpsilonSettings,
    results: &'a Results,
}

impl Nets<'_> {
    fn trials(&self, depth: usize, epsilon: f64) -> Vec<&TrialResult> {
        let factors = factors(depth, epsilon);
        self.results.with(&factors.levels().collect::<Vec<_>>())
    }

    fn accuracies(&self, depth: usize, epsilon: f64) -> Vec<f64> {
        let trials = self.trials(depth, epsilon);
        // A net that diverged is right only by chance.
        trials.iter().map(|trial| trial.last(&QuantityName::TEST_ACCURACY).unwrap_or(0.5)).collect()
    }

    /// Root mean squares, by hidden layer from the second on, of the gradient's elements and of the first
    /// update's over the learning rate. Many inputs of the first layer are always zero.
    fn updates(&self, trial: &TrialResult) -> Vec<(f64, f64)> {
        let initial = |quantity| trial.initial(quantity, is_hidden_weight);
        let [gradients, ratios, weights] = [
            initial(&QuantityName::GRADIENT_NORM),
            initial(&QuantityName::UPDATE_RATIO),
            initial(&QuantityName::WEIGHT_NORM),
        ];
        let scale = self.settings.width as f64;
        let moved = ratios.iter().zip(&weights).map(|(ratio, weight)| ratio * weight);
        let layers = gradients.iter().zip(moved).map(|(gradient, moved)| {
            (gradient / scale, moved / scale / self.settings.learning_rate)
        });
        layers.skip(1).collect()
    }

    /// Mean of ln measured over formula, by seed.
    fn deviations(&self) -> Vec<f64> {
        let of_arm = |epsilon: &f64| {
            let deviations = |trial: &TrialResult| {
                let layers = self.updates(trial).into_iter();
                let pair = |(gradient, moved): (f64, f64)| {
                    let formula = adam_first_update(gradient, *epsilon);
                    TRANSITION.contains(&formula).then(|| (moved / formula).ln())
                };
                layers.filter_map(pair).collect::<Vec<f64>>()
            };
            self.trials(self.settings.deep, *epsilon).into_iter().map(deviations).collect()
        };
        let arms: Vec<Vec<Vec<f64>>> = self.settings.epsilons.iter().map(of_arm).collect();
        by_seed(&arms).filter_map(|logs| mean(&logs.concat())).collect()
    }

    /// ln of the slope of the distance that the update reaches, in layers per decade of ε, by seed.
    fn decades(&self) -> Vec<f64> {
        let of_arm = |epsilon: &f64| {
            let reach = |trial: &TrialResult| {
                let reach = reach(&self.updates(trial));
                reach.map(|layers| (-epsilon.log10(), layers)).into_iter().collect::<Vec<_>>()
            };
            self.trials(self.settings.deep, *epsilon).into_iter().map(reach).collect()
        };
        let arms: Vec<Vec<Vec<(f64, f64)>>> = self.settings.epsilons.iter().map(of_arm).collect();
        let slope = |points: Vec<Vec<(f64, f64)>>| Some(Line::fit(&points.concat())?.slope.ln());
        by_seed(&arms).filter_map(slope).collect()
    }
}

/// Turns what each arm has by seed into what each seed has by arm.
fn by_seed<T: Clone>(arms: &[Vec<T>]) -> impl Iterator<Item = Vec<T>> {
    let seeds = arms.iter().map(Vec::len).min().unwrap_or(0);
    (0..seeds).map(|seed| arms.iter().map(|arm| arm[seed].clone()).collect())
}

/// Number of layers, from the last one down, in which the update exceeds half the rate; `None` unless
/// some but not all layers do. Interpolated linearly in the logarithm.
fn reach(updates: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<f64> = updates.iter().rev().map(|(_, moved)| (2.0 * moved).ln()).collect();
    let below = logs.iter().position(|log| *log < 0.0).filter(|below| *below > 0)?;
    let (inside, outside) = (logs[below - 1], logs[below]);
    Some(below as f64 - 1.0 + inside / (inside - outside))
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn percent(shares: &[f64]) -> String {
    format!("{:.1} %", 100.0 * mean(shares).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reach_is_interpolated_between_two_layers() {
        let updates = |moved: &[f64]| moved.iter().map(|m| (0.0, *m)).collect::<Vec<_>>();
        // From the last: 1, 1, 1/4; half lies in the middle of the last step.
        assert_eq!(reach(&updates(&[0.01, 0.25, 1.0, 1.0])), Some(1.5));
        assert_eq!(reach(&updates(&[1.0, 1.0])), None, "all move");
        assert_eq!(reach(&updates(&[0.1, 0.4])), None, "none moves");
    }

    #[test]
    fn what_arms_have_by_seed_becomes_what_seeds_have_by_arm() {
        let arms = [vec![1, 2, 3], vec![4, 5]];
        assert_eq!(by_seed(&arms).collect::<Vec<_>>(), [[1, 4], [2, 5]]);
        assert_eq!(by_seed::<u8>(&[]).count(), 0);
    }
}
