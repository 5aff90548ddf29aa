//! Faults injected on purpose: gradients and inputs that are not finite, in every architecture.

use backdraft_hooks::{GradientHook, GradientNorm, QuantityName, Row, Schedule, Taps};
use backdraft_layers::{Architecture, Network};
use backdraft_mlp::{MlpConfig, Normalization};
use backdraft_trainer::{
    Clipping, Examples, MeanSquaredError, OptimizerConfig, Outcome, Splits, Trainer, TrainerConfig,
};
use backdraft_zoo::{NetworkConfig, ZooNetwork, architectures};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// The step at which the fault shows.
const STEP: usize = 3;

/// What is wrong at that step.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Nothing.
    None,
    /// The gradient of one parameter is NaN, and the loss finite: 0 · ∞, as of √ in a norm that
    /// somebody forgot to guard.
    NanGradient(usize),
    /// It is infinite.
    InfiniteGradient(usize),
    /// The inputs are NaN, and with them the loss.
    Input,
}

impl Fault {
    /// Returns a value of 0 whose gradient is wrong.
    fn value(self, network: &ZooNetwork) -> Option<Tensor<1>> {
        let (at, is_nan) = match self {
            Self::NanGradient(at) => (at, true),
            Self::InfiniteGradient(at) => (at, false),
            Self::None | Self::Input => return None,
        };
        let mut search = Search { at, seen: 0, is_nan, value: None };
        network.visit(&mut search);
        search.value
    }
}

struct Search {
    at: usize,
    seen: usize,
    is_nan: bool,
    value: Option<Tensor<1>>,
}

impl ModuleVisitor for Search {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        if self.seen == self.at {
            let value = parameter.val();
            let zero = if self.is_nan { value * 0.0 } else { value.clone() - value.detach() };
            self.value = Some(zero.sum().sqrt());
        }
        self.seen += 1;
    }
}

/// Counts the parameters that are trained.
fn count(network: &ZooNetwork) -> usize {
    let mut search = Search { at: usize::MAX, seen: 0, is_nan: true, value: None };
    network.visit(&mut search);
    search.seen
}

/// Trains with a fault; returns the outcome, what was recorded, and all weights and running
/// statistics.
fn train(
    config: &NetworkConfig,
    trainer: TrainerConfig,
    schedule: Schedule,
    fault: Fault,
) -> (Outcome, Vec<Row>, Vec<TensorData>) {
    let device = Device::flex();
    let elements: usize = config.example_shape().iter().product();
    let inputs = Tensor::<2>::ones([4, elements], &device);
    let targets = Tensor::<2>::zeros([4, config.outputs()], &device);
    let data = Examples::new(inputs, targets).varied(move |x, step| match fault {
        Fault::Input if step == STEP as u64 => x * f32::NAN,
        _ => x,
    });
    let forwards = std::cell::Cell::new(0);
    let forward = |network: &ZooNetwork, x: Tensor<2>, taps: &mut Taps| {
        let outputs = network.score(x, taps);
        let forward = forwards.replace(forwards.get() + 1);
        match fault.value(network) {
            // The evaluation before step 0 is a forward pass too.
            Some(zero) if forward == STEP + 1 => outputs + zero.unsqueeze(),
            _ => outputs,
        }
    };
    let mut rows: Vec<Row> = Vec::new();
    let (network, outcome) = Trainer::new(trainer, &device)
        .unwrap()
        .fit(
            config.try_init(1, &device.clone().autodiff()).unwrap(),
            Splits { train: &data, test: &data },
            forward,
            &MeanSquaredError,
            &mut GradientHook::new(&[&GradientNorm], schedule),
            &mut rows,
        )
        .unwrap();
    (outcome, rows, values(&network))
}

fn values(network: &ZooNetwork) -> Vec<TensorData> {
    let mut values = Values(Vec::new());
    network.valid().visit(&mut values);
    values.0
}

struct Values(Vec<TensorData>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0.push(parameter.val().into_data());
    }
}

fn trainer(steps: usize) -> TrainerConfig {
    TrainerConfig { steps: steps as u64, batch_size: 4, ..Default::default() }
}

