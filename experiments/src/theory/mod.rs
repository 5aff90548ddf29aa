//! What theory predicts of gradients at initialisation: in the limit of wide networks, around it, and
//! through time.

mod activation;
mod critical;
mod depth_scales;
mod finite_width;
mod forget_gate;
mod mean_field;
mod network;
mod normalized;
mod quadrature;

pub use activation::ScalarFunction;
pub use critical::critical_weight_variance;
pub use depth_scales::DepthScales;
pub use finite_width::LogGain;
pub use forget_gate::{chrono_gain, forget_factor, time_constant};
pub use mean_field::MeanField;
pub(crate) use network::is_random;
pub use network::{LayerTheory, NetworkTheory, NoTheory};
pub use normalized::{batch_norm_chi, batch_norm_residual_chi, layer_norm_chi, residual_chi};
pub use quadrature::gaussian_mean;
