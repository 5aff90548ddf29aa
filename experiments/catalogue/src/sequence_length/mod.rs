//! Gradients through time, and what networks learn from them.

mod claims;
mod judge;
mod pictures;
mod settings;
mod trials;

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_verdicts::Verdict;

use claims::CLAIMS;
use settings::SequenceLengthSettings;

/// RNN, LSTM and GRU against sequence length.
pub(crate) struct SequenceLength;

impl Experiment for SequenceLength {
    type Settings = SequenceLengthSettings;

    const ABOUT: About = About {
        name: "sequence-length",
        title: "How far back a recurrent net's gradient reaches, and what it can learn",
        question: "‖∂L/∂h_t‖ against the lag T − t shows how much of the error at the end reaches \
            an early step. How fast does it fall in an RNN, an LSTM and a GRU before training? \
            Does the LSTM's forget gate account for it, and does it decide which of them solves \
            the adding problem at which length?",
        sources: &[
            "S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997, \
             § 3.1–3.2 and § 5.4",
            "Y. Bengio, P. Simard, P. Frasconi, Learning long-term dependencies with gradient \
             descent is difficult, IEEE Transactions on Neural Networks 5, 1994",
            "R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural \
             networks, ICML 2013, § 2.1, equations 5–7",
            "Q. V. Le, N. Jaitly, G. E. Hinton, A simple way to initialize recurrent networks of \
             rectified linear units, arXiv:1504.00941, 2015, § 4.1 (the adding problem in this form)",
            "R. Jozefowicz, W. Zaremba, I. Sutskever, An empirical exploration of recurrent \
             network architectures, ICML 2015, § 2.2 (forget bias 1)",
            "C. Tallec, Y. Ollivier, Can recurrent neural networks warp time?, ICLR 2018, § 2, \
             equation 16 (chrono initialisation)",
        ],
        claims: CLAIMS,
    };

    fn settings(preset: Preset) -> SequenceLengthSettings {
        SequenceLengthSettings::of(preset)
    }

    fn seeds(settings: &SequenceLengthSettings) -> Range<u64> {
        settings.learning.seeds()
    }

    fn trials(settings: &SequenceLengthSettings) -> anyhow::Result<Vec<Trial>> {
        trials::trials(settings)
    }

    fn judge(settings: &SequenceLengthSettings, results: &Results) -> Vec<Verdict> {
        judge::judge(settings, results)
    }

    fn pictures(settings: &SequenceLengthSettings, results: &Results) -> Vec<Picture> {
        pictures::pictures(settings, results)
    }
}
