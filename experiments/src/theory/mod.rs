//! What theory predicts of gradients at initialisation: in the limit of wide networks, around it, and
//! through time.

mod activation;
mod correlation;
mod critical;
mod depth_scales;
mod drawn_nets;
mod finite_width;
mod forget_gate;
mod mean_field;
#[cfg(test)]
mod monte_carlo;
mod network;
mod normalized;
mod quadrature;
mod residual;
mod roots;
mod settling;
mod spread;

pub use activation::ScalarFunction;
pub use critical::{CriticalPoint, critical_point, critical_weight_variance};
pub use depth_scales::{DepthScales, Unsettled};
pub use finite_width::LogGain;
pub use forget_gate::{chrono_gain, forget_factor, time_constant};
pub use mean_field::MeanField;
pub use network::{LayerTheory, NetworkTheory, NoTheory};
pub(crate) use network::{is_odd, is_random};
pub use normalized::{batch_norm_chi, batch_norm_residual_chi, layer_norm_chi};
pub use quadrature::gaussian_mean;
pub use residual::Entering;
pub use settling::Limit;
pub use spread::{NoSpread, Spread, SpreadOrigin};
