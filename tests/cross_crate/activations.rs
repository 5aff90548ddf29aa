//! Every activation against its closed form in `f64`, from subnormal numbers to the largest.

use backdraft::theory::ScalarFunction;
use backdraft::{BACKENDS, Backend};
use backdraft_hooks::{GradientHook, GradientNorm, Schedule, Taps};
use backdraft_layers::{Activation, ActivationExt, ActivationLayer, dense};
use backdraft_resnet::{Normalization, ResnetConfig};
use backdraft_tests::{Point, closed_form};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{DType, Device, Tensor, TensorData};

/// Both zeros, and of either sign: every magnitude from the smallest subnormal number to 1e4, the
/// numbers around the bends, and powers of ten up to the largest.
fn points(dtype: DType) -> Vec<f64> {
    let (smallest, largest) = if dtype == DType::F64 { (-323.0, 308) } else { (-45.0, 38) };
    let magnitude = |i: u32| 10f64.powf(smallest + (4.0 - smallest) * f64::from(i) / 1_200.0);
    let positive = (0..=1_200).map(magnitude);
    let positive = positive.chain((1..800).map(|i| f64::from(i) * 0.0371));
    let positive = positive.chain([0.5, 1.0, 2.5, 3.0, 6.0, 88.5, 89.0, 709.5, 710.0]);
    let positive = positive.chain((5..=largest).map(|power| 10f64.powi(power)));
    let both = positive.flat_map(|x| [x, -x]).chain([0.0, -0.0]);
    both.map(|x| if dtype == DType::F64 { x } else { f64::from(x as f32) }).collect()
}

/// Drivers of GPUs may take subnormal numbers for 0 and need not know a function's limits far out.
fn is_for_gpus(x: f64) -> bool {
    x == 0.0 || (f64::from(f32::MIN_POSITIVE)..=1e4).contains(&x.abs())
}

/// What a back end makes of a number: value and slope.
struct Computed {
    x: f64,
    value: f64,
    slope: f64,
    exact: Point,
}

impl Computed {
    /// Errors of value and slope with the exact number of each; a slope may be that of either side.
    fn errors(&self) -> [(f64, f64); 2] {
        let [below, above] = self.exact.slopes;
        let slope = self.slope.clamp(below.min(above), below.max(above));
        [(self.value, self.exact.value), (self.slope, slope)]
            .map(|(ours, exact)| ((ours - exact).abs(), exact))
    }
}

