//! Every quantity in every float type that the back ends offer, and modules that mix them.

use backdraft_hooks::{
    Filter, GradientHook, Nonlinearity, OPTIMIZER, PRECISION, QUANTITIES, QuantityName, Row,
    Schedule, Taps, global_norm,
};
use burn::module::{Module, Param};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use crate::relative_difference;

const TYPES: [(FloatDType, DType); 4] = [
    (FloatDType::F64, DType::F64),
    (FloatDType::F32, DType::F32),
    (FloatDType::F16, DType::F16),
    (FloatDType::BF16, DType::BF16),
];

fn devices() -> Vec<Device> {
    #[cfg(feature = "ndarray")]
    {
        #[expect(deprecated, reason = "the back end is offered although upstream deprecates it")]
        let ndarray = Device::ndarray();
        vec![Device::flex(), ndarray]
    }
    #[cfg(not(feature = "ndarray"))]
    {
        vec![Device::flex()]
    }
}

fn types(device: &Device) -> impl Iterator<Item = FloatDType> {
    let offered = TYPES.into_iter().filter(|(_, dtype)| device.supports_dtype(*dtype));
    offered.map(|(float, _)| float)
}

#[derive(Module, Debug)]
struct Weights {
    weight: Param<Tensor<1>>,
    other: Param<Tensor<1>>,
}

fn tensor(values: &[f64], dtype: FloatDType, device: &Device) -> Tensor<1> {
    let data =
        TensorData::new(values.iter().map(|x| *x as f32).collect::<Vec<_>>(), [values.len()]);
    Tensor::<1>::from_data(data, (device, DType::F32)).cast(dtype)
}

fn parameter(values: &[f64], dtype: FloatDType, device: &Device) -> Param<Tensor<1>> {
    Param::from_tensor(tensor(values, dtype, device).autodiff()).set_require_grad(true)
}

/// What is measured of a module with these gradients, whose weights then take a step of SGD.
fn measured(
    dtypes: [FloatDType; 2],
    gradient: &[f64],
    device: &Device,
) -> (Vec<Row>, [Vec<f64>; 3]) {
    let start: Vec<f64> = (0..gradient.len()).map(|i| (i as f64 * 0.37).cos()).collect();
    let module = Weights {
        weight: parameter(&start, dtypes[0], device),
        other: parameter(&start, dtypes[1], device),
    };
    let mut gradients = GradientsParams::new();
    gradients.register(module.weight.id, tensor(gradient, dtypes[0], device));
    gradients.register(module.other.id, tensor(gradient, dtypes[1], device));
    let mut taps = Taps::on();
    let activation = tensor(&start, dtypes[0], device).reshape([2, gradient.len() / 2]);
    for kind in [Nonlinearity::Rectifier, Nonlinearity::Tanh, Nonlinearity::Sigmoid] {
        let _ = taps.tap_output(format_args!("{kind:?}"), kind, activation.clone());
    }
    let quantities = [QUANTITIES, OPTIMIZER, PRECISION].concat();
    let mut hook = GradientHook::new(&quantities, Schedule::Every(1));
    let observation = hook.observe_with_taps(0, &module, &gradients, &taps).unwrap();
    let values = |tensor: Tensor<1>| -> Vec<f64> { tensor.into_data().iter::<f64>().collect() };
    let exact = values(gradients.get::<1>(module.weight.id).unwrap());
    let before = values(module.weight.val().without_autodiff());
    let module = SgdConfig::new().init().step(0.5, module, gradients);
    let after = values(module.weight.val().without_autodiff());
    (observation.rows_after_step(&module).unwrap(), [exact, before, after])
}

