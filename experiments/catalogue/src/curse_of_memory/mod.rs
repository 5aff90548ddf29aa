//! Why long memories are hard to learn although no gradient explodes.

mod form;
mod judge;
mod settings;

use std::ops::Range;
use std::sync::Arc;

use backdraft_hooks::Taps;
use backdraft_lab::{Experiment, Task, Trial};
use backdraft_layers::{Initializer, InitializerExt, weight_rng};
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Listener, Outcome};
use backdraft_verdicts::{Statement, Verdict};
use burn::tensor::{Device, Tensor, TensorData};

use form::{Form, Lesson};
use settings::CurseOfMemorySettings;

/// Linear recurrences with short and long memories.
pub(crate) struct CurseOfMemory;

const DIVERGES: Statement = Statement {
    id: "sensitivity-is-closed-form",
    statement: "The state of h_t = λ h_(t−1) + x_t grows ever more sensitive to λ as memory grows: with \
                white input E (∂h/∂λ)² = (1 + λ²) / (1 − λ²)³, 2.96 at 0.5 and 251,263 at 0.99.",
    rule: "Root mean square of ∂h_T/∂λ over units, by seed, at every λ. Two one-sided tests on its \
           logarithm: supported if every 90 % interval lies within 5 % of theory, refuted if one \
           lies outside.",
};
const NOTHING_EXPLODES: Statement = Statement {
    id: "no-gradient-explodes",
    statement: "No gradient through time explodes meanwhile: ∂h_T/∂h_t never exceeds 1.",
    rule: "Largest |∂h_T/∂h_t| over units and time steps in every trial. Supported if none exceeds 1 \
           by more than 1e-5, refuted if one does.",
};
const NORMALISED: Statement = Statement {
    id: "exponential-form-is-bounded",
    statement: "With λ = exp(−exp ν) and input normalised by √(1 − λ²), E (∂h/∂ν)² = (λ ln λ)² / \
                (1 − λ²)², which stays below 1/4 for every memory.",
    rule: "The same rule for ∂h_T/∂ν.",
};
const NO_RATE: Statement = Statement {
    id: "no-rate-suits-all-memories",
    statement: "No learning rate learns λ by gradient descent for short and for long memories alike.",
    rule: "From a 1.5 times shorter memory, with targets of variance 1; learnt means 1 − λ within 10 % \
           of the truth. The rate that learns every λ in most of the even seeds is judged on the odd ones: \
           supported if the exact 95 % interval of the share of seeds for which it learns every λ lies \
           below 1/2, refuted if above.",
};
const ONE_RATE: Statement = Statement {
    id: "one-rate-suits-the-exponential-form",
    statement: "In the exponential form, one learning rate learns them all.",
    rule: "The same, but supported if the interval lies above 1/2 and refuted if below.",
};

/// Levels of the factor `part`.
const SENSITIVITY: &str = "sensitivity";
const TRAINING: &str = "training";

/// Root mean square over units of the last state's derivative with respect to the unit's parameter.
const STATE_SENSITIVITY: QuantityName = QuantityName::new("state_sensitivity");
/// Largest |∂h_T/∂h_t| over units and time steps.
const LARGEST_STATE_GRADIENT: QuantityName = QuantityName::new("largest_state_gradient");
/// λ after training.
const LEARNT_FACTOR: QuantityName = QuantityName::new("learnt_factor");

fn sensitivity_factors(form: Form, lambda: f64) -> Factors {
    Factors::new([
        ("part", SENSITIVITY.to_owned()),
        ("form", form.name().to_owned()),
        ("lambda", lambda.to_string()),
    ])
}

fn training_factors(form: Form, lambda: f64, rate: f64) -> Factors {
    Factors::new([
        ("part", TRAINING.to_owned()),
        ("form", form.name().to_owned()),
        ("lambda", lambda.to_string()),
        ("rate", format!("{rate:e}")),
    ])
}

impl Experiment for CurseOfMemory {
    type Settings = CurseOfMemorySettings;

    const ABOUT: About = About {
        name: "curse-of-memory",
        title: "Long memories are hard to learn although no gradient explodes",
        question: "A linear recurrence with a factor just below 1 remembers for long, and its gradients \
            neither vanish quickly nor explode. Is it then easy to train? Its parameter is used at every \
            step, and what a change of it does adds up over the whole memory.",
        sources: &[
            "N. Zucchet, A. Orvieto, Recurrent neural networks: vanishing and exploding gradients are not \
             the end of the story, NeurIPS 2024 (read in excerpt only, so the rules and the learning task \
             are ours)",
            "A. Orvieto, S. L. Smith, A. Gu, A. Fernando, C. Gulcehre, R. Pascanu, S. De, Resurrecting \
             recurrent neural networks for long sequences, ICML 2023 (exponential form, normalisation)",
        ],
        claims: &[DIVERGES, NOTHING_EXPLODES, NORMALISED, NO_RATE, ONE_RATE],
    };

