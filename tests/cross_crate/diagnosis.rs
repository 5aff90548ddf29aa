//! Healthy and sick networks, and what the diagnosis says of them.

use backdraft_hooks::{
    Filter, GradientHook, Grouping, QUANTITIES, QuantityName, Row, Schedule, Taps, Thresholds,
    diagnose,
};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{Mlp, MlpConfig, Normalization, Skip};
use backdraft_trainer::{
    BinaryCrossEntropy, Clipping, Examples, OptimizerConfig, Splits, Trainer, TrainerConfig,
};
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use crate::{batch, tensors};

struct Case {
    name: &'static str,
    mlp: MlpConfig,
    trainer: TrainerConfig,
    /// The first rule that must fire; `None` for a healthy network.
    expected: Option<&'static str>,
}

fn mlp(activation: Activation, initializer: Initializer, depth: usize) -> MlpConfig {
    MlpConfig { inputs: 20, depth, activation, initializer, ..Default::default() }
}

fn trainer() -> TrainerConfig {
    TrainerConfig { steps: 60, ..Default::default() }
}

#[expect(clippy::too_many_lines, reason = "a table of networks")]
fn cases() -> Vec<Case> {
    use Activation::{Elu, Gelu, Relu, Selu, Sigmoid, Tanh};
    use Initializer::{HeNormal, LecunNormal, Normal, XavierUniform};
    let healthy = |name, mlp| Case { name, mlp, trainer: trainer(), expected: None };
    let sick =
        |name, mlp, expected| Case { name, mlp, trainer: trainer(), expected: Some(expected) };
    let sgd = |learning_rate| TrainerConfig {
        optimizer: OptimizerConfig::SGD,
        learning_rate,
        ..trainer()
    };
    let clipped = TrainerConfig { clipping: Some(Clipping::GlobalNorm(1e-4)), ..trainer() };
    vec![
        healthy("ReLU, He, 3 layers", mlp(Relu, HeNormal, 3)),
        healthy("ReLU, He, 20 layers", mlp(Relu, HeNormal, 20)),
        healthy("tanh, Xavier, 3 layers", mlp(Tanh, XavierUniform, 3)),
        healthy("tanh, Xavier, 20 layers", mlp(Tanh, XavierUniform, 20)),
        healthy("SELU, LeCun, 20 layers", mlp(Selu, LecunNormal, 20)),
        healthy("ELU, He, 10 layers", mlp(Elu, HeNormal, 10)),
        healthy("GELU, He, 5 layers", mlp(Gelu, HeNormal, 5)),
        healthy("sigmoid, Xavier, 2 layers", mlp(Sigmoid, XavierUniform, 2)),
        healthy(
            "ReLU, He, layer norm, 10 layers",
            MlpConfig { normalization: Normalization::Layer, ..mlp(Relu, HeNormal, 10) },
        ),
        healthy(
            "ReLU, He, batch norm, 5 layers",
            MlpConfig { normalization: Normalization::Batch, ..mlp(Relu, HeNormal, 5) },
        ),
        healthy(
            "tanh, Xavier, residual, 10 layers",
            MlpConfig { skip: Skip::Residual, ..mlp(Tanh, XavierUniform, 10) },
        ),
        sick("sigmoid, Xavier, 10 layers", mlp(Sigmoid, XavierUniform, 10), "vanishing"),
        sick("ReLU, Xavier, 50 layers", mlp(Relu, XavierUniform, 50), "vanishing"),
        sick("ReLU, N(0, 0.4²), 20 layers", mlp(Relu, Normal(0.4), 20), "exploding"),
        sick("ReLU, N(0, 10⁸), 10 layers", mlp(Relu, Normal(1e4), 10), "not-finite"),
        sick("tanh, N(0, 2²), 3 layers", mlp(Tanh, Normal(2.0), 3), "saturated"),
        Case {
            name: "ReLU, He, SGD at rate 1e-7",
            mlp: mlp(Relu, HeNormal, 3),
            trainer: sgd(1e-7),
            expected: Some("not-learning"),
        },
        Case {
            name: "ReLU, He, SGD at rate 30",
            mlp: mlp(Relu, HeNormal, 3),
            trainer: sgd(30.0),
            expected: Some("unstable"),
        },
        Case {
            name: "ReLU, He, Adam at rate 0.5",
            mlp: mlp(Relu, HeNormal, 3),
            trainer: TrainerConfig { learning_rate: 0.5, ..trainer() },
            expected: Some("dead"),
        },
        Case {
            name: "ReLU, He, clipped to 1e-4",
            mlp: mlp(Relu, HeNormal, 3),
            trainer: clipped,
            expected: Some("always-clipped"),
        },
    ]
}