fn value(rows: &[Row], quantity: &QuantityName, subject: &str) -> f64 {
    let fits = |row: &&Row| row.quantity == *quantity && row.subject == subject;
    rows.iter().find(fits).unwrap_or_else(|| panic!("no {quantity} of {subject}")).value
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn every_quantity_is_that_of_the_stored_values_whatever_their_type() {
    let gradient: Vec<f64> = (0..600)
        .map(|i| {
            f64::from(u8::from(i % 5 != 0)) * (f64::from(i) * 0.7).sin() * 10f64.powi(i % 7 - 5)
        })
        .collect();
    for device in devices() {
        for dtype in types(&device) {
            let (rows, [g, before, after]) = measured([dtype, dtype], &gradient, &device);
            let check = |quantity: QuantityName, expected: f64| {
                let ours = value(&rows, &quantity, "weight");
                assert!(
                    relative_difference(ours, expected) < 2e-5 || (ours - expected).abs() < 1e-9,
                    "{device:?} {dtype:?} {quantity}: {ours} for {expected}"
                );
            };
            let count = g.len() as f64;
            let share =
                |fits: &dyn Fn(f64) -> bool| g.iter().filter(|x| fits(**x)).count() as f64 / count;
            let mean = g.iter().sum::<f64>() / count;
            let variance = g.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let least = match dtype {
                FloatDType::F16 => 2f64.powi(-14),
                FloatDType::F64 => f64::MIN_POSITIVE,
                _ => f64::from(f32::MIN_POSITIVE),
            };
            check(QuantityName::GRADIENT_NORM, norm(&g));
            check(
                QuantityName::GRADIENT_MEAN_ABSOLUTE,
                g.iter().map(|x| x.abs()).sum::<f64>() / count,
            );
            check(QuantityName::GRADIENT_STANDARD_DEVIATION, variance.sqrt());
            check(QuantityName::GRADIENT_MAX, g.iter().fold(0.0, |a: f64, b| a.max(b.abs())));
            check(QuantityName::GRADIENT_ZERO_SHARE, share(&|x| x == 0.0));
            check(QuantityName::GRADIENT_UNDERFLOW_SHARE, share(&|x| x != 0.0 && x.abs() < least));
            check(QuantityName::GRADIENT_NAN_COUNT, 0.0);
            check(QuantityName::GRADIENT_INFINITY_COUNT, 0.0);
            check(QuantityName::GRADIENT_MISSING, 0.0);
            check(QuantityName::WEIGHT_NORM, norm(&before));
            let step: Vec<f64> = before.iter().zip(&after).map(|(a, b)| a - b).collect();
            check(QuantityName::UPDATE_RATIO, norm(&step) / norm(&before));
            let dot: f64 = step.iter().zip(&g).map(|(a, b)| a * b).sum();
            check(QuantityName::UPDATE_COSINE, dot / norm(&step) / norm(&g));
            check(
                QuantityName::GRADIENT_UNDERFLOWN_FP16,
                share(&|x| x != 0.0 && x.abs() < 2f64.powi(-14)),
            );
            let bins = rows.iter().filter(|row| {
                row.quantity == QuantityName::GRADIENT_HISTOGRAM && row.subject.path() == "weight"
            });
            let counted: f64 = bins.map(|row| row.value).sum();
            assert_eq!(counted, count * (1.0 - share(&|x| x == 0.0)), "{device:?} {dtype:?}");
            assert_activations(&rows, &before, &format!("{device:?} {dtype:?}"));
        }
    }
}

/// The tapped activations have the values of the weights before the step.
fn assert_activations(rows: &[Row], values: &[f64], label: &str) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    let share =
        |fits: &dyn Fn(f64) -> bool| values.iter().filter(|x| fits(**x)).count() as f64 / count;
    for (quantity, subject, expected) in [
        (QuantityName::ACTIVATION_NORM, "Tanh", norm(values)),
        (QuantityName::ACTIVATION_MEAN, "Tanh", mean),
        (QuantityName::ACTIVATION_STANDARD_DEVIATION, "Tanh", variance.sqrt()),
        (QuantityName::SATURATED_SHARE, "Tanh", share(&|a| 1.0 - a * a < 0.01)),
        (QuantityName::SATURATED_SHARE, "Sigmoid", share(&|a| a * (1.0 - a) < 0.0025)),
        (QuantityName::DEAD_SHARE, "Rectifier", 0.0),
    ] {
        let ours = value(rows, &quantity, subject);
        let is_close = relative_difference(ours, expected) < 2e-5 || (ours - expected).abs() < 1e-6;
        assert!(is_close, "{label} {quantity} of {subject}: {ours} for {expected}");
    }
}

