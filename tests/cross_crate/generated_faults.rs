//! Trainings with faults put in from seeds: every architecture of the zoo, towers, an encoder with a decoder,
//! Burn's own LSTM and Transformer, convolutions with batch normalisation, a head declared first.

use backdraft_faults::{Fault, Judged, Program, Score, Training, judge_all};
use backdraft_hooks::{Thresholds, diagnose};
use burn::tensor::Device;

fn judged(trainings: &[Training]) -> Vec<Judged> {
    judge_all(trainings, &Device::flex(), 2, &|_| {}).unwrap()
}

fn mistakes(judged: &[Judged]) -> String {
    let lines = judged.iter().map(|judged| format!("{}: {:?}", judged.title(), judged.findings));
    lines.collect::<Vec<_>>().join("\n")
}

/// The quick form of `backdraft benchmark diagnosis`. Some faults that no rule finds are among them, and one
/// false alarm that is known; `docs/diagnosis.md` has them all.
#[test]
fn each_fault_is_tried_in_one_architecture_and_most_are_found() {
    let judged = judged(&Training::sample());
    let (score, said) = (Score::of(&judged), mistakes(&judged));
    assert!(score.false_alarms <= 1, "{said}\n{score}");
    assert!(score.recall() >= 0.8, "{said}\n{score}");
    assert!(score.right_layers() >= 0.8, "{said}\n{score}");
}

/// The first sixteen faults of the list, on seeds that no threshold was chosen with.
#[test]
fn faults_are_found_in_modules_that_are_not_of_the_zoo_and_healthy_trainings_raise_no_alarm() {
    let of = |program: &Program| {
        let program = *program;
        let faults = Fault::ALL[1..17].iter().enumerate();
        let faults = faults.filter(move |(_, fault)| program.can_have(**fault));
        faults.map(move |(number, fault)| Training::new(program, *fault, 200 + 4 * number as u64))
    };
    let trainings: Vec<Training> = Program::OWN.iter().flat_map(of).collect();
    let judged = judged(&trainings);
    let (score, said) = (Score::of(&judged), mistakes(&judged));
    assert_eq!(score.false_alarms, 0, "{said}\n{score}");
    assert!(score.recall() >= 0.95, "{said}\n{score}");
    assert!(score.right_layers() >= 0.95, "{said}\n{score}");
}

#[test]
fn healthy_trainings_of_500_steps_raise_no_alarm() {
    for program in [Program::EncoderDecoder, Program::Recurrent] {
        for seed in [200, 201] {
            let training = Training { program, fault: Fault::None, seed, steps: 500 };
            let rows = training.rows(&Device::flex()).unwrap();
            assert_eq!(diagnose(&rows, &Thresholds::default()), [], "{training:?}");
        }
    }
}

#[test]
fn a_training_is_judged_the_same_on_any_number_of_threads() {
    let trainings: Vec<Training> = Training::sample().into_iter().take(4).collect();
    let findings = |threads| -> Vec<Vec<String>> {
        let judged = judge_all(&trainings, &Device::flex(), threads, &|_| {}).unwrap();
        judged.into_iter().map(|judged| judged.findings).collect()
    };
    assert_eq!(findings(1), findings(3));
}