    fn settings(preset: Preset) -> CurseOfMemorySettings {
        CurseOfMemorySettings::of(preset)
    }

    fn seeds(settings: &CurseOfMemorySettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &CurseOfMemorySettings) -> anyhow::Result<Vec<Trial>> {
        let shared = Arc::new(settings.clone());
        let mut trials = Vec::new();
        for seed in Self::seeds(settings) {
            for form in Form::ALL {
                for &lambda in &settings.lambdas {
                    let (units, length) = (settings.units, settings.length);
                    let task = sensitivity(form, lambda, [length, units], seed);
                    let factors = sensitivity_factors(form, lambda);
                    // The cheapest trial is the one on which back ends are compared; training uses none.
                    trials.push(Trial { factors, seed, cost: 1, task });
                    for &rate in &settings.rates {
                        let task = training(form, lambda, rate, Arc::clone(&shared), seed);
                        let factors = training_factors(form, lambda, rate);
                        trials.push(Trial { factors, seed, cost: 2, task });
                    }
                }
            }
        }
        Ok(trials)
    }

    fn judge(settings: &CurseOfMemorySettings, results: &Results) -> Vec<Verdict> {
        judge::judge(settings, results)
    }

    fn pictures(settings: &CurseOfMemorySettings, results: &Results) -> Vec<Picture> {
        judge::pictures(settings, results)
    }
}

/// Runs as many recurrences as units on white noise, `[time, units]`, and differentiates the last state
/// with respect to every unit's parameter and every state.
fn sensitivity(form: Form, lambda: f64, [length, units]: [usize; 2], seed: u64) -> Box<Task> {
    Box::new(move |device: &Device, listener: &mut dyn Listener| {
        let device = device.clone().autodiff();
        let drawn = Initializer::Normal(1.0).draw(length, units, &mut weight_rng(seed));
        let inputs = Tensor::<2>::from_data(TensorData::new(drawn, [length, units]), &device);
        let parameter = Tensor::<1>::full([units], form.parameter(lambda), &device).require_grad();
        let [factor, gain] = form.on_device(parameter.clone());
        let mut taps = Taps::on();
        let mut state = Tensor::<1>::zeros([units], &device);
        for time in 0..length {
            let input = inputs.clone().narrow(0, time, 1).squeeze_dim(0); // [units]
            let next = factor.clone() * state + gain.clone() * input;
            state = taps.tap_step("state", time, next);
        }
        let gradients = state.sum().backward();
        let mut largest = 0.0f64;
        for tap in taps.tapped() {
            let Some(gradient) = tap.gradient(&gradients) else { continue };
            let gradient = gradient.try_into_data()?;
            largest = gradient.iter::<f64>().fold(largest, |most, x| most.max(x.abs()));
        }
        let mut rows = vec![Row::of_network(0, LARGEST_STATE_GRADIENT, largest)];
        if let Some(gradient) = parameter.grad(&gradients) {
            let square: f64 = gradient.try_into_data()?.iter::<f64>().map(|x| x * x).sum();
            rows.push(Row::of_network(0, STATE_SENSITIVITY, (square / units as f64).sqrt()));
        }
        listener.record(&rows)?;
        Ok(Outcome::Finished)
    })
}

/// Memories are this many times shorter at the start than those to be learnt.
const SHORTER: f64 = 1.5;

/// Learns λ by gradient descent, in `f64`.
fn training(
    form: Form,
    lambda: f64,
    rate: f64,
    settings: Arc<CurseOfMemorySettings>,
    seed: u64,
) -> Box<Task> {
    Box::new(move |_: &Device, listener: &mut dyn Listener| {
        let (sequences, length) = (settings.sequences, settings.training_length);
        let lesson = Lesson::new(form, lambda, sequences, length, seed);
        let start = (1.0 - SHORTER * (1.0 - lambda)).max(0.01);
        let learnt = lesson.learn(start, rate, settings.steps);
        listener.record(&[Row::of_network(settings.steps, LEARNT_FACTOR, learnt)])?;
        Ok(Outcome::Finished)
    })
}
