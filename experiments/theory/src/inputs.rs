//! The inputs of a network.

/// Moments of a batch of inputs, as means over the examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inputs {
    /// Features of an example.
    pub count: usize,
    /// Sum of the features' squares.
    pub square: f64,
    /// Sum of the features' variances over the examples.
    pub variance: f64,
    /// Sum of the features.
    pub sum: f64,
}

impl Inputs {
    /// Returns Gaussian features of variance 1.
    pub fn gaussian(count: usize) -> Self {
        Self { count, square: count as f64, variance: count as f64, sum: 0.0 }
    }
}
