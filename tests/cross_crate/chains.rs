//! What the diagnosis says of depth, time and NaN in real networks.

use backdraft_hooks::{
    Finding, GradientHook, Nonlinearity, QUANTITIES, Row, Schedule, Taps, Thresholds, diagnose,
};
use backdraft_layers::Initializer;
use backdraft_recurrent::{Cell, Path, RecurrentConfig};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Tensor, TensorData};

/// `[batch, time, features]`, each about 1.
fn sequences(shape: [usize; 3], device: &Device) -> Tensor<3> {
    let value = |i: usize| (i as f32 * 0.71).sin() + 0.3 * (i as f32 * 0.13).cos();
    let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn look<M: Module>(module: &M, loss: &Tensor<1>, taps: &Taps) -> Vec<Row> {
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    let observation = hook.observe_with_taps(0, module, &loss.backward(), taps).unwrap();
    observation.rows().unwrap()
}

/// The loss is linear in the outputs, so that its gradient overflows no sooner than they do.
fn over_time(config: &RecurrentConfig, length: usize) -> Vec<Finding> {
    let device = Device::flex().autodiff();
    let network = config.try_init(3, &device).unwrap();
    let mut taps = Taps::on();
    let inputs = sequences([8, length, config.inputs], &device);
    let loss = network.forward(inputs, Path::Fastest, &mut taps).mean();
    diagnose(&look(&network, &loss, &taps), &Thresholds::default())
}

#[test]
fn a_gru_over_200_steps_is_told_that_it_vanishes_over_time_and_with_what_time_constant() {
    let gru = RecurrentConfig { cell: Cell::Gru, hidden: 16, ..Default::default() };
    let findings = over_time(&gru, 200);
    let found = findings.iter().find(|finding| finding.rule == "vanishing").unwrap();
    assert_eq!(found.subject, "layers.0@0");
    for part in ["layers.0@199", "per time step", "falls to 1/e in", "of 200 steps"] {
        assert!(found.evidence.contains(part), "{found}");
    }
    assert!(found.remedy.contains("chrono initialisation"), "{found}");
    // The remedy is one: biases for memories as long as the sequence.
    let chrono = RecurrentConfig { chrono_length: 200, ..gru };
    assert!(over_time(&chrono, 200).iter().all(|finding| finding.rule != "vanishing"));
}

#[test]
fn a_relu_rnn_with_recurrent_weights_of_1_3_times_the_identity_explodes_over_time() {
    let rnn = |gain| RecurrentConfig {
        cell: Cell::ReluRnn,
        hidden: 16,
        recurrent_initializer: Initializer::Identity(gain),
        ..Default::default()
    };
    let findings = over_time(&rnn(1.3), 300);
    let found = findings.iter().find(|finding| finding.rule == "exploding").unwrap();
    assert_eq!(found.subject, "layers.0@0");
    assert!(found.evidence.contains("a factor 1.298 per time step"), "{found}");
    assert!(found.remedy.contains("Clip the global norm"), "{found}");
    assert_eq!(over_time(&rnn(1.0), 300), []);
}

/// Twelve sigmoid layers, declared before their head.
#[derive(Module, Debug)]
struct HeadLast {
    hidden: Vec<Linear>,
    head: Linear,
}

/// The same, declared after it.
#[derive(Module, Debug)]
struct HeadFirst {
    head: Linear,
    hidden: Vec<Linear>,
}

fn layers(device: &Device) -> (Vec<Linear>, Linear) {
    let linear = |outputs| LinearConfig::new(16, outputs).init(device);
    ((0..12).map(|_| linear(16)).collect(), linear(1))
}

fn outputs(hidden: &[Linear], head: &Linear, taps: &mut Taps) -> Tensor<1> {
    let device = head.weight.device();
    let x = sequences([8, 1, 16], &device).reshape([8, 16]);
    let x = hidden.iter().enumerate().fold(x, |x, (layer, linear)| {
        let name = format_args!("hidden.{layer}");
        taps.tap_output(name, Nonlinearity::Sigmoid, sigmoid(linear.forward(x)))
    });
    (head.forward(x) - 3.0).square().mean()
}

#[test]
fn a_head_declared_before_the_hidden_layers_gives_the_same_finding_as_after() {
    let device = Device::flex().autodiff();
    let (hidden, head) = layers(&device);
    for is_tapped in [false, true] {
        let taps = || if is_tapped { Taps::on() } else { Taps::off() };
        let (mut seen, mut also_seen) = (taps(), taps());
        let loss = outputs(&hidden, &head, &mut seen);
        let last = HeadLast { hidden: hidden.clone(), head: head.clone() };
        let last = diagnose(&look(&last, &loss, &seen), &Thresholds::default());
        let loss = outputs(&hidden, &head, &mut also_seen);
        let first = HeadFirst { hidden: hidden.clone(), head: head.clone() };
        let first = diagnose(&look(&first, &loss, &also_seen), &Thresholds::default());
        assert_eq!(last[0].rule, "vanishing", "{last:?}");
        assert_eq!(last, first, "tapped: {is_tapped}");
    }
}

#[test]
fn a_nan_in_the_weights_of_a_layer_is_not_blamed_on_the_layers_before_it() {
    let device = Device::flex().autodiff();
    for is_tapped in [false, true] {
        for bad in [0, 5, 11] {
            let (mut hidden, head) = layers(&device);
            let nan =
                |old: Tensor<2>| Tensor::full(old.dims(), f32::NAN, &old.device()).require_grad();
            let weight = hidden[bad].weight.clone();
            hidden[bad].weight = weight.map(nan);
            let mut taps = if is_tapped { Taps::on() } else { Taps::off() };
            let loss = outputs(&hidden, &head, &mut taps);
            let model = HeadFirst { hidden, head };
            let findings = diagnose(&look(&model, &loss, &taps), &Thresholds::default());
            let expected = format!("hidden.{bad}.weight");
            assert_eq!(findings[0].rule, "not-finite");
            assert_eq!(findings[0].subject, expected.as_str(), "tapped: {is_tapped}");
        }
    }
}

#[test]
fn gradients_that_were_taken_out_before_the_look_are_one_hint() {
    use burn::optim::GradientsParams;

    let device = Device::flex().autodiff();
    let (hidden, head) = layers(&device);
    let model = HeadLast { hidden, head };
    let loss = outputs(&model.hidden, &model.head, &mut Taps::off());
    let mut gradients = loss.backward();
    drop(GradientsParams::from_module(&mut gradients, &model));
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    let rows = hook.observe(0, &model, &gradients).unwrap().rows().unwrap();
    let findings = diagnose(&rows, &Thresholds::default());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].remedy.contains("taken out"), "{}", findings[0]);
}

#[test]
fn an_empty_batch_and_a_batch_of_one_example_are_not_dead() {
    let device = Device::flex().autodiff();
    let layer: Linear = LinearConfig::new(16, 64).init(&device);
    let rules = |examples: usize| -> Vec<&'static str> {
        let mut taps = Taps::on();
        let x = Tensor::<2>::random([examples, 16], burn::tensor::Distribution::Default, &device);
        let x = taps.tap_output("hidden.0", Nonlinearity::Rectifier, relu(layer.forward(x)));
        let findings = diagnose(&look(&layer, &x.sum(), &taps), &Thresholds::default());
        findings.iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(rules(1), [""; 0]);
    assert!(!rules(0).contains(&"dead"));
}
