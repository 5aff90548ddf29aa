//! Any network of the zoo on any data.

mod data;
mod settings;

use std::ops::Range;

use anyhow::anyhow;
use backdraft_hooks::{
    ActivationGradientNorm, DeadShare, GradientHook, GradientNorm, Quantity, SaturatedShare,
    Schedule, UpdateRatio,
};
use backdraft_lab::measure::{Assignment, training};
use backdraft_lab::{Experiment, Trial};
use backdraft_record::{About, Factors, Picture, Preset, Results, TrialResult, by_layer, by_step};
use backdraft_rows::{QuantityName, Subject};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};

use settings::TrainingSettings;

/// Trains a network and watches its gradients.
pub(crate) struct ZooTraining;

const LEARNS: Statement = Statement {
    id: "learns",
    statement: "The network learns.",
    rule: "Test loss after the last step over that of the best predictor that ignores its inputs; \
           1 for a training that diverged. Supported if its 95 % interval lies below 0.5, refuted \
           if above.",
};
const REACHES_TARGET: Statement = Statement {
    id: "reaches-target",
    statement: "The network reaches the target.",
    rule: "Test accuracy after the last step (0 for a training that diverged). Supported if its \
           95 % interval lies above `target`, refuted if below. Where numbers are predicted: test \
           mean squared error, supported if below `target`, refuted if above.",
};
const GRADIENT_ARRIVES: Statement = Statement {
    id: "gradient-arrives",
    statement: "At initialisation, at least a hundredth of the gradient reaches the first layer \
                (in a recurrent network, the first time step).",
    rule: "Ratio of ‖∂L/∂a‖, first over last tap, before the first step. Supported if the 95 % \
           interval of its geometric mean lies above 0.01, refuted if below.",
};

const NORM: QuantityName = QuantityName::ACTIVATION_GRADIENT_NORM;
const WATCHED: &[&dyn Quantity] =
    &[&GradientNorm, &ActivationGradientNorm, &UpdateRatio, &DeadShare, &SaturatedShare];

impl Experiment for ZooTraining {
    type Settings = TrainingSettings;

    const ABOUT: About = About {
        name: "training",
        title: "Any network of the zoo on any data: does it learn, and does its gradient arrive?",
        question: "Does this network learn these data, and how does its gradient flow meanwhile? \
            Set `model` (see `backdraft zoo`), `network.…`, `data` (see `backdraft data list`, or \
            a generated task such as `adding`, or your own .csv with `target=COLUMN`, or .npz) and \
            the training.",
        sources: &[
            "the paper of the model, which `backdraft zoo` names",
            "K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR \
             2016, table 6, for the paper preset",
        ],
        claims: &[LEARNS, REACHES_TARGET, GRADIENT_ARRIVES],
    };

    fn settings(preset: Preset) -> TrainingSettings {
        TrainingSettings::of(preset)
    }

    fn seeds(settings: &TrainingSettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &TrainingSettings) -> anyhow::Result<Vec<Trial>> {
        let network = settings.network()?;
        let Assignment { data, shape } = settings.assignment()?;
        let network = network.fitted(&shape).ok_or_else(|| {
            let (model, data) = (&settings.model, settings.data.label());
            let shape = &shape.example_shape;
            anyhow!("{model} cannot take `{data}`, whose examples have shape {shape:?}")
        })?;
        network.validate()?;
        let schedule = Schedule::Every(settings.every(settings.observations));
        let mut trials = Vec::new();
        for seed in Self::seeds(settings) {
            let schedule = schedule.clone();
            let hook = move || GradientHook::new(WATCHED, schedule.clone());
            let trainer = settings.trainer(seed);
            let task = training(network.clone(), trainer, data.clone(), hook);
            let factors =
                Factors::new([("model", settings.model.clone()), ("data", settings.data.label())]);
            trials.push(Trial { factors, seed, cost: 1, task });
        }
        Ok(trials)
    }

    fn judge(settings: &TrainingSettings, results: &Results) -> Vec<Verdict> {
        let trials = || results.trials().iter();
        let last = |trial: &TrialResult, quantity: &QuantityName, otherwise| {
            let value = trial.last(quantity).filter(|value: &f64| value.is_finite());
            value.filter(|_| trial.is_finished()).unwrap_or(otherwise)
        };
        // A file that is gone or has changed decides nothing.
        let known = settings.known().ok();
        let trivial = known.map_or(f64::NAN, |known| known.trivial_loss);
        let losses: Vec<f64> =
            trials().map(|trial| last(trial, &QuantityName::TEST_LOSS, trivial)).collect();
        let relative = losses.iter().map(|loss| loss / trivial).filter(|share| share.is_finite());
        let relative = relative.collect();
        let reached = if known.is_some_and(|known| known.predicts_values) {
            Sample::new("test mean squared error", losses)
                .stays_below(&REACHES_TARGET, settings.goal())
        } else {
            let accuracies = trials().filter(|_| known.is_some());
            let accuracies =
                accuracies.map(|trial| last(trial, &QuantityName::TEST_ACCURACY, 0.0)).collect();
            Sample::new("test accuracy", accuracies).exceeds(&REACHES_TARGET, settings.goal())
        };
        let ratio = |trial: &TrialResult| {
            let norms = trial.initial(&NORM, is_output);
            Some((norms.first()? / norms.last()?).ln())
        };
        vec![
            Sample::new("test loss over trivial loss", relative).stays_below(&LEARNS, 0.5),
            reached,
            Sample::of_logs("‖∂L/∂a‖, first over last", trials().filter_map(ratio).collect())
                .exceeds(&GRADIENT_ARRIVES, 0.01),
        ]
    }

    fn pictures(settings: &TrainingSettings, results: &Results) -> Vec<Picture> {
        let trials: Vec<&TrialResult> = results.trials().iter().collect();
        let name = &settings.model;
        let flow = Picture::new(
            "gradient-flow",
            format!("Gradient reaching each layer or time step of {name}, before training"),
            "layer, or time step",
            "‖∂L/∂a‖, L2 over the batch",
        );
        let loss = Picture::new("loss", format!("Loss of {name}"), "optimiser step", "loss");
        let loss = [("loss", QuantityName::LOSS), ("test loss", QuantityName::TEST_LOSS)]
            .into_iter()
            .fold(loss, |picture, (label, quantity)| {
                picture.measured(label, by_step(&trials, &quantity))
            });
        let accuracy =
            Picture::new("accuracy", format!("Test accuracy of {name}"), "optimiser step", "share");
        let mut pictures = vec![
            flow.logarithmic().profile(name.clone(), by_layer(&trials, &NORM, is_output)),
            loss.logarithmic(),
        ];
        if trials.iter().any(|trial| trial.last(&QuantityName::TEST_ACCURACY).is_some()) {
            pictures.push(
                accuracy.measured(name.clone(), by_step(&trials, &QuantityName::TEST_ACCURACY)),
            );
        }
        pictures
    }
}

/// Selects the outputs of layers, not what lies within a block or an LSTM's cell state.
fn is_output(subject: &Subject) -> bool {
    ![".hidden", ".cell", ".attention"].iter().any(|inner| subject.path().ends_with(inner))
}
