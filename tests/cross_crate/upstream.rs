//! What Burn does to `f64`: the operations that Backdraft relies on, and the faults in `docs/upstream.md`.

use burn::nn::{BatchNormConfig, DropoutConfig, LayerNormConfig};
use burn::tensor::activation::{
    celu, elu, gelu_approximate, hard_sigmoid, hard_swish, leaky_relu, log_softmax, selu, softmax,
    softplus,
};
use burn::tensor::{DType, Device, Tensor};

use crate::widened;

/// Two values, and the slope of their sum weighted by 1 and 2 with respect to either number.
type Pair = [f64; 2];

/// A function of two numbers with what it gives, and its slopes, in exact arithmetic.
struct Operation {
    name: &'static str,
    apply: Box<dyn Fn(Tensor<2>) -> Tensor<2>>,
    value: fn(Pair) -> Pair,
}

fn operation(
    name: &'static str,
    apply: impl Fn(Tensor<2>) -> Tensor<2> + 'static,
    value: fn(Pair) -> Pair,
) -> Operation {
    Operation { name, apply: Box::new(apply), value }
}

/// Values and slopes in `dtype`, of one row.
fn computed(apply: impl Fn(Tensor<2>) -> Tensor<2>, [a, b]: Pair, dtype: DType) -> [Pair; 2] {
    let device = Device::flex().autodiff();
    let x = Tensor::<2>::from_data([[a, b]], (&device, dtype)).require_grad();
    let y = apply(x.clone());
    let weights = Tensor::<2>::from_data([[1.0f64, 2.0]], (&device, dtype));
    let slopes = x.grad(&(y.clone() * weights).sum().backward()).unwrap().into_data();
    [y.into_data(), slopes].map(|data| {
        let values: Vec<f64> = data.iter::<f64>().collect();
        [values[0], values[1]]
    })
}

/// Rows of this are what networks are made of besides activations.
fn operations() -> Vec<Operation> {
    /// The mean of both, its distance from them, and 1 / √(variance + ε).
    fn centred([a, b]: Pair) -> (f64, f64) {
        let half = (a - b) / 2.0;
        (half, (half * half + 1e-5).sqrt().recip())
    }

    let layer_norm = widened(LayerNormConfig::new(2).init(&Device::flex().autodiff()));
    let batch_norm = widened(BatchNormConfig::new(1).init(&Device::flex().autodiff()));
    vec![
        operation("mul_scalar", |x| x.mul_scalar(0.1), |[a, b]| [0.1 * a, 0.1 * b]),
        operation("add_scalar", |x| x.add_scalar(0.1), |[a, b]| [a + 0.1, b + 0.1]),
        operation("sub_scalar", |x| x.sub_scalar(0.1), |[a, b]| [a - 0.1, b - 0.1]),
        operation("clamp", |x| x.clamp(-0.1, 0.7), |p| p.map(|x| x.clamp(-0.1, 0.7))),
        operation("powf_scalar", |x| x.powf_scalar(1.3), |p| p.map(|x| x.powf(1.3))),
        operation("a power of 3", |x| x.powf_scalar(3.0), |p| p.map(|x| x * x * x)),
        operation("leaky_relu", |x| leaky_relu(x - 1.0, 0.1), |p| p.map(|x| 0.1 * (x - 1.0))),
        operation("recip", Tensor::recip, |p| p.map(f64::recip)),
        operation("sqrt", Tensor::sqrt, |p| p.map(f64::sqrt)),
        operation("exp", Tensor::exp, |p| p.map(f64::exp)),
        operation("log", Tensor::log, |p| p.map(f64::ln)),
        operation("log1p", Tensor::log1p, |p| p.map(f64::ln_1p)),
        operation("tanh", Tensor::tanh, |p| p.map(f64::tanh)),
        operation("mean_dim", |x| x.mean_dim(1).repeat_dim(1, 2), |[a, b]| [(a + b) / 2.0; 2]),
        operation("division", |x| x.clone() / (x + 0.1), |p| p.map(|x| x / (x + 0.1))),
        operation(
            "softmax",
            |x| softmax(x, 1),
            |[a, b]| [a.exp() / (a.exp() + b.exp()), b.exp() / (a.exp() + b.exp())],
        ),
        operation(
            "log_softmax",
            |x| log_softmax(x, 1),
            |[a, b]| [a, b].map(|x| x - (a.exp() + b.exp()).ln()),
        ),
        operation(
            "layer norm",
            move |x| layer_norm.forward(x),
            |p| {
                let (half, scale) = centred(p);
                [half * scale, -half * scale]
            },
        ),
        operation(
            "batch norm",
            move |x| batch_norm.forward(x.transpose()).transpose(),
            |p| {
                let (half, scale) = centred(p);
                [half * scale, -half * scale]
            },
        ),
    ]
}

