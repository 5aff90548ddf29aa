//! The LSTM of a widely copied example whose bias never received a gradient, rebuilt: it trained for
//! a year, because an LSTM without a bias learns well enough for nobody to look
//! (tracel-ai/burn#5235).

use backdraft_hooks::{Finding, GradientHook, QUANTITIES, Schedule, Taps, Thresholds, diagnose};
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::{Device, Tensor};

const HIDDEN: usize = 8;

#[derive(Module, Debug)]
struct CopiedLstm {
    input: Linear,
    hidden: Linear,
    bias: Param<Tensor<1>>,
    head: Linear,
    #[module(skip)]
    is_repaired: bool,
}

impl CopiedLstm {
    fn new(is_repaired: bool, device: &Device) -> Self {
        let linear = |inputs: usize, outputs| LinearConfig::new(inputs, outputs);
        Self {
            input: linear(2, 4 * HIDDEN).with_bias(false).init(device),
            hidden: linear(HIDDEN, 4 * HIDDEN).with_bias(false).init(device),
            bias: Param::from_data([0.1f32; 4 * HIDDEN], device),
            head: linear(HIDDEN, 1).init(device),
            is_repaired,
        }
    }

    fn forward(&self, sequence: Tensor<3>) -> Tensor<2> {
        let [batch, ..] = sequence.dims();
        let mut h = Tensor::<2>::zeros([batch, HIDDEN], &sequence.device());
        let mut c = h.clone();
        for x in sequence.split(1, 1) {
            let mut gates = self.input.forward(x.squeeze_dim::<2>(1)) + self.hidden.forward(h);
            if self.is_repaired {
                gates = gates + self.bias.val().unsqueeze();
            }
            let [i, f, g, o] = [0, 1, 2, 3].map(|n| gates.clone().narrow(1, n * HIDDEN, HIDDEN));
            c = sigmoid(f) * c + sigmoid(i) * tanh(g);
            h = sigmoid(o) * tanh(c.clone());
        }
        self.head.forward(h)
    }
}

/// Trains for a few steps; returns the losses and what the diagnosis finds.
fn train(is_repaired: bool) -> (f64, f64, Vec<Finding>) {
    let device = Device::flex().autodiff();
    let mut model = CopiedLstm::new(is_repaired, &device);
    let mut optimizer = AdamConfig::new().init();
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(10));
    let values: Vec<f32> = (0..16 * 6 * 2).map(|i| (i as f32 * 0.7).sin()).collect();
    let sequence = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([16, 6, 2]);
    let target = sequence.clone().sum_dim(1).narrow(2, 0, 1).squeeze_dim::<2>(1);
    let (mut rows, mut losses) = (Vec::new(), Vec::new());
    for step in 0..60 {
        let loss = (model.forward(sequence.clone()) - target.clone()).square().mean();
        let mut gradients = loss.backward();
        losses.push(f64::from(loss.into_scalar::<f32>()));
        let observation = hook.observe_with_taps(step, &model, &gradients, &Taps::off());
        let gradients = GradientsParams::from_module(&mut gradients, &model);
        model = optimizer.step(1e-2, model, gradients);
        if let Some(observation) = observation {
            rows.extend(observation.rows_after_step(&model).unwrap());
        }
    }
    (losses[0], losses[59], diagnose(&rows, &Thresholds::default()))
}

#[test]
fn the_bias_that_nobody_missed_is_found_and_gone_once_repaired() {
    let is_missing = |finding: &&Finding| finding.rule == "missing-gradient";
    let (first, last, findings) = train(false);
    assert!(last < 0.2 * first, "it learns all the same: {first} to {last}");
    let missing: Vec<_> = findings.iter().filter(is_missing).collect();
    assert_eq!(missing.len(), 1, "{findings:?}");
    assert_eq!(missing[0].subject, "bias");
    let (_, _, findings) = train(true);
    assert!(!findings.iter().any(|finding| is_missing(&finding)), "{findings:?}");
}
