//! How long an LSTM's forget gate remembers, and whether that matters for learning.

use std::ops::Range;

use backdraft_datasets::SequenceTask;
use backdraft_lab::measure::flow;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_record::{About, Factors, Picture, Preset, Results, TrialResult};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_rows::QuantityName;
use backdraft_theory::{chrono_gain, forget_factor, time_constant};
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::time_flow::{by_lag, is_memory, log_factors};
use super::tournament::{Problem, Sequences, Tournament, TournamentArm};

/// Forget biases and chrono initialisation, before and during training.
pub(crate) struct ForgetGate;

const TIME_CONSTANT: Statement = Statement {
    id: "time-constant",
    statement: "Where it is the only path, an LSTM's forget gate with bias b forgets with the time \
                constant −1 / ln σ(b): 1.4 steps at b = 0, 3.2 at b = 1, 149 at b = 5.",
    rule: "Input weights of size 0.001, no recurrent ones. ln ‖∂L/∂c_t‖ is fitted against the lag \
           at b = 0, 1, 2, 3 and 5; two one-sided tests on ln τ over seeds: supported if every \
           90 % interval lies within 1 % of theory, refuted if one lies outside.",
};
const CHRONO_MIXES: Statement = Statement {
    id: "chrono-mixes",
    statement: "Chrono initialisation gives a mixture of all time constants up to T: after k \
                steps, √E(u / (1 + u))^2k of the gradient is left, with u uniform from 1 to T − 1.",
    rule: "‖∂L/∂c‖ after T / 4, T / 2 and T − 1 steps over that at the end; two one-sided tests on \
           its logarithm: supported if every 90 % interval lies within 10 % of theory, refuted if \
           one lies outside.",
};
const BIAS_LEARNS_SOONER: Statement = Statement {
    id: "bias-one-learns-sooner",
    statement: "An LSTM with forget bias 1 learns the adding problem in fewer steps than one with bias 0.",
    rule: "At the longest length, each at its best learning rate; solved means a test error below \
           a tenth of 1/6. Supported if the log-rank test finds bias 1 faster at the 5 % level and \
           the other's mean time is at least 1.2 times as long; refuted if the test finds it \
           slower, or if the 95 % interval of the ratio lies below 1.2.",
};
const CHRONO_LEARNS_SOONER: Statement = Statement {
    id: "chrono-learns-sooner",
    statement: "An LSTM with chrono initialisation for the length learns the adding problem in \
                fewer steps than one with forget bias 1.",
    rule: "The same rule, chrono initialisation against bias 1.",
};

const PROBLEM: Problem = Problem { task: SequenceTask::Adding, solved: 0.1 };
const BIASES: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 5.0];
const ZERO: &str = "bias-0";
const ONE: &str = "bias-1";
const CHRONO: &str = "chrono";
const ARMS: [&str; 3] = [ZERO, ONE, CHRONO];

/// Steps over which the gradient is followed, and the length that chrono initialisation is for.
const FLOW_LENGTH: usize = 100;
/// Units of the nets in which it is followed: enough for the mixture to match theory's average.
const FLOW_WIDTH: usize = 256;
const FLOW_BATCH: usize = 4;

fn flow_factors(gate: &str) -> Factors {
    Factors::new([("part", "flow".to_owned()), ("gate", gate.to_owned())])
}

fn bias_gate(bias: f64) -> String {
    format!("bias-{bias}")
}

/// Networks in which the forget gate is the only path through time.
fn gates() -> Vec<(String, RecurrentConfig)> {
    let alone = RecurrentConfig {
        cell: Cell::Lstm,
        hidden: FLOW_WIDTH,
        length: FLOW_LENGTH,
        initializer: Initializer::Normal(0.001),
        recurrent_initializer: Initializer::Zeros,
        ..Default::default()
    };
    let chrono = RecurrentConfig { chrono_length: FLOW_LENGTH, ..alone.clone() };
    let biased = |bias| (bias_gate(bias), RecurrentConfig { forget_bias: bias, ..alone.clone() });
    BIASES.into_iter().map(biased).chain([(CHRONO.to_owned(), chrono)]).collect()
}

fn arms(settings: &Tournament<Sequences>) -> [TournamentArm<Sequences>; 3] {
    let (_, chrono_length) = settings.extremes();
    let biased = |forget_bias| RecurrentConfig { forget_bias, ..Default::default() };
    [
        settings.arm(PROBLEM, ZERO, biased(0.0)),
        settings.arm(PROBLEM, ONE, biased(1.0)),
        settings.arm(PROBLEM, CHRONO, RecurrentConfig { chrono_length, ..Default::default() }),
    ]
}

impl Experiment for ForgetGate {
    type Settings = Tournament<Sequences>;