#[test]
fn operations_of_networks_keep_the_digits_of_f64() {
    const X: Pair = [0.8137, 0.2713];

    for Operation { name, apply, value } in operations() {
        let [values, slopes] = computed(apply, X, DType::F64);
        let exact = value(X);
        let slope = |at: usize| {
            let weighted = |distance: f64| {
                let mut x = X;
                x[at] += distance;
                let [a, b] = value(x);
                a + 2.0 * b
            };
            let (h, near) = (1e-3, |h: f64| weighted(h) - weighted(-h));
            (45.0 * near(h) - 9.0 * near(2.0 * h) + near(3.0 * h)) / (60.0 * h)
        };
        for at in 0..2 {
            let close = |ours: f64, exact: f64| (ours - exact).abs() < 1e-15 * exact.abs().max(1.0);
            assert!(close(values[at], exact[at]), "{name}: {values:?}, not {exact:?}");
            let (ours, exact) = (slopes[at], slope(at));
            // The difference rounds at 1e-16 / h, and is off by h⁶ times a seventh derivative.
            let error = (ours - exact).abs();
            assert!(error < 1e-11 * exact.abs().max(1.0), "{name}: slope {ours}, not {exact}");
        }
    }
}

#[test]
fn dropout_scales_in_f64() {
    let device = Device::flex().autodiff();
    let x = Tensor::<2>::ones([1, 100], (&device, DType::F64));
    let kept = DropoutConfig::new(0.3).init().forward(x).into_data();
    assert!(kept.iter::<f64>().all(|y| y == 0.0 || (y * 0.7 - 1.0).abs() < 1e-15));
}

/// When this fails, Burn has mended something: take our version out, and its entry in `docs/upstream.md`.
#[test]
fn the_faults_that_are_worked_around_are_still_there() {
    let slope =
        |apply: fn(Tensor<2>) -> Tensor<2>, x: f64, dtype| computed(apply, [x; 2], dtype)[1][0];
    let value =
        |apply: fn(Tensor<2>) -> Tensor<2>, x: f64, dtype| computed(apply, [x; 2], dtype)[0][0];
    for function in [|x| elu(x, 1.0), |x| celu(x, 1.0), selu] as [fn(Tensor<2>) -> Tensor<2>; 3] {
        assert!(slope(function, 100.0, DType::F32).is_nan());
        assert!(slope(function, 1_000.0, DType::F64).is_nan());
        assert_eq!(value(function, -1e-9, DType::F32), 0.0);
    }
    assert!(slope(gelu_approximate, 1e20, DType::F32).is_nan());
    let third = slope(|x| x.div_scalar(3.0), 1.0, DType::F64);
    assert!((third * 3.0 - 1.0).abs() > 1e-9, "{third}");
    let tiny = slope(|x| hard_sigmoid(x, 0.2, 0.5).mul_scalar(1e-60), 1.0, DType::F64);
    assert_eq!(tiny, 0.0);
    let swished = value(hard_swish, 0.1, DType::F64);
    assert!((swished - 0.1 * 3.1 / 6.0).abs() > 1e-10, "{swished}");
    let plus = value(|x| softplus(x, 1.0), 21.0, DType::F64);
    assert_eq!(plus, 21.0);
}
