//! One call that checks a module's gradients: right ones pass, and each way to break them is found.

use backdraft_hooks::{GradientCheck, GradientFault, Taps, gradcheck};
use backdraft_layers::Network;
use backdraft_zoo::architectures;
use burn::module::{Module, ModuleMapper, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, EmbeddingConfig, Gru, GruConfig,
    LayerNorm, LayerNormConfig, Linear, LinearConfig, Lstm, LstmConfig, PRelu, PReluConfig,
};
use burn::optim::SgdConfig;
use burn::tensor::activation::{gelu, relu, sigmoid};
use burn::tensor::{Device, Int, Tensor, TensorData};

fn device() -> Device {
    Device::flex()
}

/// Numbers from -1 to 1 without a pattern that matters. The same in every run, because a difference within
/// its bounds by chance would be no fault of the check.
fn numbers<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|i| (1.7 * i as f32 + 0.3).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), &device())
}

fn linear() -> Linear {
    struct Filled;

    impl ModuleMapper for Filled {
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            parameter.map(|value| numbers(value.dims()))
        }
    }

    LinearConfig::new(3, 3).init(&device()).map(&mut Filled)
}

/// Burn's own layers, most kinds of them in one module.
#[derive(Module, Debug)]
struct Many {
    embedding: Embedding,
    attention: MultiHeadAttention,
    norm: LayerNorm,
    conv: Conv2d,
    batch_norm: BatchNorm,
    slope: PRelu,
    linear: Linear,
}

impl Many {
    fn new() -> Self {
        let device = device();
        Self {
            embedding: EmbeddingConfig::new(5, 4).init(&device),
            attention: MultiHeadAttentionConfig::new(4, 2).with_dropout(0.0).init(&device),
            norm: LayerNormConfig::new(4).init(&device),
            conv: Conv2dConfig::new([1, 2], [2, 2]).init(&device),
            batch_norm: BatchNormConfig::new(2).init(&device),
            slope: PReluConfig::new().init(&device),
            linear: LinearConfig::new(4, 4).init(&device),
        }
    }

    fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<1> {
        let x = self.embedding.forward(tokens);
        let x = self.norm.forward(self.attention.forward(MhaInput::self_attn(x)).context);
        let x = gelu(self.linear.forward(x.clone()) + self.linear.forward(x.square()));
        let x = self.batch_norm.forward(self.conv.forward(x.unsqueeze_dim(1)));
        let x = self.slope.forward(x);
        // Weighted, or the normalisation would leave a sum without a gradient.
        let [batch, channels, height, width] = x.dims();
        let count = batch * channels * height * width;
        let weights = Tensor::<1, Int>::arange(0..count as i64, &x.device()).float();
        let weights = weights.cast(float_of(&x)).sin();
        (x.reshape([count]) * weights).sum()
    }
}

fn float_of<const D: usize>(x: &Tensor<D>) -> burn::tensor::FloatDType {
    match x.dtype() {
        burn::tensor::DType::F64 => burn::tensor::FloatDType::F64,
        _ => burn::tensor::FloatDType::F32,
    }
}

