//! Real and complex sequences.

use burn::tensor::Tensor;

/// Numbers of a sequence, `[time, batch, units]`; those that are the same at every time step or for every
/// row may have 1 there.
pub trait Number: Clone {
    /// Returns the product, element by element.
    fn times(&self, other: &Self) -> Self;

    /// Returns the sum, element by element.
    fn plus(&self, other: &Self) -> Self;

    /// Returns the number of time steps.
    fn steps(&self) -> usize;

    /// Applies a linear function that moves elements to each part.
    fn moved(&self, function: impl Fn(Tensor<3>) -> Tensor<3>) -> Self;

    /// Joins two sequences by a linear function that moves elements, part by part.
    fn joined(&self, other: &Self, function: impl Fn(Tensor<3>, Tensor<3>) -> Tensor<3>) -> Self;
}

impl Number for Tensor<3> {
    fn times(&self, other: &Self) -> Self {
        self.clone() * other.clone()
    }

    fn plus(&self, other: &Self) -> Self {
        self.clone() + other.clone()
    }

    fn steps(&self) -> usize {
        self.dims()[0]
    }

    fn moved(&self, function: impl Fn(Tensor<3>) -> Tensor<3>) -> Self {
        function(self.clone())
    }

    fn joined(&self, other: &Self, function: impl Fn(Tensor<3>, Tensor<3>) -> Tensor<3>) -> Self {
        function(self.clone(), other.clone())
    }
}

/// Complex numbers by their parts, because Burn has no complex tensors.
#[derive(Clone, Debug)]
pub struct Complex {
    /// The real part.
    pub re: Tensor<3>,
    /// The imaginary part.
    pub im: Tensor<3>,
}

impl Number for Complex {
    fn times(&self, other: &Self) -> Self {
        let product = |a: &Tensor<3>, b: &Tensor<3>| a.clone() * b.clone();
        Self {
            re: product(&self.re, &other.re) - product(&self.im, &other.im),
            im: product(&self.re, &other.im) + product(&self.im, &other.re),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        self.joined(other, |a, b| a + b)
    }

    fn steps(&self) -> usize {
        self.re.dims()[0]
    }

    fn moved(&self, function: impl Fn(Tensor<3>) -> Tensor<3>) -> Self {
        Self { re: function(self.re.clone()), im: function(self.im.clone()) }
    }

    fn joined(&self, other: &Self, function: impl Fn(Tensor<3>, Tensor<3>) -> Tensor<3>) -> Self {
        Self {
            re: function(self.re.clone(), other.re.clone()),
            im: function(self.im.clone(), other.im.clone()),
        }
    }
}
