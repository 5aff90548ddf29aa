//! Applies the rules of `claims.rs` to the measurements.

use backdraft_record::{Factors, Picture, Point, Results, TrialResult, by_step};
use backdraft_rows::QuantityName;
use backdraft_verdicts::Verdict;
use backdraft_verdicts::judgement::{Sample, in_every_case};

use super::measure::{ROOT_MEAN_SQUARE, ZERO_SHARE};
use super::mixed::Mixed;
use super::settings::HalfPrecisionSettings;
use super::{BF16, DYNAMIC, F16, F32, FLOW, SCALED, TRAINING, arms, claims, factor, factors};
use crate::initial_flow::is_hidden;

pub(super) fn judge(settings: &HalfPrecisionSettings, results: &Results) -> Vec<Verdict> {
    let case = |(arm, mixed): (&'static str, Mixed)| {
        let trials = results.with(&levels(&factors(FLOW, arm)));
        let pairs: Vec<(f64, f64)> =
            trials.into_iter().filter_map(|trial| layers_to_zero(trial, mixed)).collect();
        let theory = pairs.iter().map(|(_, theory)| theory).sum::<f64>() / pairs.len() as f64;
        let measured = pairs.iter().map(|(layers, _)| layers).sum::<f64>() / pairs.len() as f64;
        let logs = pairs.iter().map(|(layers, theory)| (layers / theory).ln()).collect();
        let sample = Sample::of_logs("layers, measured over formula", logs)
            .because(format!("{measured:.2} layers, formula {theory:.2}"));
        (arm.to_owned(), sample.equals(&claims::DEPTH_OF_ZERO, 1.0, 0.05))
    };
    let [plain, scaled, ..] = arms(settings).map(|(arm, mixed)| {
        let trials = results.with(&levels(&factors(FLOW, arm)));
        trials
            .into_iter()
            .filter_map(|trial| Some(layers_to_zero(trial, mixed)?.0))
            .collect::<Vec<f64>>()
    });
    let gains = plain.iter().zip(&scaled).map(|(plain, scaled)| (scaled - plain).ln()).collect();
    let bought = settings.loss_scale.ln() / factor().ln().abs();
    vec![
        in_every_case(&claims::DEPTH_OF_ZERO, arms(settings).map(case).into()),
        Sample::of_logs("layers gained", gains).because(format!("theory {bought:.2}")).equals(
            &claims::SCALE_BUYS,
            bought,
            0.05,
        ),
        loss(results, F16).exceeds(&claims::F16_FAILS, 0.2),
        loss(results, SCALED).stays_below(&claims::SCALING_CURES, 0.05),
        loss(results, DYNAMIC).stays_below(&claims::DYNAMIC_CURES, 0.05),
        loss(results, BF16).stays_below(&claims::BF16_NEEDS_NONE, 0.05),
    ]
}

pub(super) fn pictures(settings: &HalfPrecisionSettings, results: &Results) -> Vec<Picture> {
    let title = "Elements of a gradient that are zero, by format";
    let x = "layers below the last hidden layer";
    let picture = Picture::new("zero-share", title, x, "share of zeros in ∂L/∂h");
    let shares = arms(settings).into_iter().fold(picture, |picture, (arm, mixed)| {
        let trials = results.with(&levels(&factors(FLOW, arm)));
        let shares: Vec<Vec<f64>> = trials.iter().map(|trial| zero_shares(trial)).collect();
        let layers = shares.iter().map(Vec::len).min().unwrap_or(0);
        let share = |layer: usize| {
            Point::mean(
                layer as f64,
                &shares.iter().map(|shares| shares[layer]).collect::<Vec<_>>(),
            )
        };
        let starts: Vec<f64> = trials.iter().filter_map(|trial| start(trial)).collect();
        let start = starts.iter().sum::<f64>() / starts.len() as f64;
        let theory = |layer: usize| {
            let there = start * factor().powi(layer as i32);
            (layer as f64, mixed.format.zero_share(there))
        };
        picture.measured(arm, (0..layers).filter_map(share)).predicted(arm, (0..layers).map(theory))
    });
    let title = format!("Test accuracy of {} sigmoid layers, by format", settings.depth);
    let picture = Picture::new("accuracy", title, "optimiser steps", "test accuracy");
    let trained = [F32, BF16, DYNAMIC, SCALED, F16];
    let courses = trained.into_iter().fold(picture, |picture, arm| {
        let trials = results.with(&levels(&factors(TRAINING, arm)));
        picture.measured(arm, by_step(&trials, &QuantityName::TEST_ACCURACY))
    });
    vec![shares, courses]
}

/// The accuracy that a format costs, by seed.
fn loss(results: &Results, arm: &str) -> Sample {
    let accuracies = |arm: &str| -> Vec<f64> {
        let trials = results.with(&levels(&factors(TRAINING, arm)));
        // A net that diverged is right only by chance.
        let accuracy = |trial: &TrialResult| {
            let last = trial.is_finished().then(|| trial.last(&QuantityName::TEST_ACCURACY));
            last.flatten().unwrap_or(0.5)
        };
        trials.into_iter().map(accuracy).collect()
    };
    let [f32, short] = [F32, arm].map(accuracies);
    let percent = |shares: &[f64]| 100.0 * shares.iter().sum::<f64>() / shares.len() as f64;
    let evidence = format!("f32 {:.1} %, {arm} {:.1} %", percent(&f32), percent(&short));
    let losses = f32.iter().zip(&short).map(|(f32, short)| f32 - short).collect();
    Sample::new("loss of test accuracy", losses).because(evidence)
}

fn levels(factors: &Factors) -> Vec<(&str, &str)> {
    factors.levels().collect()
}

/// Shares of zeros in ∂L/∂h, from the last hidden layer down.
fn zero_shares(trial: &TrialResult) -> Vec<f64> {
    let mut shares = trial.initial(&ZERO_SHARE, is_hidden);
    shares.reverse();
    shares
}

/// Root mean square of ∂L/∂h of the last hidden layer.
fn start(trial: &TrialResult) -> Option<f64> {
    trial.initial(&ROOT_MEAN_SQUARE, is_hidden).last().copied()
}

/// Layers after which half of a gradient's elements are zero: as measured, and as predicted from where
/// the gradient starts.
fn layers_to_zero(trial: &TrialResult, mixed: Mixed) -> Option<(f64, f64)> {
    let theory = mixed.format.layers_to_zero(start(trial)?, factor());
    Some((crossing(&zero_shares(trial), 0.5)?, theory))
}

/// The place, between two values, at which rising values first reach a level above the first of them.
fn crossing(values: &[f64], level: f64) -> Option<f64> {
    let above = values.iter().position(|value| *value >= level).filter(|above| *above > 0)?;
    let (before, after) = (values[above - 1], values[above]);
    Some(above as f64 - 1.0 + (level - before) / (after - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossing_lies_between_two_layers() {
        assert_eq!(crossing(&[0.0, 0.25, 0.75, 1.0], 0.5), Some(1.5));
        assert_eq!(crossing(&[0.0, 0.25], 0.5), None, "never");
        assert_eq!(crossing(&[0.75, 1.0], 0.5), None, "from the start");
    }
}
