//! What a tap saw.

use std::fmt;

use backdraft_rows::Subject;
use burn::module::ParamId;
use burn::tensor::{Gradients, Tensor};

use crate::nonlinearity::Nonlinearity;

/// What one tap saw in one forward pass.
pub struct TappedActivation {
    pub(super) name: TapName,
    pub(super) nonlinearity: Nonlinearity,
    pub(super) activation: Tensor<3>,
    pub(super) gradient: GradientOf,
    /// Number of backward passes before, if gradients are accumulated over several.
    pub(super) pass: usize,
    /// Tokens of an example, if the activation is `[batch, tokens, units]`.
    pub(super) tokens: Option<usize>,
}

/// How a tap is called.
#[derive(Clone, Debug)]
pub(crate) enum TapName {
    /// As the forward pass said.
    Told(Subject),
    /// By the place of a layer in the module, which the hook finds from one of its parameters.
    Layer {
        /// The first parameter of the layer.
        parameter: ParamId,
        /// Its path within the layer.
        path: Subject,
        /// The name where the parameter belongs to no observed module.
        otherwise: Subject,
    },
}

/// The gradient with respect to a tapped activation.
pub(super) enum GradientOf {
    /// To be found in the backward pass.
    Leaf(Box<FindGradient>),
    /// Taken out of its backward pass, flattened.
    Read(Option<Box<Tensor<1>>>),
}

/// Finds ∂L/∂a, flattened. It is a closure so that one list can hold taps of any rank.
type FindGradient = dyn Fn(&Gradients) -> Option<Tensor<1>> + Send;

impl TappedActivation {
    /// Returns the tap's name, with the time step if it has one. The name of a
    /// [`Tapped`](crate::Tapped) layer is its type until a hook that observes the module replaces it by
    /// the layer's path.
    pub fn subject(&self) -> &Subject {
        match &self.name {
            TapName::Told(subject) | TapName::Layer { otherwise: subject, .. } => subject,
        }
    }

    /// Returns the non-linearity whose output this is.
    pub fn nonlinearity(&self) -> Nonlinearity {
        self.nonlinearity
    }

    /// Returns the activation without autodiff, shape `[outer, units, inner]`.
    pub fn activation(&self) -> Tensor<3> {
        self.activation.clone()
    }

    /// Returns ∂L/∂a flattened to `[elements]`, or `None` if the loss does not depend on it. After
    /// [`accumulate`](crate::Taps::accumulate), it is that of the accumulated pass, whatever
    /// `gradients` are.
    pub fn gradient(&self, gradients: &Gradients) -> Option<Tensor<1>> {
        match &self.gradient {
            GradientOf::Leaf(find) => find(gradients),
            GradientOf::Read(gradient) => gradient.as_deref().cloned(),
        }
    }

    /// Returns ∂L/∂a of an accumulated pass, or of `gradients` if there are any.
    pub(crate) fn gradient_of(&self, gradients: Option<&Gradients>) -> Option<Tensor<1>> {
        match (&self.gradient, gradients) {
            (GradientOf::Read(gradient), _) => gradient.as_deref().cloned(),
            (GradientOf::Leaf(find), Some(gradients)) => find(gradients),
            (GradientOf::Leaf(_), None) => None,
        }
    }

    pub(crate) fn name(&self) -> &TapName {
        &self.name
    }

    pub(crate) fn pass(&self) -> usize {
        self.pass
    }

    /// The activation as `[batch, tokens, units]`, if it is a sequence of at least two.
    pub(crate) fn tokens(&self) -> Option<Tensor<3>> {
        let tokens = self.tokens.filter(|tokens| *tokens > 1)?;
        let [outer, units, _] = self.activation.dims();
        (outer > 0).then(|| self.activation().reshape([outer / tokens, tokens, units]))
    }

    pub(crate) fn units(&self) -> usize {
        self.activation.dims()[1]
    }
}

impl fmt::Debug for TappedActivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TappedActivation")
            .field("subject", self.subject())
            .field("shape", &self.activation.dims())
            .finish_non_exhaustive()
    }
}

pub(super) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.shape().num_elements();
    tensor.reshape([count])
}

/// Views an activation as `[outer, units, inner]`, whatever its rank.
pub(super) fn by_unit<const D: usize>(activation: Tensor<D>, unit_axis: usize) -> Tensor<3> {
    let dims = activation.dims();
    assert!(
        unit_axis < D,
        "a tapped activation of rank {D} has no axis {unit_axis} for its units: axes count from 0"
    );
    let outer = dims[..unit_axis].iter().product::<usize>();
    let inner = dims[unit_axis + 1..].iter().product::<usize>();
    activation.reshape([outer, dims[unit_axis], inner])
}
