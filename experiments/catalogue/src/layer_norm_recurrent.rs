//! Layer normalisation inside a recurrent net.

use std::ops::Range;

use backdraft_datasets::SequenceTask;
use backdraft_lab::measure::flow;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::time_flow::{by_lag, is_state, log_factors};
use super::tournament::{Problem, Sequences, Tournament, TournamentArm};

/// LSTMs with and without layer normalisation: gradients through time, and training.
pub(crate) struct LayerNormRecurrent;

const INVARIANT: Statement = Statement {
    id: "ignores-weight-scale",
    statement: "How fast ∂L/∂h shrinks on its way back through a layer-normalised LSTM does not \
                depend on the size of the recurrent weights.",
    rule: "Factor per step at recurrent gain 4 over that at gain 1/4, paired by seed, before \
           training; two one-sided tests on the logarithm: supported if the 90 % interval lies \
           within 1 % of 1, refuted if outside.",
};
const PLAIN_DEPENDS: Statement = Statement {
    id: "plain-depends-on-scale",
    statement: "How fast ∂L/∂h shrinks on its way back through a plain LSTM depends on the size of \
                the recurrent weights: larger ones carry it further.",
    rule: "The same ratio. Supported if its 95 % interval lies above 1.05, refuted if below.",
};
const REACHES_FURTHER: Statement = Statement {
    id: "reaches-further",
    statement: "With orthogonal recurrent weights of gain 1, ∂L/∂h shrinks less per step in an \
                LSTM with layer normalisation than in one without.",
    rule: "Ratio of the factors per step, with over without, paired by seed. Supported if its 95 % \
           interval lies above 1.01, refuted if below 1.01.",
};
const LEARNS_SOONER: Statement = Statement {
    id: "learns-sooner",
    statement: "A layer-normalised LSTM learns temporal order in fewer steps than a plain one.",
    rule: "At the longest length, each at its best learning rate; learnt means a test loss below a \
           tenth of ln 4. Supported if the log-rank test finds the normalised LSTM faster at the \
           5 % level and the other's mean time is at least 1.2 times as long; refuted if the test \
           finds it slower, or if the 95 % interval of the ratio lies below 1.2.",
};

const PROBLEM: Problem = Problem { task: SequenceTask::TemporalOrder, solved: 0.1 };
const PLAIN: &str = "lstm";
const NORMALIZED: &str = "lstm-layer-norm";
const CELLS: [(&str, Cell); 2] = [(PLAIN, Cell::Lstm), (NORMALIZED, Cell::LayerNormLstm)];
/// Gains of the orthogonal recurrent weights.
const GAINS: [f64; 3] = [0.25, 1.0, 4.0];
/// Time steps over which the gradient is followed.
const FLOW_LENGTH: usize = 50;
const FLOW_BATCH: usize = 16;

