//! The example that most tutorials use, trained and measured.

mod claims;
mod judge;
mod pictures;
mod settings;
mod trials;

use std::ops::Range;

use crate::experiment::{About, Experiment, Preset};
use crate::picture::Picture;
use crate::results::Results;
use crate::trial::Trial;
use crate::verdict::Verdict;
use claims::CLAIMS;
use settings::SigmoidVsReluSettings;

/// Sigmoid against ReLU in the fully connected network of the Keras tutorials.
pub(crate) struct SigmoidVsRelu;

impl Experiment for SigmoidVsRelu {
    type Settings = SigmoidVsReluSettings;

    const ABOUT: About = About {
        name: "sigmoid-vs-relu",
        title: "Why sigmoid nets stop learning, and when they do not",
        question: "Most tutorials build 100 → 64 → 64 → 64 → 1 once with sigmoid and once with \
            ReLU hidden layers, say that the sigmoid net's gradients vanish, and stop there. Do \
            they vanish, by how much per layer, and does that keep the net from learning? The \
            answer turns out to depend on the depth and the optimiser.",
        sources: &[
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 3.1 and § 4.2",
            "K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, ICCV 2015, § 2.2, \
             equations 10 and 14",
            "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, Deep information \
             propagation, ICLR 2017",
            "D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, § 2.1",
        ],
        claims: CLAIMS,
    };

    fn settings(preset: Preset) -> SigmoidVsReluSettings {
        SigmoidVsReluSettings::of(preset)
    }

    fn seeds(settings: &SigmoidVsReluSettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &SigmoidVsReluSettings) -> anyhow::Result<Vec<Trial>> {
        trials::trials(settings)
    }

    fn judge(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Verdict> {
        judge::judge(settings, results)
    }

    fn pictures(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Picture> {
        pictures::pictures(settings, results)
    }
}