/// Applies an activation to all [`points`] that are chosen and whose results are finite.
fn computed(
    activation: Activation,
    dtype: DType,
    device: &Device,
    is_chosen: fn(f64) -> bool,
    apply: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Vec<Computed> {
    let largest = if dtype == DType::F64 { f64::MAX } else { f64::from(f32::MAX) };
    let exact = points(dtype)
        .into_iter()
        .filter(|x| is_chosen(*x))
        .map(|x| (x, closed_form(activation, x)));
    let (points, exact): (Vec<f64>, Vec<Point>) =
        exact.filter(|(_, exact)| exact.value.abs() <= largest).unzip();
    let data = TensorData::new(points.clone(), [points.len(), 1]).convert_dtype(dtype);
    let x = Tensor::<2>::from_data(data, (&device.clone().autodiff(), dtype)).require_grad();
    let y = apply(x.clone());
    let slopes = x.grad(&y.clone().sum().backward()).unwrap().into_data();
    let values = y.into_data();
    let results = values.iter::<f64>().zip(slopes.iter::<f64>());
    let results = points.into_iter().zip(exact).zip(results);
    results.map(|((x, exact), (value, slope))| Computed { x, value, slope, exact }).collect()
}

/// Asserts that value and slope are right to so much of the larger of 1 and themselves.
fn assert_close(name: &str, tolerance: f64, results: Vec<Computed>) {
    assert!(results.len() > 1_000, "{name}: {}", results.len());
    for result in results {
        for (what, (error, exact)) in ["value", "slope"].into_iter().zip(result.errors()) {
            let is_close = error <= tolerance * exact.abs().max(1.0);
            assert!(is_close, "{name}: {what} at {:e} is off by {error:e}, {exact:e}", result.x);
        }
    }
}

/// What functions of numbers of one type are held to.
struct Precision {
    dtype: DType,
    tolerance: f64,
    /// Chooses among the [`points`].
    is_chosen: fn(f64) -> bool,
}

fn precisions(backend: &Backend) -> Vec<Precision> {
    let of = |dtype, tolerance, is_chosen| Precision { dtype, tolerance, is_chosen };
    match backend.name {
        "flex" | "ndarray" => vec![of(DType::F32, 2e-6, all), of(DType::F64, 1e-14, all)],
        _ => vec![of(DType::F32, backend.tolerance, is_for_gpus)],
    }
}

fn all(_: f64) -> bool {
    true
}

#[test]
fn every_activation_and_its_slope_are_right_on_every_back_end() {
    for backend in BACKENDS.iter().filter(|backend| backend.is_built_in()) {
        let (_, device) = Backend::select(Some(backend.name)).unwrap();
        for Precision { dtype, tolerance, is_chosen } in precisions(backend) {
            for activation in Activation::ALL {
                let apply = |x| activation.apply(x);
                let results = computed(*activation, dtype, &device, is_chosen, apply);
                let name = format!("{activation:?} on {} in {dtype:?}", backend.name);
                assert_close(&name, tolerance, results);
            }
        }
    }
}

#[test]
fn the_learned_slope_of_prelu_is_that_of_its_closed_form() {
    for backend in BACKENDS.iter().filter(|backend| backend.is_built_in()) {
        let (_, device) = Backend::select(Some(backend.name)).unwrap();
        let Precision { dtype, tolerance, is_chosen } = precisions(backend).swap_remove(0);
        let layer = ActivationLayer::new(Activation::Prelu, &device.clone().autodiff());
        let apply = |x| layer.forward(x);
        let results = computed(Activation::Prelu, dtype, &device, is_chosen, apply);
        assert_close(backend.name, tolerance, results);
    }
}

/// The dense node computes activation and slope in code of its own.
#[test]
fn activations_of_the_dense_node_are_right() {
    let device = Device::flex();
    let tracked = device.clone().autodiff();
    let identity = Linear {
        weight: Param::from_data([[1.0f32]], &tracked),
        bias: Some(Param::from_data([0.0f32], &tracked)),
    };
    for activation in Activation::ALL {
        let layer = ActivationLayer::new(*activation, &tracked);
        let apply = |x| dense(&identity, Some(&layer), x);
        let results = computed(*activation, DType::F32, &device, all, apply);
        assert_close(&format!("{activation:?}"), 2e-6, results);
    }
}

/// Values and slopes keep their digits on flex however small they are.
#[test]
fn results_that_vanish_keep_their_digits() {
    use Activation::{Gelu, GeluApproximate, Sigmoid, Softsign, Tanh, TanhShrink};

    for (dtype, tolerance, smallest) in
        [(DType::F32, 2e-5, f64::from(f32::MIN_POSITIVE)), (DType::F64, 1e-11, f64::MIN_POSITIVE)]
    {
        for activation in Activation::ALL {
            // 1 − tanh², 1 + erf, x − tanh x, softsign's two terms, and in `f32` 1 − sigmoid lose digits
            // to cancellation, as they do in PyTorch.
            let cancels = match activation {
                Gelu | GeluApproximate | TanhShrink => [true, true],
                Tanh | Softsign => [false, true],
                Sigmoid => [false, dtype == DType::F32],
                _ => [false, false],
            };
            let apply = |x| activation.apply(x);
            for result in computed(*activation, dtype, &Device::flex(), all, apply) {
                let errors = ["value", "slope"].into_iter().zip(result.errors());
                for ((what, (error, exact)), cancels) in errors.zip(cancels) {
                    let is_close = cancels || error <= tolerance * exact.abs().max(smallest);
                    let (x, at) = (result.x, format!("{activation:?} in {dtype:?}: {what}"));
                    assert!(is_close, "{at} at {x:e} is off by {error:e}, {exact:e}");
                }
            }
        }
    }
}

/// Twelve residual blocks without normalisation, in which pre-activations grow beyond 88, where eˣ
/// overflows.
#[test]
fn no_activation_has_a_gradient_that_is_not_finite_where_signals_grow() {
    let config = ResnetConfig {
        input_shape: [1, 8, 8],
        stages: vec![6, 6],
        width: 8,
        normalization: Normalization::None,
        ..Default::default()
    };
    for backend in BACKENDS.iter().filter(|backend| backend.is_built_in()) {
        let device = Backend::select(Some(backend.name)).unwrap().1.autodiff();
        for activation in Activation::ALL {
            let config = ResnetConfig { activation: *activation, ..config.clone() };
            let network = config.try_init(1, &device).unwrap();
            let wave = |i: i32| (f64::from(i) * 0.7).sin() * 3.0;
            let images = TensorData::new((0..256).map(wave).collect(), [4, 1, 8, 8]);
            let outputs = network.forward(Tensor::from_data(images, &device), &mut Taps::off());
            let gradients = (outputs * 1e-3).sum().backward();
            let mut hook = GradientHook::new(&[&GradientNorm], Schedule::Every(1));
            let rows = hook.observe(0, &network, &gradients).unwrap().rows().unwrap();
            let is_finite = rows.iter().all(|row| row.value.is_finite());
            assert!(is_finite, "{activation:?} on {}: {rows:?}", backend.name);
        }
    }
}

#[test]
fn the_activations_of_the_theory_are_those_of_the_networks() {
    for activation in Activation::ALL {
        for x in points(DType::F64).into_iter().filter(|x| x.abs() < 1e100) {
            let exact = closed_form(*activation, x);
            let (value, slope) = (activation.value(x), activation.derivative(x));
            let result = Computed { x, value, slope, exact };
            for (what, (error, exact)) in ["value", "slope"].into_iter().zip(result.errors()) {
                // The closed form of x − tanh x subtracts above 0.01, which costs it 3e-12 there.
                let is_close = error <= 1e-11 * exact.abs() + 1e-300;
                assert!(is_close, "{activation:?}: {what} at {x:e} is off by {error:e}, {exact:e}");
            }
        }
    }
}
