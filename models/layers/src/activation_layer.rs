//! An activation as a layer, with its learned slope if it has one.

use backdraft_spec::Activation;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation::prelu};

use crate::activation::ActivationExt;

/// Applies an [`Activation`]; PReLU's slope is its only parameter.
#[derive(Module, Debug)]
pub struct ActivationLayer {
    #[module(skip)]
    activation: Activation,
    /// Slope of PReLU below zero, shape `[1]`.
    slope: Option<Param<Tensor<1>>>,
}

impl ActivationLayer {
    /// Creates the layer on `device`.
    pub fn new(activation: Activation, device: &Device) -> Self {
        let slope = (activation == Activation::Prelu)
            .then(|| Param::from_data([Activation::PRELU_SLOPE as f32], device));
        Self { activation, slope }
    }

    /// Returns the activation function.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Applies the activation.
    ///
    /// # Shapes
    ///
    /// - input, output: the same, any
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        match &self.slope {
            Some(slope) => prelu(input, slope.val()),
            None => self.activation.apply(input),
        }
    }
}
