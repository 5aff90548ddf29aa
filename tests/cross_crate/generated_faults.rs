//! Trainings with faults put in from seeds: towers, an encoder with a decoder, Burn's own LSTM and
//! Transformer, convolutions with batch normalisation, a recurrent network, a head declared first.

use backdraft_faults::{Fault, Program, Score, Training};
use backdraft_hooks::{Thresholds, diagnose};
use burn::tensor::Device;

/// Seeds that no threshold was chosen with.
const HELD_OUT: std::ops::Range<u64> = 200..201;

fn score(trainings: &[Training]) -> Score {
    let mut score = Score::default();
    for training in trainings {
        let rows = training.rows(&Device::flex()).unwrap();
        score.count(training, &diagnose(&rows, &Thresholds::default()));
    }
    score
}

/// Prints the tables with `-- --nocapture`.
#[test]
fn faults_are_found_in_modules_that_are_not_of_the_zoo_and_healthy_trainings_raise_no_alarm() {
    let trainings = Training::all(HELD_OUT);
    let score = score(&trainings);
    let mistakes = score.mistakes().join("\n");
    println!("{mistakes}\n{score}");
    assert!(score.false_alarms() == 0.0, "{mistakes}");
    assert!(score.recall() >= 0.95, "{mistakes}\n{score}");
    assert!(score.right_layers() >= 0.95, "{mistakes}\n{score}");
}

#[test]
fn healthy_trainings_of_500_steps_raise_no_alarm() {
    let training = |program: &Program| {
        [200, 201].map(|seed| Training { program: *program, fault: Fault::None, seed, steps: 500 })
    };
    // The others take longer; the score's example runs them all.
    let programs = [Program::EncoderDecoder, Program::Recurrent];
    let score = score(&programs.iter().flat_map(training).collect::<Vec<_>>());
    assert!(score.false_alarms() == 0.0, "{}", score.mistakes().join("\n"));
}
