//! What theory predicts: gradient flow at initialisation in the limit of wide networks.

mod activation;
mod mean_field;
mod normalized;
mod quadrature;

pub use activation::ScalarActivation;
pub use mean_field::MeanField;
pub use normalized::{batch_norm_chi, layer_norm_chi};
pub use quadrature::gaussian_mean;