    const ABOUT: About = About {
        name: "forget-gate-time-constant",
        title: "How long a forget gate remembers, and whether that decides what is learnt",
        question: "The forget gate's bias sets how fast an LSTM forgets before training. Does it \
            give the time constant that theory predicts, what does chrono initialisation change, \
            and does a longer memory at the start mean that long dependencies are learnt sooner?",
        sources: &[
            "F. A. Gers, J. Schmidhuber, F. Cummins, Learning to forget: continual prediction with LSTM, \
             Neural Computation 12, 2000, § 3.1, equations 10 and 11",
            "R. Jozefowicz, W. Zaremba, I. Sutskever, An empirical exploration of recurrent \
             network architectures, ICML 2015, § 2.2 (forget bias 1)",
            "C. Tallec, Y. Ollivier, Can recurrent neural networks warp time?, ICLR 2018, § 2, \
             equation 16 (chrono initialisation)",
        ],
        claims: &[TIME_CONSTANT, CHRONO_MIXES, BIAS_LEARNS_SOONER, CHRONO_LEARNS_SOONER],
    };

    fn settings(preset: Preset) -> Tournament<Sequences> {
        let (seeds, lengths, steps) = match preset {
            Preset::Quick => (16, vec![50], 720),
            Preset::Standard => (8, vec![50, 100, 200], 5_000),
            Preset::Paper => (8, vec![200, 500, 750], 30_000),
        };
        Tournament { seeds, ..Tournament::of(Sequences::of(lengths), steps) }
    }

    fn seeds(settings: &Tournament<Sequences>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Sequences>) -> anyhow::Result<Vec<Trial>> {
        let gates = gates();
        let look = |seed: u64| {
            gates.iter().map(move |(gate, network)| Trial {
                factors: flow_factors(gate),
                seed,
                cost: 1,
                task: flow(NetworkConfig::Recurrent(network.clone()), FLOW_BATCH, seed),
            })
        };
        let looks = settings.seeds().flat_map(look);
        Ok(settings.trials(&arms(settings))?.into_iter().chain(looks).collect())
    }

    fn judge(settings: &Tournament<Sequences>, results: &Results) -> Vec<Verdict> {
        let gate = |gate: &str| results.with(&[("part", "flow"), ("gate", gate)]);
        let constant = |bias: f64| {
            let logs = log_factors(&gate(&bias_gate(bias)), is_memory);
            let constants = logs.into_iter().map(|log| (-1.0 / log).ln()).collect();
            let theory = time_constant(bias);
            let sample = Sample::of_logs("time constant, steps", constants)
                .because(format!("theory {theory:.2}"));
            (format!("b = {bias}"), sample.equals(&TIME_CONSTANT, theory, 0.01))
        };
        let mixed = |lag: usize| {
            let logs = gate(CHRONO).iter().filter_map(|trial| log_gain(trial, lag)).collect();
            let theory = chrono_gain(lag as f64, FLOW_LENGTH as f64);
            let sample =
                Sample::of_logs("gradient left", logs).because(format!("theory {theory:.3}"));
            (format!("after {lag}"), sample.equals(&CHRONO_MIXES, theory, 0.1))
        };
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        let steps = |arm| contest.steps(arm, longest);
        vec![
            in_every_case(&TIME_CONSTANT, BIASES.map(constant).into()),
            in_every_case(&CHRONO_MIXES, [4, 2, 1].map(|n| mixed(FLOW_LENGTH / n - 1)).into()),
            steps(ONE).sooner_than(&steps(ZERO), &BIAS_LEARNS_SOONER, 1.2),
            steps(CHRONO).sooner_than(&steps(ONE), &CHRONO_LEARNS_SOONER, 1.2),
        ]
    }

    fn pictures(settings: &Tournament<Sequences>, results: &Results) -> Vec<Picture> {
        let title = "Gradient reaching an LSTM's cell state where its gate is the only path";
        let lag = "lag T − t, time steps";
        let picture = Picture::new("memory-gradients", title, lag, "‖∂L/∂cₜ‖, L2 over the batch")
            .logarithmic();
        let draw = |picture: Picture, gate: &str, theory: &dyn Fn(f64) -> f64| {
            let points = by_lag(&results.with(&[("part", "flow"), ("gate", gate)]), is_memory);
            let start = points.first().map_or(f64::NAN, |point| point.y);
            let line: Vec<_> = points.iter().map(|p| (p.x, start * theory(p.x))).collect();
            picture.profile(gate, points).predicted(gate, line)
        };
        let picture = BIASES.iter().fold(picture, |picture, bias| {
            draw(picture, &bias_gate(*bias), &|lag| forget_factor(*bias).powf(lag))
        });
        let memories = draw(picture, CHRONO, &|lag| chrono_gain(lag, FLOW_LENGTH as f64));
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        vec![memories, contest.success_by_size(&ARMS), contest.success_by_step(&ARMS, longest)]
    }
}

/// Returns ln of ‖∂L/∂c‖ `lag` steps before the end over that at the end.
fn log_gain(trial: &TrialResult, lag: usize) -> Option<f64> {
    let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_memory);
    let end = norms.len().checked_sub(1)?;
    Some((norms.get(end.checked_sub(lag)?)? / norms[end]).ln())
}
