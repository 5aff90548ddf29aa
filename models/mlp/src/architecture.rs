//! The multilayer perceptron as an architecture of the zoo.

use backdraft_hooks::Taps;
use backdraft_layers::{
    Activation, Architecture, Initializer, InvalidField, Network, SingleValue, TaskShape,
};
use backdraft_spec::{Normalization, Skip};
use burn::tensor::{Device, Tensor};

use crate::config::MlpConfig;
use crate::mlp::Mlp;

impl Architecture for MlpConfig {
    type Network = Mlp;

    const NAME: &'static str = "mlp";

    const ABOUT: &'static str = "Fully connected network with a linear head (Glorot & Bengio 2010), \
         optionally with batch or layer normalisation of the pre-activations and a skip around each \
         hidden layer: residual (He et al. 2016, but around one layer instead of two), ReZero (Bachlechner et al. 2021) or \
         highway (Srivastava et al. 2015)";

    fn presets() -> Vec<(&'static str, Self)> {
        let sigmoid = Self { activation: Activation::Sigmoid, ..Self::default() };
        let deep = Self { depth: 50, initializer: Initializer::HeNormal, ..Self::default() };
        let self_normalizing = Self {
            depth: 16,
            activation: Activation::Selu,
            initializer: Initializer::LecunNormal,
            ..Self::default()
        };
        vec![
            ("mlp-sigmoid", sigmoid),
            ("mlp-50", deep.clone()),
            ("mlp-50-batch-norm", Self { normalization: Normalization::Batch, ..deep.clone() }),
            (
                "mlp-50-residual",
                Self { normalization: Normalization::Layer, skip: Skip::Residual, ..deep.clone() },
            ),
            ("mlp-50-rezero", Self { skip: Skip::Rezero, ..deep.clone() }),
            ("mlp-50-highway", Self { skip: Skip::Highway(-2.0), ..deep }),
            ("mlp-self-normalizing", self_normalizing),
        ]
    }

    fn validate(&self) -> Result<(), InvalidField> {
        self.validate()
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<Mlp, InvalidField> {
        self.try_init(seed, device)
    }

    fn example_shape(&self) -> Vec<usize> {
        vec![self.inputs]
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn check_batch(&self, examples: usize) -> Result<(), SingleValue> {
        if self.normalization == Normalization::Batch && examples == 1 {
            let layer = "hidden.0.normalization".to_owned();
            return Err(SingleValue { layer, instead: "layer" });
        }
        Ok(())
    }

    /// Examples of any shape are flattened.
    fn fitted(&self, task: &TaskShape) -> Option<Self> {
        let inputs = task.example_shape.iter().product();
        Some(Self { inputs, outputs: task.outputs_each(), ..self.clone() })
    }

    fn num_learned(&self) -> usize {
        self.num_learned()
    }

    fn num_activations(&self) -> f64 {
        let is_normalized = self.normalization != Normalization::None;
        // Measured on `flex`, with gradients: 2.8 without normalisation, 4 to 5 with it.
        let of_unit = 2 + usize::from(is_normalized);
        of_unit as f64 * self.depth as f64 * self.width as f64 + self.outputs as f64
    }

    fn miniature(&self) -> Self {
        let (inputs, depth) = (self.inputs.min(5), self.depth.min(6));
        Self {
            inputs,
            depth,
            width: self.width.min(6),
            outputs: self.outputs.min(3),
            ..self.clone()
        }
    }

    /// The twin is an `nn.Sequential` of Linear, optional normalisation, and activation. It cannot
    /// express skips; with skips, the twin uses our names.
    fn pytorch_names(&self) -> Vec<(String, String)> {
        if self.skip != Skip::None {
            return vec![];
        }
        let is_normalized = self.normalization != Normalization::None;
        let modules = 2 + usize::from(is_normalized);
        // Possibly nested in another module, as in `net.0.weight`.
        let pattern = |module: usize| format!(r"^(?:[A-Za-z_]\w*\.)?{module}\.(\w+)$");
        let mut names = Vec::new();
        for layer in 0..self.depth {
            let mut module = layer * modules;
            names.push((pattern(module), format!("hidden.{layer}.linear.$1")));
            module += 1;
            if is_normalized {
                names.push((pattern(module), format!("hidden.{layer}.normalization.$1")));
                module += 1;
            }
            if self.activation == Activation::Prelu {
                names.push((pattern(module), format!("hidden.{layer}.activation.slope")));
            }
        }
        names.push((pattern(self.depth * modules), "head.$1".to_owned()));
        names
    }
}

impl Network for Mlp {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        self.forward(examples, taps)
    }
}
