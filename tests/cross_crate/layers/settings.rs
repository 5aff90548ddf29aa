//! Settings of the layers: refusals, layout, dropout, seed, taps.

use backdraft_hooks::Taps;
use backdraft_recurrent::{Cell, GruConfig, LstmConfig, Path, RecurrentConfig, RnnConfig};
use backdraft_spec::Activation;
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};

use super::{difference, numbers, values};

#[test]
fn impossible_settings_are_refused_by_name() {
    let device = Device::flex();
    let lstm = || LstmConfig::new(2, 3);
    let refused = |config: LstmConfig| config.try_init(&device).unwrap_err().field;
    assert_eq!(refused(LstmConfig::new(0, 3)), "inputs");
    assert_eq!(refused(LstmConfig::new(2, 0)), "hidden");
    assert_eq!(refused(lstm().with_layers(0)), "layers");
    assert_eq!(refused(lstm().with_dropout(1.0)), "dropout");
    assert_eq!(refused(lstm().with_dropout(f64::NAN)), "dropout");
    assert_eq!(refused(lstm().with_reverse(true).with_bidirectional(true)), "reverse");
    assert_eq!(refused(lstm().with_clip(Some(0.0))), "clip");
    assert_eq!(refused(lstm().with_forget_bias(f64::INFINITY)), "forget_bias");
    assert_eq!(refused(lstm().with_chrono_length(2)), "chrono_length");
    assert_eq!(refused(lstm().with_cell(Cell::Gru)), "cell");
    assert_eq!(refused(lstm().with_gate_activation(Activation::Prelu)), "gate_activation");
    let error = GruConfig::new(2, 3).with_activation(Activation::Prelu).try_init(&device);
    assert_eq!(error.unwrap_err().field, "activation");
    let error = RnnConfig::new(2, 3).with_clip(Some(f64::NAN)).try_init(&device);
    assert_eq!(error.unwrap_err().field, "clip");
}

#[test]
fn time_major_is_the_same_with_axes_swapped() {
    let device = Device::flex();
    let input: Tensor<3> = values([4, 6, 2], 0.9, (&device, DType::F32));
    let config = LstmConfig::new(2, 3).with_bidirectional(true);
    let (expected, _) = config.init(&device).forward(input.clone(), None);
    let time_major = config.with_batch_first(false).init(&device);
    let (outputs, _) = time_major.forward(input.swap_dims(0, 1), None);
    assert_eq!(numbers(outputs.swap_dims(0, 1)), numbers(expected));
}

#[test]
fn a_seed_means_the_weights_of_the_zoos_network() {
    let device = Device::flex();
    let layer = LstmConfig::new(2, 3).with_layers(2).with_bidirectional(true).with_seed(9);
    let layer = layer.init(&device);
    let network =
        RecurrentConfig { hidden: 3, layers: 2, bidirectional: true, ..Default::default() };
    let network = network.try_init(9, &device).unwrap();
    let twins = layer.stack.layers.iter().zip(&network.layers);
    for (ours, zoo) in twins.chain(layer.stack.reverse.iter().zip(&network.reverse)) {
        assert_eq!(numbers(ours.input.weight.val()), numbers(zoo.input.weight.val()));
        assert_eq!(numbers(ours.hidden.weight.val()), numbers(zoo.hidden.weight.val()));
    }
}

#[test]
fn dropout_is_between_layers_and_in_training_only() {
    let input = |device: &Device| values([8, 5, 2], 0.9, (device, DType::F32));
    let config = LstmConfig::new(2, 64).with_layers(2);
    let run = |config: &LstmConfig, device: &Device| {
        numbers(config.init(device).forward(input(device), None).0)
    };
    let (plain, training) = (Device::flex(), Device::flex().autodiff());
    let with = config.clone().with_dropout(0.5);
    assert_eq!(run(&with, &plain), run(&config, &plain), "there is none without training");
    let [first, second] = [0, 1].map(|_| run(&with, &training));
    assert!(difference(&first, &second) > 1e-3, "masks differ");
    // The last layer's outputs are not dropped, nor is the only one's.
    assert!(first.iter().all(|x| *x != 0.0));
    let single = LstmConfig::new(2, 64);
    let dropped = single.clone().with_dropout(0.5);
    assert_eq!(run(&dropped, &training), run(&single, &training));
}

#[test]
fn taps_see_every_step_on_both_paths() {
    let device = Device::flex().autodiff();
    let lstm = LstmConfig::new(2, 3).with_layers(2).with_bidirectional(true).init(&device);
    let input: Tensor<3> = values([4, 6, 2], 0.9, (&device, DType::F32));
    let seen = |path| {
        let mut taps = Taps::on();
        let lengths = [6, 3, 1, 5];
        let (outputs, state) =
            lstm.forward_tapped(input.clone(), Some(&lengths), None, path, &mut taps);
        let gradients = (outputs.sum() + state.cell.sum()).backward();
        let mut seen: Vec<(String, Vec<f64>)> = taps
            .tapped()
            .iter()
            .map(|tapped| {
                let mut all = numbers(tapped.gradient(&gradients).unwrap());
                all.extend(numbers(tapped.activation()));
                (tapped.subject().to_string(), all)
            })
            .collect();
        seen.sort_by(|(a, _), (b, _)| a.cmp(b));
        seen
    };
    let (fused, plain) = (seen(Path::Fastest), seen(Path::Plain));
    assert_eq!(fused.len(), 2 * 2 * 2 * 6, "layers, directions, states and memories, steps");
    for ((name, fused), (other, plain)) in fused.iter().zip(&plain) {
        assert_eq!(name, other);
        let far = difference(fused, plain);
        assert!(far < 1e-6, "{name}: {far:e}");
    }
}

#[test]
fn parameters_are_counted_and_named_as_the_zoos() {
    let lstm = LstmConfig::new(2, 3).with_bias(false).init(&Device::flex());
    assert_eq!(lstm.num_params(), (2 + 3) * 4 * 3);
}
