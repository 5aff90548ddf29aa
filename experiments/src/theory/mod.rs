//! What theory predicts: gradient flow at initialisation in the limit of wide networks.

mod activation;
mod forget_gate;
mod mean_field;
mod normalized;
mod quadrature;

pub use activation::ScalarActivation;
pub use forget_gate::{chrono_gain, forget_factor, time_constant};
pub use mean_field::MeanField;
pub use normalized::{batch_norm_chi, layer_norm_chi};
pub use quadrature::gaussian_mean;