fn measure(case: &Case) -> Vec<Row> {
    let device = Device::flex();
    let (inputs, targets) = batch(256, 20);
    let (x, y) = tensors(&inputs, &targets, &device);
    let examples = Examples::new(x, y);
    let mut rows = Vec::new();
    Trainer::new(case.trainer.clone(), &device)
        .unwrap()
        .fit(
            case.mlp.init(1, &device.clone().autodiff()),
            Splits { train: &examples, test: &examples },
            |model: &Mlp, inputs, taps| model.forward(inputs, taps),
            &BinaryCrossEntropy,
            &mut GradientHook::new(QUANTITIES, Schedule::Every(10)),
            &mut rows,
        )
        .unwrap();
    rows
}

/// Prints the table of the hooks' README with `-- --nocapture`.
#[test]
fn sick_networks_are_found_out_and_healthy_ones_raise_no_alarm() {
    let mut wrong = Vec::new();
    for case in cases() {
        let findings = diagnose(&measure(&case), &Thresholds::default());
        for name in findings.iter().filter_map(|finding| finding.experiment) {
            assert!(backdraft::experiment(name).is_some(), "there is no experiment {name}");
        }
        let mut rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
        rules.dedup();
        println!(
            "| {} | {} | {} |",
            case.name,
            case.expected.unwrap_or("healthy"),
            rules.join(", ")
        );
        let is_right = match case.expected {
            None => rules.is_empty(),
            Some(expected) => rules.contains(&expected),
        };
        if !is_right {
            let evidence: Vec<String> = findings.iter().map(ToString::to_string).collect();
            wrong.push(format!("{}: {}", case.name, evidence.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Layers, and a parameter that the forward pass forgets.
#[derive(Module, Debug)]
struct Forgetful {
    blocks: Vec<Linear>,
    forgotten: Option<Param<Tensor<1>>>,
}

impl Forgetful {
    fn observe(&self, hook: &mut GradientHook) -> Vec<Row> {
        let device = Device::flex().autodiff();
        let input = Tensor::<2>::ones([4, 3], &device);
        let output = self.blocks.iter().fold(input, |x, block| block.forward(x));
        let gradients = output.square().sum().backward();
        let taps = Taps::off();
        hook.observe_with_taps(0, self, &gradients, &taps).unwrap().rows().unwrap()
    }

    fn new() -> Self {
        let device = Device::flex().autodiff();
        Self {
            blocks: (0..2).map(|_| LinearConfig::new(3, 3).init(&device)).collect(),
            forgotten: Some(Param::from_data([0.0, 0.0, 0.0], &device)),
        }
    }
}

fn subjects(rows: &[Row], quantity: &str) -> Vec<String> {
    let rows =
        rows.iter().filter(|row| row.quantity.as_str() == quantity && !row.subject.is_network());
    rows.map(|row| row.subject.to_string()).collect()
}

#[test]
fn paths_follow_the_module_and_can_be_filtered_and_grouped() {
    let model = Forgetful::new();
    let hook = || GradientHook::new(QUANTITIES, Schedule::Every(1));
    let all = ["blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias"];
    assert_eq!(subjects(&model.observe(&mut hook()), "gradient_norm"), all);

    let mut filtered = hook().with_filter(Filter::all().include("*.weight").exclude("blocks.1.*"));
    assert_eq!(subjects(&model.observe(&mut filtered), "gradient_norm"), ["blocks.0.weight"]);

    let mut grouped = hook().with_grouping(Grouping::Layer);
    let rows = model.observe(&mut grouped);
    assert_eq!(subjects(&rows, "gradient_norm"), ["blocks.0", "blocks.1"]);
    let norm = |rows: &[Row], subject: &str| {
        let fits =
            |row: &&Row| row.quantity == QuantityName::GRADIENT_NORM && row.subject == subject;
        rows.iter().find(fits).unwrap().value
    };
    let parts = model.observe(&mut hook());
    let expected = norm(&parts, "blocks.0.weight").hypot(norm(&parts, "blocks.0.bias"));
    assert!((norm(&rows, "blocks.0") / expected - 1.0).abs() < 1e-12);
}
