//! Units that die from large learning rates.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_hooks::{DeadShare, GradientHook, Schedule};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Picture, Point, Preset, Results};
use backdraft_rows::QuantityName;
use backdraft_trainer::OptimizerConfig;
use backdraft_verdicts::judgement::{Successes, rises_along};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::is_hidden;
use super::tournament::{Images, Rates, Tournament, TournamentArm};

/// Dying ReLUs by learning rate, and the effect of leaky ReLU and ELU.
pub(crate) struct DeadRelu;

const DIES_WITH_RATE: Statement = Statement {
    id: "dies-with-the-rate",
    statement: "The larger the learning rate, the more ReLU nets lose half of a layer's units in \
                training.",
    rule: "SGD, the same seeds for each rate. A net counts if at the last observation at least \
           half of the units of a hidden layer are zero for the whole batch; a net that diverged \
           to numbers that are not finite does not count. Supported if the Cochran–Armitage test \
           finds the share rising with ln rate at the 5 % level, refuted if falling.",
};
const FAST_FAILS: Statement = Statement {
    id: "large-rate-fails",
    statement: "At the largest learning rate, ReLU nets do not learn.",
    rule: "Supported if the exact 95 % interval of the share of seeds that reach the target lies below 0.5, \
           refuted if above.",
};
const LEAK_HELPS: Statement = Statement {
    id: "leaky-relu-bears-more",
    statement: "Leaky ReLU nets tolerate larger learning rates than ReLU nets.",
    rule: "Share of all rates and seeds that end above the target accuracy, leaky ReLU − ReLU: \
           supported if the 95 % interval of the difference lies above 0, refuted if below.",
};
const ELU_HELPS: Statement = Statement {
    id: "elu-bears-more",
    statement: "ELU nets tolerate larger learning rates than ReLU nets.",
    rule: "The same rule as for leaky ReLU.",
};

const ARMS: [Activation; 3] = [Activation::Relu, Activation::LeakyRelu, Activation::Elu];

fn name(activation: Activation, rate: f64) -> String {
    format!("{} at {rate}", activation.name())
}

fn hook() -> GradientHook {
    GradientHook::new(&[&DeadShare], Schedule::LogSpaced { per_decade: 8 })
}

fn arms(settings: &Tournament<Images>) -> Vec<TournamentArm<Images>> {
    let width = settings.task.width;
    let arm = |activation: Activation, rate: f64| {
        let network = move |depth| {
            NetworkConfig::Mlp(MlpConfig {
                depth,
                width,
                activation,
                initializer: Initializer::HeNormal,
                ..Default::default()
            })
        };
        let arm = settings.arm(name(activation, rate), OptimizerConfig::SGD, network);
        TournamentArm { rates: Rates::BestOf(vec![rate]), hook, ..arm }
    };
    let rates = || settings.rates.iter();
    ARMS.iter().flat_map(|activation| rates().map(|rate| arm(*activation, *rate))).collect()
}

/// The largest share of dead units in any hidden layer at the last observation, by seed.
fn dead_shares(settings: &Tournament<Images>, results: &Results, rate: f64) -> Vec<f64> {
    let contest = settings.contest(results);
    let trials = contest.trials(&name(Activation::Relu, rate), settings.extremes().1);
    let worst = |shares: Vec<f64>| shares.into_iter().fold(0.0, f64::max);
    trials
        .into_iter()
        .map(|trial| worst(trial.at_end(&QuantityName::DEAD_SHARE, is_hidden)))
        .collect()
}

impl Experiment for DeadRelu {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "dead-relu",
        title: "Learning rates that kill ReLUs, and the effect of leaky ReLU and ELU",
        question: "A ReLU whose weights a large step has moved to where it is zero for every input \
            gets no gradient and stays there. How does that depend on the learning rate, and do \
            activations with a slope below zero tolerate larger rates?",
        sources: &[
            "A. L. Maas, A. Y. Hannun, A. Y. Ng, Rectifier nonlinearities improve neural network acoustic \
             models, ICML 2013 workshop, § 2, equation 3 (leaky ReLU)",
            "D.-A. Clevert, T. Unterthiner, S. Hochreiter, Fast and accurate deep network learning \
             by exponential linear units, ICLR 2016, § 3",
        ],
        claims: &[DIES_WITH_RATE, FAST_FAILS, LEAK_HELPS, ELU_HELPS],
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (data, images, width, steps) = match preset {
            Preset::Quick => (ImageSet::Digits, 2_000, 64, 250),
            Preset::Standard => (ImageSet::FashionMnist, 60_000, 128, 2_000),
            Preset::Paper => (ImageSet::FashionMnist, 60_000, 256, 10_000),
        };
        Tournament {
            seeds: 20,
            first_seed: 0,
            steps,
            batch_size: 32,
            rates: vec![0.03, 0.1, 0.3, 1.0, 3.0],
            tuning_seeds: 1,
            evaluate_every: steps / 10,
            task: Images { data, images, depths: vec![5], width, accuracy: 0.8 },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        settings.trials(&arms(settings))
    }

    fn judge(settings: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(results);
        let depth = settings.extremes().1;
        let dying = |rate: &f64| {
            let shares = dead_shares(settings, results, *rate);
            (*rate, Successes::new("", shares.into_iter().map(|share| share >= 0.5)))
        };
        let by_rate: Vec<(f64, Successes)> = settings.rates.iter().map(dying).collect();
        let learnt = |activation: Activation| {
            let of_rate = |rate: &f64| contest.accuracies(&name(activation, *rate), depth);
            let accuracies = settings.rates.iter().flat_map(of_rate);
            let outcomes = accuracies.map(|share| share >= settings.task.accuracy);
            Successes::new("difference of shares of rates and seeds", outcomes)
        };
        let percent = |successes: &Successes| {
            100.0 * successes.proportion().map_or(f64::NAN, |proportion| proportion.share())
        };
        let largest = settings.rates.iter().copied().fold(0.0, f64::max);
        let relu = learnt(Activation::Relu);
        let helps = |activation, claim| {
            let learnt = learnt(activation);
            let evidence = format!("{:.0} %, ReLU {:.0} %", percent(&learnt), percent(&relu));
            learnt.because(evidence).exceed(&relu, claim, 0.0)
        };
        vec![
            rises_along(
                &DIES_WITH_RATE,
                "share that dies, largest − smallest rate",
                &by_rate,
                f64::ln,
            ),
            contest
                .successes(&name(Activation::Relu, largest), depth)
                .stays_below(&FAST_FAILS, 0.5),
            helps(Activation::LeakyRelu, &LEAK_HELPS),
            helps(Activation::Elu, &ELU_HELPS),
        ]
    }

    fn pictures(settings: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(results);
        let depth = settings.extremes().1;
        let picture = Picture::new(
            "accuracy-by-rate",
            format!("Test accuracy after {} steps of SGD, {depth} layers", settings.steps),
            "log10 of the learning rate",
            "accuracy",
        );
        let accuracy = ARMS.iter().fold(picture, |picture, activation| {
            let point = |rate: &f64| {
                let accuracies = contest.accuracies(&name(*activation, *rate), depth);
                Point::mean(rate.log10(), &accuracies)
            };
            picture.measured(activation.name(), settings.rates.iter().filter_map(point))
        });
        let dead = Picture::new(
            "dead-by-rate",
            "Dead units in the layer with the most of them, ReLU",
            "log10 of the learning rate",
            "share of units",
        );
        let point = |rate: &f64| Point::mean(rate.log10(), &dead_shares(settings, results, *rate));
        vec![accuracy, dead.measured("relu", settings.rates.iter().filter_map(point))]
    }
}
