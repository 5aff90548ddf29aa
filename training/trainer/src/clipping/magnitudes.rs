//! Tests: a norm is reached for gradients of every magnitude and float type.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use super::factor::{Factor, widened};
use super::queued::{QueuedFactor, Size};

const TYPES: [FloatDType; 4] =
    [FloatDType::F64, FloatDType::F32, FloatDType::F16, FloatDType::BF16];

/// Largest and smallest normal and smallest subnormal number, and the relative rounding error.
fn range(dtype: FloatDType) -> [f64; 4] {
    match dtype {
        FloatDType::F64 => [f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e-15],
        FloatDType::F16 => [65_504.0, 6.104e-5, 5.96e-8, 2e-3],
        FloatDType::BF16 => [3.389e38, 1.18e-38, 9.2e-41, 2e-2],
        _ => [f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE), 1.4e-45, 1e-6],
    }
}

fn tensor(values: &[f64], dtype: FloatDType) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::<1>::from_data(data, (&Device::flex(), DType::F64)).cast(dtype)
}

fn values(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// What a gradient should become, from the rounded values that the tensor holds.
fn bounded(gradient: &[f64], bound: f64) -> Vec<f64> {
    let largest = gradient.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    if largest == 0.0 {
        return gradient.to_vec();
    }
    let relative = gradient.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt();
    if largest <= bound / relative {
        return gradient.to_vec();
    }
    gradient.iter().map(|x| x / largest * (bound / relative)).collect()
}

/// Gradients of every magnitude that a type has, of few and of many elements.
fn gradients(dtype: FloatDType) -> Vec<Vec<f64>> {
    let [largest, normal, subnormal, _] = range(dtype);
    let mut gradients = vec![
        vec![2e22, -1e22, 3e30],
        vec![300.0],
        vec![3.0, -4.0, 0.0],
        vec![0.0, 0.0],
        vec![largest; 5],
        vec![largest, -largest, subnormal],
        vec![subnormal; 3],
        vec![normal, -subnormal * 3.0],
        vec![1.0; 70_000],
    ];
    gradients.retain(|gradient| gradient.iter().all(|x| x.abs() <= largest));
    gradients
}

fn bounds(dtype: FloatDType) -> [f64; 7] {
    let [largest, normal, subnormal, _] = range(dtype);
    [1.0, 1e-3, 5.0, normal, 10.0 * subnormal, largest / 4.0, 1e300]
}

/// Checks each gradient of a type against its definition in 64 bits.
fn check(clip: impl Fn(Tensor<1>, f64) -> Tensor<1>, dtype: FloatDType) {
    let [.., subnormal, error] = range(dtype);
    for gradient in gradients(dtype) {
        for bound in bounds(dtype) {
            let gradient = tensor(&gradient, dtype);
            let expected = bounded(&values(gradient.clone()), bound);
            let clipped = values(clip(gradient, bound));
            for (ours, theirs) in clipped.iter().zip(&expected) {
                let allowed = error * theirs.abs() + 2.0 * subnormal;
                assert!(
                    (ours - theirs).abs() <= allowed,
                    "{dtype:?}, bound {bound:e}: {ours:e} for {theirs:e} of {} values",
                    expected.len()
                );
            }
        }
    }
}

#[test]
fn a_norm_is_reached_for_every_magnitude_and_type() {
    let on_host = |gradient: Tensor<1>, bound| {
        let dtype = gradient.dtype();
        let factor = Factor::of(widened(gradient.clone()), bound);
        factor.map_or(gradient.clone(), |factor| factor.apply(widened(gradient)).cast(dtype))
    };
    TYPES.iter().for_each(|dtype| check(on_host, *dtype));
}

/// Scaling by powers of two rounds nothing, so that results of earlier versions stay.
#[test]
fn where_squares_are_normal_the_bits_are_those_of_the_plain_formula() {
    for dtype in [FloatDType::F32, FloatDType::F64] {
        for magnitude in [1e-12, 0.3, 1.0, 7e9] {
            let wave = |i: i32| magnitude * (f64::from(i) * 0.7).sin();
            let gradient = tensor(&(0..1_003).map(wave).collect::<Vec<_>>(), dtype);
            let bound = 0.37 * magnitude;
            let norm = gradient.clone().square().sum().sqrt();
            let plain = gradient.clone() * norm.recip().mul_scalar(bound).clamp_max(1.0);
            let ours = Factor::of(gradient.clone(), bound).unwrap().apply(gradient);
            assert_eq!(ours.into_data(), plain.into_data(), "{dtype:?} {magnitude}");
        }
    }
}

#[test]
fn an_accelerator_reaches_it_without_being_waited_for() {
    let queued = |gradient: Tensor<1>, bound| {
        let dtype = gradient.dtype();
        let wide = widened(gradient);
        Size::of(wide.clone()).bounding(bound).apply(wide).cast(dtype)
    };
    TYPES.iter().for_each(|dtype| check(queued, *dtype));
}

#[test]
fn a_joint_size_is_that_of_all_values_in_one_tensor() {
    for dtype in TYPES {
        for gradient in gradients(dtype) {
            let whole = widened(tensor(&gradient, dtype));
            let parts = gradient.chunks(2).map(|part| Size::of(widened(tensor(part, dtype))));
            let joint = Size::of_all(parts.collect()).unwrap();
            for bound in bounds(dtype) {
                let by = |size: Size| values(size.bounding(bound).apply(whole.clone()));
                for (ours, theirs) in by(joint.clone()).iter().zip(by(Size::of(whole.clone()))) {
                    assert!(
                        (ours - theirs).abs() <= 1e-5 * theirs.abs() + 1e-44,
                        "{ours} {theirs}"
                    );
                }
            }
        }
    }
}

#[test]
fn gradients_that_are_not_finite_are_left_as_they_are() {
    for dtype in TYPES {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let gradient = tensor(&[1.0, bad, -2.0], dtype);
            assert_eq!(Factor::of(widened(gradient.clone()), 0.1), None);
            let QueuedFactor { root, bound } = Size::of(widened(gradient)).bounding(0.1);
            assert_eq!([root, bound].map(values), [[1.0], [1.0]], "{dtype:?} {bad}");
        }
    }
}