/// The weights after as many steps as there are before the fault.
fn undisturbed(config: &NetworkConfig, trainer: &TrainerConfig) -> Vec<TensorData> {
    let trainer = TrainerConfig { steps: STEP as u64, ..trainer.clone() };
    let (outcome, _, weights) = train(config, trainer, Schedule::Never, Fault::None);
    assert_eq!(outcome, Outcome::Finished);
    weights
}

#[test]
fn the_step_and_parameter_of_a_fault_are_named_in_every_architecture() {
    for entry in architectures() {
        let network = entry.default.try_init(1, &Device::flex().autodiff()).unwrap();
        let count = count(&network);
        let weights = undisturbed(&entry.default, &trainer(6));
        for at in [0, count / 2, count - 1] {
            let fault = Fault::NanGradient(at);
            let (outcome, rows, left) =
                train(&entry.default, trainer(6), Schedule::Every(1), fault);
            let norms = rows
                .iter()
                .filter(|row| row.quantity == QuantityName::GRADIENT_NORM && row.step == 0);
            let paths: Vec<_> = norms.filter(|row| !row.subject.is_network()).collect();
            let subject = paths[at].subject.clone();
            let expected = Outcome::Diverged { step: STEP as u64, subject };
            assert_eq!(outcome, expected, "{}", entry.name);
            assert!(left == weights, "{}: the step was taken", entry.name);
        }
    }
}

/// Neither the weights nor running statistics keep anything of a batch that is not finite.
#[test]
fn a_loss_that_is_not_finite_leaves_the_weights_and_statistics_of_the_step_before() {
    for entry in architectures() {
        let (name, network) = (entry.name, entry.default.miniature());
        let weights = undisturbed(&network, &trainer(6));
        for loss_every in [1, 10] {
            let trainer = TrainerConfig { loss_every, ..trainer(6) };
            let (outcome, _, left) = train(&network, trainer, Schedule::Never, Fault::Input);
            let Outcome::Diverged { step, .. } = outcome else { panic!("{name}: {outcome:?}") };
            assert_eq!(step, STEP as u64, "{name}");
            assert!(left == weights, "{name}: something of the batch is left");
        }
    }
}

#[test]
fn no_path_takes_a_step_whose_gradient_is_not_finite() {
    let (beta_1, beta_2, epsilon) = (0.9, 0.999, 1e-7);
    let optimizers = [
        OptimizerConfig::SGD,
        OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 1e-4 },
        OptimizerConfig::ADAM,
        OptimizerConfig::AdamW { beta_1, beta_2, epsilon, weight_decay: 1e-2 },
    ];
    let clippings = [Clipping::GlobalNorm(0.1), Clipping::TensorNorm(0.1), Clipping::Value(0.1)];
    let normalization = Normalization::Batch;
    let mlp = NetworkConfig::Mlp(MlpConfig { normalization, ..MlpConfig::default().miniature() });
    let last = count(&mlp.try_init(1, &Device::flex().autodiff()).unwrap()) - 1;
    for optimizer in optimizers {
        for clipping in [None].into_iter().chain(clippings.map(Some)) {
            // The loss is looked at before the fault and long after.
            let trainer = TrainerConfig { optimizer, clipping, ..trainer(6) };
            let weights = undisturbed(&mlp, &trainer);
            for schedule in [Schedule::Never, Schedule::Every(1), Schedule::Every(2)] {
                for fault in [Fault::NanGradient(last), Fault::InfiniteGradient(0)] {
                    let what = format!("{optimizer:?} {clipping:?} {schedule:?} {fault:?}");
                    let (outcome, rows, left) =
                        train(&mlp, trainer.clone(), schedule.clone(), fault);
                    let Outcome::Diverged { step, subject } = outcome else { panic!("{what}") };
                    assert_eq!(step, STEP as u64, "{what}");
                    assert!(left == weights, "{what}: the step was taken");
                    // What was wrong is recorded, observed or not.
                    let is_told = rows.iter().any(|row| {
                        row.step == step
                            && row.subject == subject
                            && row.quantity == QuantityName::GRADIENT_NORM
                            && !row.value.is_finite()
                    });
                    assert!(is_told, "{what}: {subject}");
                }
            }
        }
    }
}