#[test]
fn gradients_of_burns_layers_are_right() {
    let model = Many::new();
    let tokens = Tensor::<2, Int>::from_ints([[0, 1, 2], [4, 3, 1]], &device());
    let f64 = gradcheck(&model, |model, at| model.forward(at.put_int(tokens.clone())));
    // The bias of attention's keys and that of a convolution before a normalisation have no effect.
    let known = ["attention.key.bias", "conv.bias"];
    let faults = f64.map(|_| Vec::new()).unwrap_or_else(|faults| faults.0);
    let others: Vec<_> =
        faults.iter().filter(|f| f.parameter().is_none_or(|p| !known.contains(&p))).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[derive(Module, Debug)]
struct Recurrent {
    lstm: Lstm,
    gru: Gru,
}

/// Burn's recurrent layers make their first state in the device's default type, so `f64` is not possible.
#[test]
fn recurrent_layers_are_checked_in_f32_and_so_is_what_asks_for_it() {
    let model = Recurrent {
        lstm: LstmConfig::new(3, 4, true).init(&device()),
        gru: GruConfig::new(4, 4, true).init(&device()),
    };
    let x = numbers([2, 5, 3]);
    let derivatives = gradcheck(&model, |model, at| {
        let (x, _) = model.lstm.forward(at.put(x.clone()), None);
        model.gru.forward(x, None).square().sum()
    });
    assert_eq!(derivatives.unwrap().len(), 4 * 4 + 3 * 4);

    let layers = (linear(), linear());
    let x = numbers([4, 3]);
    let derivatives = GradientCheck::new().in_f32().run(&layers, |layers, at| {
        let x = layers.0.forward(at.put(x.clone()));
        layers.1.forward(sigmoid(x)).square().mean()
    });
    assert_eq!(derivatives.unwrap().len(), 4);
}

#[test]
fn gradients_of_every_architecture_of_the_zoo_are_right() {
    for architecture in architectures() {
        let config = architecture.default.miniature();
        let network = config.try_init(5, &device()).unwrap();
        let elements: usize = config.example_shape().iter().product();
        let x = numbers([3, elements]);
        let report = gradcheck(&network, |network, at| {
            let outputs = network.score(at.put(x.clone()), &mut Taps::off());
            let [rows, columns] = outputs.dims();
            let weights = Tensor::<1, Int>::arange(0..(rows * columns) as i64, &outputs.device());
            let weights = weights.float().cast(float_of(&outputs)).cos().reshape([rows, columns]);
            (outputs * weights).sum()
        });
        if let Err(faults) = report {
            panic!("{}: {faults}", architecture.name);
        }
    }
}

fn faults<M: Module>(
    model: &M,
    loss: impl Fn(&M, &backdraft_hooks::CheckPlace) -> Tensor<1>,
) -> Vec<GradientFault> {
    gradcheck(model, loss).err().map_or(Vec::new(), |faults| faults.0)
}

#[test]
fn a_detached_branch_gives_a_wrong_gradient_and_a_detached_layer_one_that_is_missing() {
    let layers = vec![linear(), linear()];
    let x = numbers([4, 3]);
    let found = faults(&layers, |layers, at| {
        let x = layers[0].forward(at.put(x.clone())).detach();
        layers[1].forward(x).square().mean()
    });
    let wrong = |fault: &GradientFault| matches!(fault, GradientFault::Wrong { autodiff, .. } if *autodiff == 0.0);
    let named: Vec<_> = found.iter().filter(|f| wrong(f)).filter_map(|f| f.parameter()).collect();
    assert_eq!(named, ["0.weight", "0.bias"], "{found:?}");
    assert!(found.iter().all(|fault| fault.parameter().is_some_and(|p| p.starts_with("0."))));

    let found = faults(&linear(), |layer, at| {
        let x = layer.forward(at.put(x.clone()));
        (x.clone() * x.detach()).mean()
    });
    assert!(found.len() == 2 && found.iter().all(|f| matches!(f, GradientFault::Wrong { .. })));
}

/// A function whose backward pass is that of another: forward x², backward that of 2.1 x².
fn wrong_square(x: Tensor<2>) -> Tensor<2> {
    let (square, scaled) = (x.clone().square(), x.square() * 2.1);
    scaled.clone() + (square - scaled).detach()
}

#[test]
fn a_wrong_backward_pass_is_found_in_both_precisions() {
    let x = numbers([4, 3]);
    let loss = |layer: &Linear, at: &backdraft_hooks::CheckPlace| {
        wrong_square(layer.forward(at.put(x.clone()))).mean()
    };
    for check in [GradientCheck::new(), GradientCheck::new().in_f32()] {
        let found = check.run(&linear(), loss).unwrap_err();
        assert_eq!(found.0.len(), 2, "{found}");
        assert!(found.0.iter().all(|f| matches!(f, GradientFault::Wrong { .. })), "{found}");
        assert!(found.to_string().starts_with("`weight`: autodiff gives "), "{found}");
    }
}

#[test]
fn a_parameter_that_is_not_used_and_one_without_effect_are_told_apart() {
    let layers = vec![linear(), linear()];
    let x = numbers([4, 3]);
    let found = faults(&layers, |layers, at| layers[0].forward(at.put(x.clone())).square().mean());
    let unreached = |path: &str| GradientFault::Unreached { parameter: path.into() };
    assert_eq!(found, [unreached("1.weight"), unreached("1.bias")]);

    let found = faults(&layers, |layers, at| {
        let x = layers[0].forward(at.put(x.clone()));
        (x.square() + layers[1].forward(at.put(numbers([4, 3]))) * 0.0).mean()
    });
    let zero = |path: &str| GradientFault::Zero { parameter: path.into() };
    assert_eq!(found, [zero("1.weight"), zero("1.bias")]);
}

#[test]
fn frozen_parameters_are_left_out_and_a_loss_without_any_is_refused() {
    let layers = vec![linear().no_grad(), linear()];
    let x = numbers([4, 3]);
    let loss = |layers: &Vec<Linear>, at: &backdraft_hooks::CheckPlace| {
        layers.iter().fold(at.put(x.clone()), |x, layer| layer.forward(x)).square().mean()
    };
    let derivatives = gradcheck(&layers, loss).unwrap();
    let paths: Vec<&str> = derivatives.iter().map(|d| d.parameter.as_str()).collect();
    assert_eq!(paths, ["1.weight", "1.bias"]);
    let frozen = vec![linear().no_grad()];
    assert_eq!(faults(&frozen, loss), [GradientFault::NothingToTrain]);
    assert_eq!(faults(&Vec::new(), loss), [GradientFault::NothingToTrain]);
}

#[derive(Module, Debug)]
struct Noisy {
    linear: Linear,
    dropout: Dropout,
}

#[test]
fn a_random_or_infinite_loss_is_told_as_what_it_is() {
    let x = numbers([40, 3]);
    let noisy = Noisy { linear: linear(), dropout: DropoutConfig::new(0.5).init() };
    let found = faults(&noisy, |noisy, at| {
        noisy.dropout.forward(noisy.linear.forward(at.put(x.clone()))).square().mean()
    });
    assert!(matches!(found[..], [GradientFault::Random { .. }]), "{found:?}");
    let found = faults(&linear(), |layer, at| {
        layer.forward(at.put(x.clone())).square().sum() * f64::INFINITY
    });
    assert!(matches!(found[..], [GradientFault::Loss { .. }]), "{found:?}");
}

#[test]
fn an_optimiser_that_moves_nothing_is_found() {
    let x = numbers([4, 3]);
    let found = GradientCheck::new()
        .with_optimizer(SgdConfig::new().init(), 0.0)
        .run(&linear(), |layer, at| layer.forward(at.put(x.clone())).square().mean())
        .unwrap_err();
    let unmoved = |path: &str| GradientFault::Unmoved { parameter: path.into() };
    assert_eq!(found.0, [unmoved("weight"), unmoved("bias")]);
}

#[test]
fn the_same_device_gives_the_same_and_one_that_computes_something_else_is_found() {
    let x = numbers([4, 3]);
    let check = || GradientCheck::new().with_second_device(Device::flex());
    check().run(&linear(), |layer, at| layer.forward(at.put(x.clone())).square().mean()).unwrap();
    // The probe for `f64` and two losses, two for each of two parameters, then that of the second device.
    let calls = std::cell::Cell::new(0);
    let found = check()
        .run(&linear(), |layer, at| {
            calls.set(calls.get() + 1);
            let factor = if calls.get() == 8 { 1.001 } else { 1.0 };
            layer.forward(at.put(x.clone())).square().mean() * factor
        })
        .unwrap_err();
    let is_other = |f: &GradientFault| {
        matches!(f, GradientFault::OtherLoss { .. } | GradientFault::OtherGradient { .. })
    };
    assert!(found.0.len() == 3 && found.0.iter().all(is_other), "{found}");
}

#[cfg(feature = "ndarray")]
#[test]
fn another_back_end_gives_the_same_gradients_in_both_precisions() {
    #[expect(deprecated, reason = "the back end is offered although upstream deprecates it")]
    let ndarray = Device::ndarray();
    let layers = vec![linear(), linear()];
    let x = numbers([4, 3]);
    let in_f64 = GradientCheck::new().in_f64().with_second_device(ndarray.clone());
    let derivatives = in_f64.run(&layers, |layers, at| {
        layers.iter().fold(at.put(x.clone()), |x, layer| relu(layer.forward(x))).square().sum()
    });
    assert_eq!(derivatives.unwrap().len(), 4);
    let in_f32 = GradientCheck::new().in_f32().with_second_device(ndarray);
    let derivatives = in_f32.run(&layers, |layers, at| {
        layers.iter().fold(at.put(x.clone()), |x, layer| sigmoid(layer.forward(x))).sum()
    });
    assert_eq!(derivatives.unwrap().len(), 4);
}

/// Burn's optimisers find a gradient by the parameter's id, and the first place takes it.
#[test]
fn a_parameter_in_two_places_has_the_gradient_of_both_and_drifts_apart() {
    let tied = linear();
    let layers = vec![tied.clone(), tied];
    let x = numbers([4, 3]);
    let found = faults(&layers, |layers, at| {
        layers.iter().fold(at.put(x.clone()), |x, layer| sigmoid(layer.forward(x))).sum()
    });
    let untied = |path: &str| GradientFault::Untied { parameter: path.into() };
    assert_eq!(found, [untied("0.weight"), untied("0.bias")]);
}

/// Zeroes every parameter.
struct Zeroed;

impl ModuleMapper for Zeroed {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|value| value.zeros_like())
    }
}

#[test]
fn parameters_that_start_at_zero_hide_nothing_unless_they_stay_there() {
    let layers = vec![linear(), linear()].map(&mut Zeroed);
    let x = numbers([4, 3]);
    let loss = |layers: &Vec<Linear>, at: &backdraft_hooks::CheckPlace| {
        layers.iter().fold(at.put(x.clone()), |x, layer| relu(layer.forward(x)) + 1.0).sum()
    };
    gradcheck(&layers, loss).unwrap();
    let found = GradientCheck::new().as_it_is().run(&layers, loss).unwrap_err();
    assert!(!found.0.is_empty(), "every rectifier is at its kink");
}
