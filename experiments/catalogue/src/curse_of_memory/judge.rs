//! Applies the rules to the measurements.

use backdraft_record::{Factors, Picture, Point, Results, TrialResult};
use backdraft_verdicts::judgement::{Sample, Successes, in_every_case};
use backdraft_verdicts::{Statement, Verdict};

use super::form::Form;
use super::settings::CurseOfMemorySettings;
use super::{
    DIVERGES, LARGEST_STATE_GRADIENT, LEARNT_FACTOR, NO_RATE, NORMALISED, NOTHING_EXPLODES,
    ONE_RATE, SENSITIVITY, STATE_SENSITIVITY, sensitivity_factors, training_factors,
};

/// How far 1 − λ may be from the truth to count as learnt.
const TOLERANCE: f64 = 0.1;
/// How far a gradient may exceed 1 by rounding.
const ROUNDING: f64 = 1e-5;

pub(super) fn judge(settings: &CurseOfMemorySettings, results: &Results) -> Vec<Verdict> {
    let sensitivity = |form: Form, claim: &Statement| {
        let case = |lambda: &f64| {
            let theory = form.sensitivity(*lambda).sqrt();
            let logs = sensitivities(results, form, *lambda).iter().map(|x| x.ln()).collect();
            let sample = Sample::of_logs("root mean square of ∂h/∂θ", logs)
                .because(format!("theory {theory:.4}"));
            (format!("λ = {lambda}"), sample.equals(claim, theory, 0.05))
        };
        in_every_case(claim, settings.lambdas.iter().map(case).collect())
    };
    let trials = results.with(&[("part", SENSITIVITY)]);
    let largest = trials.iter().filter_map(|trial| trial.last(&LARGEST_STATE_GRADIENT));
    let bounded: Vec<bool> = largest.map(|largest| largest <= 1.0 + ROUNDING).collect();
    vec![
        sensitivity(Form::Direct, &DIVERGES),
        Successes::new("share of trials without", bounded).every(&NOTHING_EXPLODES),
        sensitivity(Form::Exponential, &NORMALISED),
        at_best_rate(settings, results, Form::Direct).stays_below(&NO_RATE, 0.5),
        at_best_rate(settings, results, Form::Exponential).exceeds(&ONE_RATE, 0.5),
    ]
}

pub(super) fn pictures(settings: &CurseOfMemorySettings, results: &Results) -> Vec<Picture> {
    let x = "−log10(1 − λ)";
    let y = "root mean square of ∂h/∂θ";
    let picture = Picture::new("sensitivity", "Sensitivity of the state to its factor", x, y);
    let sensitivity = Form::ALL.into_iter().fold(picture.logarithmic(), |picture, form| {
        let place = |lambda: f64| -(1.0 - lambda).log10();
        let point = |lambda: &f64| {
            Point::geometric_mean(place(*lambda), &sensitivities(results, form, *lambda))
        };
        let theory = |lambda: &f64| (place(*lambda), form.sensitivity(*lambda).sqrt());
        picture
            .measured(form.name(), settings.lambdas.iter().filter_map(point))
            .predicted(form.name(), settings.lambdas.iter().map(theory))
    });
    let picture = |form: Form| {
        let title = format!("Which rates learn λ, {} form", form.name());
        let picture = Picture::new(
            &format!("rates-{}", form.name()),
            title,
            "log10 learning rate",
            "share of seeds",
        );
        settings.lambdas.iter().fold(picture, |picture, lambda| {
            let share = |rate: &f64| {
                let learnt = learnt(results, form, *lambda, *rate);
                let shares: Vec<f64> = learnt.iter().map(|is| f64::from(u8::from(*is))).collect();
                Point::mean(rate.log10(), &shares)
            };
            picture.measured(format!("λ = {lambda}"), settings.rates.iter().filter_map(share))
        })
    };
    [vec![sensitivity], Form::ALL.map(picture).into()].concat()
}

fn levels(factors: &Factors) -> Vec<(&str, &str)> {
    factors.levels().collect()
}

fn sensitivities(results: &Results, form: Form, lambda: f64) -> Vec<f64> {
    let trials = results.with(&levels(&sensitivity_factors(form, lambda)));
    trials.iter().filter_map(|trial| trial.last(&STATE_SENSITIVITY)).collect()
}

/// Whether λ was learnt at this rate, by seed.
fn learnt(results: &Results, form: Form, lambda: f64, rate: f64) -> Vec<bool> {
    let is_learnt = |trial: &&TrialResult| {
        let forgotten = trial.last(&LEARNT_FACTOR).map(|learnt| (1.0 - learnt) / (1.0 - lambda));
        forgotten.is_some_and(|ratio| (ratio - 1.0).abs() < TOLERANCE)
    };
    results.with(&levels(&training_factors(form, lambda, rate))).iter().map(is_learnt).collect()
}

/// Whether the rate that is best on even seeds learns every λ, for the odd seeds.
fn at_best_rate(settings: &CurseOfMemorySettings, results: &Results, form: Form) -> Successes {
    let all = |rate: &f64| -> Vec<bool> {
        let each: Vec<Vec<bool>> =
            settings.lambdas.iter().map(|lambda| learnt(results, form, *lambda, *rate)).collect();
        let seeds = each.iter().map(Vec::len).min().unwrap_or(0);
        (0..seeds).map(|seed| each.iter().all(|learnt| learnt[seed])).collect()
    };
    let half = |learnt: &[bool], first: usize| -> Vec<bool> {
        learnt.iter().copied().skip(first).step_by(2).collect()
    };
    let count = |outcomes: &[bool]| outcomes.iter().filter(|is| **is).count();
    let outcomes = settings.rates.iter().map(|rate| (*rate, all(rate)));
    let best = outcomes.max_by_key(|(_, learnt)| count(&half(learnt, 0)));
    let (rate, learnt) = best.unwrap_or_default();
    Successes::new("share of seeds", half(&learnt, 1)).because(format!("at a rate of {rate}"))
}
