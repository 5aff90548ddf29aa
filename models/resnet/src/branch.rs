//! Scalars on a residual branch that has no batch normalisation.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::options::Normalization;

/// A learned multiplier of a branch, and Fixup's four scalar biases.
///
/// # Reference
///
/// Zhang, Dauphin, Ma, "Fixup initialization: residual learning without normalization", 2019, § 3;
/// De, Smith, "Batch normalization biases residual blocks towards the identity function in deep
/// networks", 2020, § 4.
#[derive(Module, Debug)]
pub struct BranchScalars {
    /// Multiplies the branch's output, shape `[1]`.
    pub scale: Param<Tensor<1>>,
    /// Four biases of shape `[1]`, added before and after each of the two convolutions; empty in
    /// SkipInit.
    pub biases: Vec<Param<Tensor<1>>>,
}

impl BranchScalars {
    /// Creates the scalars of `normalization`, if it has any.
    pub(crate) fn init(normalization: Normalization, device: &Device) -> Option<Self> {
        let (scale, biases) = Self::initial(normalization)?;
        let biases = (0..biases).map(|_| Param::from_data([0.0f32], device)).collect();
        Some(Self { scale: Param::from_data([scale], device), biases })
    }

    /// Returns the number of scalars in a branch.
    pub(crate) fn count(normalization: Normalization) -> usize {
        Self::initial(normalization).map_or(0, |(_, biases)| 1 + biases)
    }

    /// Returns the initial multiplier and the number of biases.
    fn initial(normalization: Normalization) -> Option<(f32, usize)> {
        match normalization {
            Normalization::Batch | Normalization::None => None,
            Normalization::Fixup => Some((1.0, 4)),
            Normalization::SkipInit => Some((0.0, 0)),
        }
    }

    /// Adds bias number `index`, in the order of the forward pass, if there is one.
    pub(crate) fn shift(scalars: Option<&Self>, index: usize, x: Tensor<4>) -> Tensor<4> {
        match scalars.and_then(|scalars| scalars.biases.get(index)) {
            Some(bias) => x + bias.val().unsqueeze(),
            None => x,
        }
    }

    /// Multiplies the branch's output.
    pub(crate) fn scale(scalars: Option<&Self>, x: Tensor<4>) -> Tensor<4> {
        match scalars {
            Some(scalars) => x * scalars.scale.val().unsqueeze(),
            None => x,
        }
    }
}