/// 131,072 elements of 13.8125, which every type holds exactly.
#[test]
fn a_norm_of_5000_66_its_zeros_and_its_histogram_are_right_in_every_type() {
    let gradient = vec![13.8125; 131_072];
    for device in devices() {
        for dtype in types(&device) {
            let (rows, _) = measured([dtype, dtype], &gradient, &device);
            let of = |quantity| value(&rows, &quantity, "weight");
            let gradient_norm = of(QuantityName::GRADIENT_NORM);
            assert!((gradient_norm - 5_000.659).abs() < 0.01, "{dtype:?}: {gradient_norm}");
            assert_eq!(of(QuantityName::GRADIENT_ZERO_SHARE), 0.0, "{dtype:?}");
            let counted = value(&rows, &QuantityName::GRADIENT_HISTOGRAM, "weight[1e1]");
            assert_eq!(counted, 131_072.0, "{dtype:?}");
            let network = value(&rows, &QuantityName::GRADIENT_NORM, "network");
            assert!((network - 5_000.659 * 2f64.sqrt()).abs() < 0.02, "{dtype:?}: {network}");
        }
    }
}

#[test]
fn modules_partly_in_another_type_are_measured_and_have_a_joint_norm() {
    let gradient: Vec<f64> = (0..64).map(|i| (f64::from(i) * 0.7).sin()).collect();
    for device in devices() {
        for first in types(&device) {
            for second in types(&device) {
                let (rows, _) = measured([first, second], &gradient, &device);
                let of = |subject| value(&rows, &QuantityName::GRADIENT_NORM, subject);
                let joint = of("weight").hypot(of("other"));
                assert!(relative_difference(of("network"), joint) < 1e-9, "{first:?} {second:?}");
                let module = Weights {
                    weight: parameter(&gradient, first, &device),
                    other: parameter(&gradient, second, &device),
                };
                let mut gradients = GradientsParams::new();
                gradients.register(module.weight.id, tensor(&gradient, first, &device));
                gradients.register(module.other.id, tensor(&gradient, second, &device));
                let whole = global_norm(&module, &gradients).unwrap();
                assert!(relative_difference(whole, joint) < 1e-5, "{first:?} {second:?}");
            }
        }
    }
}

#[test]
fn more_elements_than_an_f32_can_count_are_counted_in_every_type() {
    let count = (1 << 24) + 3;
    let device = Device::flex();
    let quantities: Vec<_> = QUANTITIES
        .iter()
        .copied()
        .filter(|q| q.name() == QuantityName::GRADIENT_HISTOGRAM)
        .collect();
    for dtype in [FloatDType::F16, FloatDType::BF16] {
        let module = Weights {
            weight: parameter(&[1.0], dtype, &device),
            other: parameter(&[1.0], dtype, &device),
        };
        let mut gradients = GradientsParams::new();
        let ones = Tensor::<1>::ones([count], (&device, DType::F32)).cast(dtype);
        gradients.register(module.weight.id, ones);
        let filter = Filter::all().include("weight");
        let mut hook = GradientHook::new(&quantities, Schedule::Every(1)).with_filter(filter);
        let rows = hook.observe(0, &module, &gradients).unwrap().rows().unwrap();
        let counted = value(&rows, &QuantityName::GRADIENT_HISTOGRAM, "weight[1e0]");
        assert_eq!(counted, count as f64, "{dtype:?}");
    }
}