fn flow_levels(cell: &str, gain: f64) -> [(&'static str, String); 3] {
    [("part", "flow".to_owned()), ("cell", cell.to_owned()), ("gain", gain.to_string())]
}

fn arms(settings: &Tournament<Sequences>) -> [TournamentArm<Sequences>; 2] {
    CELLS.map(|(name, cell)| {
        settings.arm(PROBLEM, name, RecurrentConfig { cell, ..Default::default() })
    })
}

impl LayerNormRecurrent {
    fn looks(settings: &Tournament<Sequences>) -> Vec<Trial> {
        let look = |seed: u64, (name, cell): (&str, Cell), gain: f64| {
            let network = RecurrentConfig {
                cell,
                hidden: settings.task.hidden,
                length: FLOW_LENGTH,
                recurrent_initializer: Initializer::Orthogonal(gain),
                ..Default::default()
            };
            let task = flow(NetworkConfig::Recurrent(network), FLOW_BATCH, seed);
            let [part, cell, gain] = flow_levels(name, gain);
            Trial { factors: Factors::new([part, cell, gain]), seed, cost: 1, task }
        };
        let of_seed =
            |seed| CELLS.into_iter().flat_map(move |cell| GAINS.map(|gain| look(seed, cell, gain)));
        settings.seeds().flat_map(of_seed).collect()
    }

    fn logs(results: &Results, cell: &str, gain: f64) -> Vec<f64> {
        let levels = flow_levels(cell, gain);
        let levels: Vec<_> = levels.iter().map(|(name, level)| (*name, level.as_str())).collect();
        log_factors(&results.with(&levels), is_state)
    }
}

impl Experiment for LayerNormRecurrent {
    type Settings = Tournament<Sequences>;

    const ABOUT: About = About {
        name: "layer-norm-recurrent",
        title: "Layer normalisation inside a recurrent net",
        question: "Layer normalisation is said to stabilise recurrent nets. What does it do to the \
            gradient on its way back through time, and to learning over time?",
        sources: &[
            "J. L. Ba, J. R. Kiros, G. E. Hinton, Layer normalization, arXiv:1607.06450, 2016, \
             § 3.1, equation 4, § 5.1, table 1, and the supplement, equations 20–22",
        ],
        claims: &[INVARIANT, PLAIN_DEPENDS, REACHES_FURTHER, LEARNS_SOONER],
    };

    fn settings(preset: Preset) -> Tournament<Sequences> {
        let (seeds, lengths, steps) = match preset {
            Preset::Quick => (16, vec![30], 320),
            Preset::Standard => (8, vec![50, 100], 3_000),
            Preset::Paper => (8, vec![100, 200], 10_000),
        };
        Tournament {
            seeds,
            rates: vec![1e-3, 3e-3, 1e-2],
            ..Tournament::of(Sequences::of(lengths), steps)
        }
    }

    fn seeds(settings: &Tournament<Sequences>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Sequences>) -> anyhow::Result<Vec<Trial>> {
        let mut trials = settings.trials(&arms(settings))?;
        trials.extend(Self::looks(settings));
        Ok(trials)
    }

    fn judge(settings: &Tournament<Sequences>, results: &Results) -> Vec<Verdict> {
        let ratio = |above: Vec<f64>, below: Vec<f64>| {
            let ratios = above.iter().zip(&below).map(|(above, below)| above - below).collect();
            Sample::of_logs("ratio of factors per step", ratios)
        };
        let logs = |cell, gain| Self::logs(results, cell, gain);
        let by_gain = |cell| ratio(logs(cell, 4.0), logs(cell, 0.25));
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        let steps = |arm| contest.steps(arm, longest);
        vec![
            by_gain(NORMALIZED).equals(&INVARIANT, 1.0, 0.01),
            by_gain(PLAIN).exceeds(&PLAIN_DEPENDS, 1.05),
            ratio(logs(NORMALIZED, 1.0), logs(PLAIN, 1.0)).exceeds(&REACHES_FURTHER, 1.01),
            steps(NORMALIZED).sooner_than(&steps(PLAIN), &LEARNS_SOONER, 1.2),
        ]
    }

    fn pictures(settings: &Tournament<Sequences>, results: &Results) -> Vec<Picture> {
        let title =
            format!("Gradient reaching the hidden state at each of {FLOW_LENGTH} time steps");
        let lag = "lag T − t, time steps";
        let mut states = Picture::new("state-gradients", title, lag, "‖∂L/∂hₜ‖, L2 over the batch")
            .logarithmic();
        for (cell, _) in CELLS {
            for gain in GAINS {
                let levels = flow_levels(cell, gain);
                let levels: Vec<_> = levels.iter().map(|(n, level)| (*n, level.as_str())).collect();
                let points = by_lag(&results.with(&levels), is_state);
                states = states.profile(format!("{cell}, gain {gain}"), points);
            }
        }
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        vec![states, contest.success_by_step(&[PLAIN, NORMALIZED], longest)]
    }
}
