//! Images read as sequences: row by row, pixel by pixel, in a meaningless order.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_record::{About, Picture, Preset, Results, TrialResult, by_step};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_rows::QuantityName;
use backdraft_trainer::{Clipping, OptimizerConfig, TrainerConfig};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::tournament::{Images, Reading, Tournament, TournamentArm};

/// RNN, IRNN and LSTM on images as sequences.
pub(crate) struct SequentialDigits;

const ROWS_ALIKE: Statement = Statement {
    id: "rows-are-easy",
    statement: "Row by row, a tanh RNN reads digits as well as an LSTM.",
    rule: "Test accuracy after training, each at its best learning rate, LSTM − RNN, paired by \
           seed. Supported if the 95 % interval of the mean lies below 0.03, refuted if above.",
};
const PIXELS_NEED_GATES: Statement = Statement {
    id: "pixels-need-gates",
    statement: "Pixel by pixel, an LSTM reads digits better than a tanh RNN.",
    rule: "The same difference. Supported if its 95 % interval lies above 0.03, refuted if below.",
};
const IDENTITY_SUFFICES: Statement = Statement {
    id: "identity-suffices",
    statement: "Pixel by pixel, a ReLU RNN that starts as the identity reads digits as well as an \
                LSTM.",
    rule: "The same difference, LSTM − IRNN. Supported if the 95 % interval of the mean lies below \
           0.03, refuted if above.",
};
const PERMUTED_HARDER: Statement = Statement {
    id: "permuted-is-harder",
    statement: "A fixed permutation of the pixels, which loses no information but moves neighbours \
                apart, makes digits harder for an LSTM.",
    rule: "The LSTM's accuracy with the pixels in order − permuted, paired by seed. Supported if \
           the 95 % interval of the mean lies above 0.02, refuted if below.",
};

/// The arms: name, how an image is read, and what reads it.
const ARMS: [(&str, Reading, Reader); 6] = [
    ("rnn-rows", Reading::Whole, Reader::Rnn),
    ("lstm-rows", Reading::Whole, Reader::Lstm),
    ("rnn-pixels", Reading::Pixels, Reader::Rnn),
    ("irnn-pixels", Reading::Pixels, Reader::Identity),
    ("lstm-pixels", Reading::Pixels, Reader::Lstm),
    ("lstm-permuted", Reading::Permuted, Reader::Lstm),
];

#[derive(Clone, Copy)]
enum Reader {
    Rnn,
    Identity,
    Lstm,
}

fn network(reader: Reader, hidden: usize) -> impl Fn(usize) -> NetworkConfig {
    move |layers| {
        let shape = RecurrentConfig { hidden, layers, ..Default::default() };
        NetworkConfig::Recurrent(match reader {
            Reader::Rnn => RecurrentConfig { cell: Cell::Rnn, ..shape },
            Reader::Lstm => RecurrentConfig { cell: Cell::Lstm, ..shape },
            Reader::Identity => RecurrentConfig {
                cell: Cell::ReluRnn,
                recurrent_initializer: Initializer::Identity(1.0),
                initializer: Initializer::Normal(0.001),
                ..shape
            },
        })
    }
}

fn arms(settings: &Tournament<Images>) -> Vec<TournamentArm<Images>> {
    let arm = |(name, form, reader): (&'static str, Reading, Reader)| {
        let network = network(reader, settings.task.width);
        let arm = settings.arm(name, OptimizerConfig::ADAM, network);
        let clipping = Some(Clipping::GlobalNorm(1.0));
        TournamentArm { trainer: TrainerConfig { clipping, ..arm.trainer }, form, ..arm }
    };
    ARMS.into_iter().map(arm).collect()
}

impl Experiment for SequentialDigits {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "sequential-digits",
        title: "Images read row by row, pixel by pixel, and in a meaningless order",
        question: "An image read pixel by pixel is a sequence whose first elements matter as much \
            as its last. Which nets read digits this way: a tanh RNN, a ReLU RNN that starts as \
            the identity, an LSTM? And what if neighbouring pixels are moved apart?",
        sources: &[
            "Q. V. Le, N. Jaitly, G. E. Hinton, A simple way to initialize recurrent networks of \
             rectified linear units, arXiv:1504.00941, 2015, § 4.2",
            "E. Alpaydin, C. Kaynak, Optical recognition of handwritten digits, UCI, 1998 (8 × 8: 64 \
             steps instead of MNIST's 784)",
        ],
        claims: &[ROWS_ALIKE, PIXELS_NEED_GATES, IDENTITY_SUFFICES, PERMUTED_HARDER],
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (seeds, data, images, width, steps) = match preset {
            Preset::Quick => (28, ImageSet::Digits, 2_000, 32, 500),
            Preset::Standard => (6, ImageSet::FashionMnist, 10_000, 64, 2_000),
            Preset::Paper => (6, ImageSet::Mnist, 60_000, 100, 50_000),
        };
        Tournament {
            seeds,
            first_seed: 0,
            steps,
            batch_size: 32,
            rates: vec![3e-3, 1e-2],
            tuning_seeds: 3,
            evaluate_every: steps / 4,
            task: Images { data, images, depths: vec![1], width, accuracy: 0.8 },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        settings.trials(&arms(settings))
    }

    fn judge(settings: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let (_, depth) = settings.extremes();
        let accuracies = |arm: &str| settings.contest(results).accuracies(arm, depth);
        let lead = |first: &str, second: &str| {
            let pairs = accuracies(first).into_iter().zip(accuracies(second));
            let mean = |arm: &str| percent(&accuracies(arm));
            Sample::new("difference of test accuracy", pairs.map(|(a, b)| a - b).collect())
                .because(format!("{first} {}, {second} {}", mean(first), mean(second)))
        };
        vec![
            lead("lstm-rows", "rnn-rows").stays_below(&ROWS_ALIKE, 0.03),
            lead("lstm-pixels", "rnn-pixels").exceeds(&PIXELS_NEED_GATES, 0.03),
            lead("lstm-pixels", "irnn-pixels").stays_below(&IDENTITY_SUFFICES, 0.03),
            lead("lstm-pixels", "lstm-permuted").exceeds(&PERMUTED_HARDER, 0.02),
        ]
    }

    fn pictures(_: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let picture = Picture::new("learning", "Test accuracy", "optimiser step", "accuracy");
        vec![ARMS.iter().fold(picture, |picture, (arm, _, _)| {
            let trials: Vec<&TrialResult> = results.with(&[("arm", arm)]);
            picture.measured(*arm, by_step(&trials, &QuantityName::TEST_ACCURACY))
        })]
    }
}

fn percent(shares: &[f64]) -> String {
    format!("{:.1} %", 100.0 * shares.iter().sum::<f64>() / shares.len() as f64)
}
