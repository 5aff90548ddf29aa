//! Describes an answer in words.

use backdraft_rows::{Axis, Thresholds};
use backdraft_text::number_in_prose;

use super::answer::{Answer, factor};

/// One of the ways on which the gradient goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Through the activations of layers, or the states of time steps: ∂L/∂h.
    State,
    /// Through an LSTM's memory: ∂L/∂c.
    Memory,
}

impl Path {
    fn norms(self, answer: &Answer) -> Vec<f64> {
        match self {
            Self::State => answer.places.iter().map(|place| place.gradient).collect(),
            Self::Memory => answer.memories().unwrap_or_default(),
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::State => "‖∂L/∂h‖",
            Self::Memory => "‖∂L/∂c‖",
        }
    }

    /// What the sentence is about. An LSTM's state is named, so that nobody takes it for its memory.
    fn name(self, answer: &Answer) -> &'static str {
        match self {
            Self::Memory => "The memory's gradient",
            Self::State if answer.memories().is_some() => "The gradient of the state",
            Self::State => "The gradient",
        }
    }
}

/// Says how the gradient changes from the last place to the first, and what theory predicts.
pub(super) fn summary(answer: &Answer, path: Path) -> String {
    let (place, first, last) = match answer.axis {
        Axis::Time => ("time step", "the first step", "the last"),
        Axis::Depth => ("layer", "the first layer", "the last"),
    };
    let norms = path.norms(answer);
    let [begin, .., end] = norms[..] else {
        return format!("One {place} alone: the gradient has nowhere to go.");
    };
    if !answer.loss.is_finite() || norms.iter().any(|norm| !norm.is_finite()) {
        return "The values are no longer finite: the network has blown up.".to_owned();
    }
    if end == 0.0 {
        return format!("No gradient reaches {last} {place}: nothing is learnt.");
    }
    let beside = beside(answer, path);
    let Some(measured) = factor(&norms) else {
        let lost = norms.iter().take_while(|norm| **norm == 0.0).count();
        let places = if lost == 1 { place.to_owned() } else { format!("{lost} {place}s") };
        return format!(
            "{} vanishes completely: in the first {places} it is zero, or too small for 32-bit \
             numbers.{beside}",
            path.symbol()
        );
    };
    let (turn, of) = turn(begin / end);
    format!(
        "{} {turn}: {first} gets {} {of} what {last} gets, a factor {} per {place}.{beside}",
        path.name(answer),
        number_in_prose(begin / end),
        number_in_prose(measured)
    )
}

/// What becomes of a gradient of which `ratio` arrives, and how the ratio is read.
fn turn(ratio: f64) -> (&'static str, &'static str) {
    let bound = Thresholds::default().depth_ratio;
    if ratio < bound {
        ("vanishes", "of")
    } else if ratio > bound.recip() {
        ("explodes", "times")
    } else if ratio < 0.1 {
        ("fades", "times")
    } else if ratio > 10.0 {
        ("grows", "times")
    } else {
        ("arrives", "times")
    }
}

/// Returns what theory says of this way and, of an LSTM's state, how the memory does.
fn beside(answer: &Answer, path: Path) -> String {
    let is_of_memory = path == Path::Memory;
    let theory = answer.theory.as_ref().filter(|of| of.prediction.is_of_memory == is_of_memory);
    if let Some(theory) = theory {
        let kept = number_in_prose(theory.factor);
        return match &theory.prediction {
            prediction if prediction.is_of_memory => {
                format!(" The forget gate alone would keep {kept}.")
            }
            prediction if prediction.is_of_one_path => {
                format!(" The {} would keep {kept}.", prediction.label)
            }
            _ => format!(" Theory predicts {kept}."),
        };
    }
    match answer.memories().as_deref().and_then(factor) {
        Some(kept) if path == Path::State => format!(
            " What an LSTM remembers is in c: ‖∂L/∂c‖ changes by a factor {} per step.",
            number_in_prose(kept)
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::{QuantityName, Row};

    fn words(norms: &[f64]) -> String {
        let row = |(layer, norm): (usize, &f64)| {
            let subject = format!("hidden.{layer}");
            Row::new(0, QuantityName::ACTIVATION_GRADIENT_NORM, subject, *norm)
        };
        let rows: Vec<Row> = norms.iter().enumerate().map(row).collect();
        Answer::new(&rows, vec![], 0.5, 1, Err(String::new())).summary
    }

    #[test]
    fn each_case_has_its_words() {
        for (norms, expected) in [
            (
                &[1e-6, 1e-3, 1.0][..],
                "vanishes: the first layer gets 1.00 × 10⁻⁶ of what the last gets",
            ),
            (&[1e6, 1e3, 1.0], "explodes: the first layer gets 1.00 × 10⁶ times"),
            (&[0.01, 0.1, 1.0], "fades: the first layer gets 0.0100 times"),
            (&[1.1, 1.0, 1.0], "arrives: the first layer gets 1.100 times"),
            (&[0.0, 0.0, 1e-30, 1.0], "in the first 2 layers it is zero, or too small"),
            (&[0.0, 0.0], "No gradient reaches the last layer"),
            (&[f64::NAN, 1.0], "blown up"),
            (&[1.0], "One layer alone"),
        ] {
            let words = words(norms);
            assert!(words.contains(expected), "{norms:?}: {words}");
        }
    }

    #[test]
    fn the_rnn_that_forgets_and_the_lstm_that_remembers_are_seen_as_such() {
        use crate::setup::{Sequence, Setup};
        use backdraft_layers::Initializer;
        use backdraft_recurrent::Cell;

        let answer = |sequence: Sequence| {
            let setup = Setup::Sequence(Sequence { length: 100, ..sequence });
            crate::look(&setup, &burn::tensor::Device::flex()).unwrap()
        };
        let kept = |norms: &[f64]| norms[0] / norms[norms.len() - 1];
        for seed in 0..3 {
            // PyTorch's default variance 1 / 3n, and a gate that is all but open.
            let rnn = Sequence {
                cell: Cell::Rnn,
                recurrent_initializer: Initializer::MeanField(0.58 * 0.58),
                seed,
                ..Default::default()
            };
            let lstm = |forget_bias| Sequence {
                forget_bias,
                recurrent_initializer: Initializer::Zeros,
                seed,
                ..Default::default()
            };
            let rnn = answer(rnn);
            assert!(rnn.memory.is_none());
            assert!(kept(&Path::State.norms(&rnn)) < 1e-20, "{}", rnn.summary);
            assert!(rnn.summary.starts_with("The gradient vanishes"), "{}", rnn.summary);
            let (open, half) = (answer(lstm(5.0)), answer(lstm(0.0)));
            let told = |answer: &Answer| answer.memory.clone().unwrap().summary;
            let (open_keeps, half_keeps) =
                (kept(&Path::Memory.norms(&open)), kept(&Path::Memory.norms(&half)));
            // σ(5)⁹⁹ = 0.514 and σ(0)⁹⁹ = 1.6e−30.
            assert!((open_keeps - 0.514).abs() < 0.03, "{open_keeps}");
            assert!(half_keeps < 1e-29, "{half_keeps}");
            assert!(told(&open).starts_with("The memory's gradient arrives"), "{}", told(&open));
            assert!(told(&half).starts_with("The memory's gradient vanishes"), "{}", told(&half));
        }
    }
}
