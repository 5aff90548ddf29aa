//! Optimisers, configured by name and run by Burn.

use backdraft_hooks::MomentConstants;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use serde::{Deserialize, Serialize};

#[cfg(feature = "flex")]
use crate::one_pass_adam::OnePassAdam;

/// An optimiser with all its parameters except the learning rate.
///
/// | name | parameters and defaults |
/// |---|---|
/// | `sgd` | `momentum = 0`, `weight_decay = 0` |
/// | `adam` | `beta_1 = 0.9`, `beta_2 = 0.999`, `epsilon = 1e-7`, as in Keras |
/// | `adam_w` | the same, and `weight_decay = 1e-2` |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd {
        /// Momentum as in PyTorch: v ← momentum · v + g; 0 for none.
        #[serde(default)]
        momentum: f64,
        /// L2 penalty that is added to the gradient.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam (Kingma & Ba 2015, in the form before their § 2.1 correction to ε, as in Keras).
    Adam {
        /// Decay of the first moment.
        #[serde(default = "beta_1")]
        beta_1: f64,
        /// Decay of the second moment.
        #[serde(default = "beta_2")]
        beta_2: f64,
        /// Added to the root of the second moment.
        #[serde(default = "epsilon")]
        epsilon: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// Decay of the first moment.
        #[serde(default = "beta_1")]
        beta_1: f64,
        /// Decay of the second moment.
        #[serde(default = "beta_2")]
        beta_2: f64,
        /// Added to the root of the second moment.
        #[serde(default = "epsilon")]
        epsilon: f64,
        /// Decay of each weight per step, relative to the learning rate.
        #[serde(default = "weight_decay")]
        weight_decay: f64,
    },
}

fn beta_1() -> f64 {
    0.9
}

fn beta_2() -> f64 {
    0.999
}

fn epsilon() -> f64 {
    1e-7
}

fn weight_decay() -> f64 {
    1e-2
}

impl OptimizerConfig {
    /// Plain stochastic gradient descent.
    pub const SGD: Self = Self::Sgd { momentum: 0.0, weight_decay: 0.0 };
    /// Adam with the defaults of Keras.
    pub const ADAM: Self = Self::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };

    /// Returns the name that configurations use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd { .. } => "sgd",
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adam_w",
        }
    }

    /// Returns the first parameter that is out of range: name, value and requirement.
    pub fn invalid_parameter(self) -> Option<(&'static str, f64, &'static str)> {
        const SHARE: &str = "it must be at least 0 and below 1";
        const POSITIVE: &str = "it must be positive";
        const NOT_NEGATIVE: &str = "it must be 0 or positive";
        let (momentum, beta_1, beta_2, epsilon, weight_decay) = match self {
            Self::Sgd { momentum, weight_decay } => (momentum, 0.0, 0.0, 1.0, weight_decay),
            Self::Adam { beta_1, beta_2, epsilon } => (0.0, beta_1, beta_2, epsilon, 0.0),
            Self::AdamW { beta_1, beta_2, epsilon, weight_decay } => {
                (0.0, beta_1, beta_2, epsilon, weight_decay)
            }
        };
        let is_share = |value: f64| (0.0..1.0).contains(&value);
        [
            ("momentum", momentum, is_share(momentum), SHARE),
            ("beta_1", beta_1, is_share(beta_1), SHARE),
            ("beta_2", beta_2, is_share(beta_2), SHARE),
            ("epsilon", epsilon, epsilon > 0.0 && epsilon.is_finite(), POSITIVE),
            (
                "weight_decay",
                weight_decay,
                weight_decay >= 0.0 && weight_decay.is_finite(),
                NOT_NEGATIVE,
            ),
        ]
        .into_iter()
        .find_map(|(name, value, is_valid, must)| (!is_valid).then_some((name, value, must)))
    }

    /// Returns the constants of the optimiser's moments; `None` for one without a second moment.
    pub fn moment_constants(self) -> Option<MomentConstants> {
        match self {
            Self::Sgd { .. } => None,
            Self::Adam { beta_1, beta_2, epsilon }
            | Self::AdamW { beta_1, beta_2, epsilon, .. } => {
                Some(MomentConstants { beta_1, beta_2, epsilon })
            }
        }
    }

    /// Creates the optimiser, without gradient clipping: see [`Clipping`](crate::Clipping).
    pub fn init(self) -> ModuleOptimizer {
        match self {
            Self::Sgd { momentum, weight_decay } => SgdConfig::new()
                .with_momentum(
                    (momentum != 0.0)
                        .then(|| MomentumConfig::new().with_momentum(momentum).with_dampening(0.0)),
                )
                .with_weight_decay(
                    (weight_decay != 0.0).then(|| WeightDecayConfig::new(weight_decay as f32)),
                )
                .init(),
            Self::Adam { beta_1, beta_2, epsilon } => {
                let [beta_1, beta_2, epsilon] = [beta_1, beta_2, epsilon].map(|x| x as f32);
                let plain = AdamConfig::new()
                    .with_beta_1(beta_1)
                    .with_beta_2(beta_2)
                    .with_epsilon(epsilon)
                    .build();
                #[cfg(feature = "flex")]
                let plain = OnePassAdam { plain, beta_1, beta_2, epsilon };
                plain.into()
            }
            Self::AdamW { beta_1, beta_2, epsilon, weight_decay } => AdamWConfig::new()
                .with_beta_1(beta_1 as f32)
                .with_beta_2(beta_2 as f32)
                .with_epsilon(epsilon as f32)
                .with_weight_decay(weight_decay as f32)
                .init(),
        }
    }
}
