//! Faults injected on purpose: a gradient that is not finite, in every architecture.

use backdraft_hooks::{GradientHook, GradientNorm, QuantityName, Row, Schedule, Subject, Taps};
use backdraft_layers::Network;
use backdraft_trainer::{Examples, MeanSquaredError, Outcome, Splits, Trainer, TrainerConfig};
use backdraft_zoo::{NetworkConfig, ZooNetwork, architectures};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

/// The step at which the fault shows.
const STEP: usize = 3;

/// A value of 0 whose gradient with respect to one parameter is NaN: √x at 0, as in a norm that
/// somebody forgot to guard. The loss stays finite.
struct Fault {
    at: usize,
    seen: usize,
    value: Option<Tensor<1>>,
}

impl ModuleVisitor for Fault {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        if self.seen == self.at {
            self.value = Some(parameter.val().mul_scalar(0.0).sum().sqrt());
        }
        self.seen += 1;
    }
}

fn fault(network: &ZooNetwork, at: usize) -> Fault {
    let mut fault = Fault { at, seen: 0, value: None };
    network.visit(&mut fault);
    fault
}

/// Trains with the fault in the parameter number `at`; returns the outcome and the paths.
fn train(config: &NetworkConfig, at: usize) -> (Outcome, Vec<Subject>) {
    let device = Device::flex();
    let elements: usize = config.example_shape().iter().product();
    let inputs = Tensor::<2>::ones([4, elements], &device);
    let targets = Tensor::<2>::zeros([4, config.outputs()], &device);
    let data = Examples::new(inputs, targets);
    let trainer = TrainerConfig { steps: 6, batch_size: 4, ..Default::default() };
    let forwards = std::cell::Cell::new(0);
    let forward = |network: &ZooNetwork, x: Tensor<2>, taps: &mut Taps| {
        let outputs = network.score(x, taps);
        let forward = forwards.replace(forwards.get() + 1);
        match fault(network, at).value {
            // The evaluation before step 0 is a forward pass too.
            Some(zero) if forward == STEP + 1 => outputs + zero.unsqueeze(),
            _ => outputs,
        }
    };
    let mut rows: Vec<Row> = Vec::new();
    let (_, outcome) = Trainer::new(trainer, &device)
        .unwrap()
        .fit(
            config.try_init(1, &device.clone().autodiff()).unwrap(),
            Splits { train: &data, test: &data },
            forward,
            &MeanSquaredError,
            &mut GradientHook::new(&[&GradientNorm], Schedule::Every(1)),
            &mut rows,
        )
        .unwrap();
    let norms =
        rows.iter().filter(|row| row.quantity == QuantityName::GRADIENT_NORM && row.step == 0);
    let paths = norms.map(|row| row.subject.clone()).filter(|subject| !subject.is_network());
    (outcome, paths.collect())
}

#[test]
fn the_step_and_parameter_of_a_fault_are_named_in_every_architecture() {
    for entry in architectures() {
        let network = entry.default.try_init(1, &Device::flex().autodiff()).unwrap();
        let count = fault(&network, usize::MAX).seen;
        for at in [0, count / 2, count - 1] {
            let (outcome, paths) = train(&entry.default, at);
            let expected = Outcome::Diverged { step: STEP as u64, subject: paths[at].clone() };
            assert_eq!(outcome, expected, "{}", entry.name);
        }
    }
}
