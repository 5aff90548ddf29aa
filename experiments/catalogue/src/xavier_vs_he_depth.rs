//! He against Xavier initialisation in deep ReLU nets.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_trainer::OptimizerConfig;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, arm, log_factors};
use super::tournament::{Images, Tournament, TournamentArm};

/// Figures 2 and 3 of He et al. 2015, with fully connected nets.
pub(crate) struct XavierVsHeDepth;

const FACTORS: Statement = Statement {
    id: "exact-factors",
    statement: "Per layer of a ReLU net, Xavier initialisation keeps √½ of the gradient and He \
                initialisation all of it.",
    rule: "At initialisation, at four times the width, twice the seeds and the greatest depth. Two \
           one-sided tests on ln factor per layer: supported if both 90 % intervals lie within 3 % \
           of 1/√2 and 1, refuted if one lies outside.",
};
const BOTH_AT_22: Statement = Statement {
    id: "both-train-the-shallower",
    statement: "At 22 layers, ReLU nets learn with either initialisation.",
    rule: "SGD with momentum, each at its best learning rate, at the smallest depth. Supported if \
           for both the exact 95 % interval of the share of seeds that reach the target accuracy \
           lies above 0.5, refuted if for one it lies below.",
};
const HE_SOONER: Statement = Statement {
    id: "he-sooner-at-the-shallower",
    statement: "At 22 layers, ReLU nets learn sooner with He initialisation than with Xavier \
                initialisation.",
    rule: "Supported if the log-rank test finds He's faster at the 5 % level and Xavier's mean \
           time is at least 1.2 times He's; refuted if the test finds it slower, or if the 95 % \
           interval of the ratio lies below 1.2.",
};
const HE_AT_30: Statement = Statement {
    id: "he-trains-the-deeper",
    statement: "At 30 layers, ReLU nets still learn with He initialisation.",
    rule: "At the greatest depth: supported if the exact 95 % interval of the share of seeds that \
           reach the target lies above 0.5, refuted if below.",
};
const XAVIER_STALLS: Statement = Statement {
    id: "xavier-stalls-at-the-deeper",
    statement: "At 30 layers, ReLU nets with Xavier initialisation stall.",
    rule: "At the greatest depth: supported if the exact 95 % interval of the share of seeds that \
           reach the target lies below 0.5, refuted if above.",
};

const ARMS: [(&str, Initializer); 2] =
    [(XAVIER, Initializer::XavierNormal), (HE, Initializer::HeNormal)];
const XAVIER: &str = "xavier";
const HE: &str = "he";
const MOMENTUM: OptimizerConfig = OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 0.0 };

fn arms(settings: &Tournament<Images>) -> Vec<TournamentArm<Images>> {
    let width = settings.task.width;
    let arm = |(name, initializer): (&str, Initializer)| {
        settings.arm(name, MOMENTUM, move |depth| {
            NetworkConfig::Mlp(MlpConfig { depth, width, initializer, ..Default::default() })
        })
    };
    ARMS.map(arm).into()
}

/// The untrained nets, at the greatest depth.
fn flow(settings: &Tournament<Images>) -> FlowSettings {
    FlowSettings {
        seeds: 2 * settings.seeds,
        first_seed: settings.first_seed,
        width: 4 * settings.task.width,
        depth: settings.extremes().1.max(3),
        batch: 8,
    }
}

impl Experiment for XavierVsHeDepth {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "xavier-vs-he-depth",
        title: "The depth at which Xavier initialisation fails ReLU nets and He's does not",
        question: "He et al. show a 22-layer ReLU net that learns with either initialisation, \
            sooner with theirs, and a 30-layer net that stalls with Xavier's. Is the gradient lost \
            at the rate they derive, and do 22 and 30 layers differ as much in fully connected \
            nets?",
        sources: &[
            "K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers: surpassing human-level \
             performance on ImageNet classification, ICCV 2015, § 2.2, equation 14, figures 2 and \
             3",
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 4.2.1, equation 16",
        ],
        claims: &[FACTORS, BOTH_AT_22, HE_SOONER, HE_AT_30, XAVIER_STALLS],
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (data, images, width, steps) = match preset {
            Preset::Quick => (ImageSet::Digits, 2_000, 64, 600),
            Preset::Standard => (ImageSet::FashionMnist, 60_000, 128, 4_000),
            Preset::Paper => (ImageSet::FashionMnist, 60_000, 256, 20_000),
        };
        Tournament {
            seeds: 10,
            first_seed: 0,
            steps,
            batch_size: 64,
            rates: vec![0.01, 0.03, 0.1],
            tuning_seeds: 1,
            evaluate_every: steps / 30,
            task: Images { data, images, depths: vec![22, 30], width, accuracy: 0.8 },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        let flow = flow(settings);
        let network = |initializer| MlpConfig { initializer, ..flow.mlp() };
        let untrained = ARMS.map(|(name, initializer)| arm(name, network(initializer)));
        let mut trials = settings.trials(&arms(settings))?;
        trials.extend(flow.trials(&untrained));
        Ok(trials)
    }

    fn judge(settings: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(results);
        let (shallow, deep) = settings.extremes();
        let factor = |(name, theory): (&str, f64)| {
            let sample = Sample::of_logs("factor per layer", log_factors(results, name));
            let sample = sample.because(format!("theory {theory:.3}"));
            (name.to_owned(), sample.equals(&FACTORS, theory, 0.03))
        };
        let learns = |(name, _): (&str, Initializer)| {
            (name.to_owned(), contest.successes(name, shallow).exceeds(&BOTH_AT_22, 0.5))
        };
        vec![
            in_every_case(&FACTORS, [(XAVIER, 0.5f64.sqrt()), (HE, 1.0)].map(factor).into()),
            in_every_case(&BOTH_AT_22, ARMS.map(learns).into()),
            contest.steps(HE, shallow).sooner_than(
                &contest.steps(XAVIER, shallow),
                &HE_SOONER,
                1.2,
            ),
            contest.successes(HE, deep).exceeds(&HE_AT_30, 0.5),
            contest.successes(XAVIER, deep).stays_below(&XAVIER_STALLS, 0.5),
        ]
    }

    fn pictures(settings: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(results);
        let (shallow, _) = settings.extremes();
        let flow = flow(settings).gradient_flow(results, &[XAVIER, HE]);
        vec![contest.success_by_step(&[XAVIER, HE], shallow), flow]
    }
}
