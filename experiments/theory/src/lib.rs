#![doc = include_str!("../README.md")]

mod activation;
mod adam;
mod correlation;
mod critical;
mod depth_scales;
mod drawn_nets;
mod finite_width;
#[cfg(test)]
mod fixtures;
mod forget_gate;
mod formula;
mod inputs;
mod layer_stack;
mod linear_recurrence;
mod mean_field;
#[cfg(test)]
mod monte_carlo;
mod network;
mod no_theory;
mod normalized;
mod precision;
mod quadrature;
mod recurrence;
mod residual;
mod roots;
mod settling;
mod spread;

pub use activation::ScalarFunction;
pub use adam::{adam_first_update, layers_per_decade};
pub use critical::{CriticalPoint, critical_point, critical_weight_variance};
pub use depth_scales::{DepthScales, Unsettled};
pub use finite_width::LogGain;
pub use forget_gate::{chrono_gain, forget_factor, time_constant};
pub use formula::{Formula, Gate};
pub use inputs::Inputs;
pub use layer_stack::LayerStack;
pub use linear_recurrence::{exponential_sensitivity, factor_sensitivity};
pub use mean_field::MeanField;
pub use network::{NetworkTheory, Place};
pub use no_theory::NoTheory;
pub use normalized::{batch_norm_chi, batch_norm_residual_chi, layer_norm_chi};
pub use precision::NumberFormat;
pub use quadrature::gaussian_mean;
pub use recurrence::Recurrence;
pub use residual::Entering;
pub use settling::Limit;
pub use spread::{NoSpread, Spread, SpreadOrigin};
