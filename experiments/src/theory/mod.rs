//! What theory predicts: gradient flow at initialisation in the limit of wide networks.

mod activation;
mod mean_field;
mod quadrature;

pub use activation::ScalarActivation;
pub use mean_field::MeanField;
pub use quadrature::gaussian_mean;
