//! A fully connected network in `f64`: plain loops, gradient by hand.

use backdraft_layers::Activation;
use backdraft_mlp::Mlp;
use burn::nn::Linear;

use crate::activations::closed_form;

/// A linear layer: `weight[input][output]` and `bias[output]`.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Weights.
    pub weight: Vec<Vec<f64>>,
    /// Biases.
    pub bias: Vec<f64>,
}

/// A network with one activation for all hidden layers and a linear head.
#[derive(Clone, Debug)]
pub struct ReferenceMlp {
    /// Hidden layers, then the head.
    pub layers: Vec<Layer>,
    /// Activation of the hidden layers.
    pub activation: Activation,
}

/// What the backward pass gives.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// The loss.
    pub loss: f64,
    /// ∂L/∂W and ∂L/∂b of each layer.
    pub layers: Vec<Layer>,
    /// ∂L/∂h of each hidden layer: `[layer][example][unit]`.
    pub activations: Vec<Vec<Vec<f64>>>,
}

impl ReferenceMlp {
    /// Copies the weights of a network without normalisation and skips.
    pub fn of(mlp: &Mlp, activation: Activation) -> Self {
        let hidden = mlp.hidden.iter().map(|block| layer(&block.linear));
        Self { layers: hidden.chain([layer(&mlp.head)]).collect(), activation }
    }

    /// Returns the mean binary cross-entropy of the logits, in its textbook form.
    pub fn loss(&self, inputs: &[Vec<f64>], targets: &[f64]) -> f64 {
        let cross_entropy = |(input, target): (&Vec<f64>, &f64)| {
            let logit = self.forward(input).last().map_or(0.0, |(z, _)| z[0]);
            let probability = 1.0 / (1.0 + (-logit).exp());
            -(target * probability.ln() + (1.0 - target) * (1.0 - probability).ln())
        };
        let losses: Vec<f64> = inputs.iter().zip(targets).map(cross_entropy).collect();
        losses.iter().sum::<f64>() / losses.len() as f64
    }

    /// Pre-activations and outputs of each layer.
    fn forward(&self, input: &[f64]) -> Vec<(Vec<f64>, Vec<f64>)> {
        let mut signal = input.to_vec();
        let mut trace = Vec::new();
        for (depth, layer) in self.layers.iter().enumerate() {
            let mut z = layer.bias.clone();
            for (row, x) in layer.weight.iter().zip(&signal) {
                row.iter().enumerate().for_each(|(j, w)| z[j] += w * x);
            }
            let is_head = depth + 1 == self.layers.len();
            let value = |z: f64| closed_form(self.activation, z).value;
            signal = z.iter().map(|z| if is_head { *z } else { value(*z) }).collect();
            trace.push((z, signal.clone()));
        }
        trace
    }

    /// Returns loss and gradients, by the chain rule written out.
    pub fn backward(&self, inputs: &[Vec<f64>], targets: &[f64]) -> Gradients {
        let zeros = |layer: &Layer| Layer {
            weight: layer.weight.iter().map(|row| vec![0.0; row.len()]).collect(),
            bias: vec![0.0; layer.bias.len()],
        };
        let mut layers: Vec<Layer> = self.layers.iter().map(zeros).collect();
        let mut activations = vec![Vec::new(); self.layers.len() - 1];
        let count = inputs.len() as f64;
        for (input, target) in inputs.iter().zip(targets) {
            let trace = self.forward(input);
            let logit = trace[trace.len() - 1].0[0];
            // dL/dz of the cross-entropy of a sigmoid.
            let mut delta = vec![(1.0 / (1.0 + (-logit).exp()) - target) / count];
            for depth in (0..self.layers.len()).rev() {
                let below = if depth == 0 { input } else { &trace[depth - 1].1 };
                for (i, x) in below.iter().enumerate() {
                    delta.iter().enumerate().for_each(|(j, d)| layers[depth].weight[i][j] += d * x);
                }
                delta.iter().enumerate().for_each(|(j, d)| layers[depth].bias[j] += d);
                if depth > 0 {
                    let weight = &self.layers[depth].weight;
                    let by_unit = |row: &Vec<f64>| -> f64 {
                        row.iter().zip(&delta).map(|(w, d)| w * d).sum()
                    };
                    let upstream: Vec<f64> = weight.iter().map(by_unit).collect();
                    let slope = |z: &f64| closed_form(self.activation, *z).slopes[0];
                    delta = upstream
                        .iter()
                        .zip(&trace[depth - 1].0)
                        .map(|(g, z)| g * slope(z))
                        .collect();
                    activations[depth - 1].push(upstream);
                }
            }
        }
        Gradients { loss: self.loss(inputs, targets), layers, activations }
    }
}

fn layer(linear: &Linear) -> Layer {
    let weight = linear.weight.val().into_data();
    let outputs = linear.weight.dims()[1];
    let flat: Vec<f64> = weight.iter::<f64>().collect();
    let bias = linear.bias.as_ref().map(|bias| bias.val().into_data().iter::<f64>().collect());
    Layer {
        weight: flat.chunks(outputs).map(<[f64]>::to_vec).collect(),
        bias: bias.unwrap_or_else(|| vec![0.0; outputs]),
    }
}
