//! What the configurations of all recurrent layers become.

use backdraft_layers::{Activation, InvalidField, weight_rng};
use burn::nn::DropoutConfig;
use burn::tensor::Device;

use super::stack::Stack;
use crate::config::RecurrentConfig;
use crate::equations::Equations;

/// A recurrent network without its head, and what only layers have.
pub(super) struct Settings {
    pub(super) network: RecurrentConfig,
    pub(super) equations: Equations,
    pub(super) has_bias: bool,
    pub(super) dropout: f64,
    pub(super) is_batch_first: bool,
    pub(super) is_reversed: bool,
    pub(super) seed: u64,
}

impl Settings {
    /// Creates the layers on `device`.
    pub(super) fn try_init(self, device: &Device) -> Result<Stack, InvalidField> {
        self.validate()?;
        let (mut layers, mut reverse) = self.network.layers(&mut weight_rng(self.seed), device);
        for layer in layers.iter_mut().chain(&mut reverse) {
            layer.equations = self.equations;
            if !self.has_bias {
                (layer.input.bias, layer.hidden.bias) = (None, None);
            }
        }
        let dropout = (self.dropout > 0.0).then(|| DropoutConfig::new(self.dropout).init());
        let Self { is_batch_first, is_reversed, .. } = self;
        Ok(Stack { layers, reverse, dropout, is_batch_first, is_reversed })
    }

    /// Checks every field.
    pub(super) fn validate(&self) -> Result<(), InvalidField> {
        self.network.validate()?;
        if !(0.0..1.0).contains(&self.dropout) {
            let requirement = "it must be from 0 to below 1";
            return Err(InvalidField::new("dropout", self.dropout, requirement));
        }
        if self.is_reversed && self.network.bidirectional {
            let requirement = "a bidirectional layer reads in both directions";
            return Err(InvalidField::new("reverse", true, requirement));
        }
        let Equations { gate, candidate, output, clip, .. } = self.equations;
        if let Some(clip) = clip.filter(|clip| clip.is_nan() || *clip <= 0.0) {
            return Err(InvalidField::new("clip", clip, "a bound is above 0"));
        }
        let fields =
            [("gate_activation", gate), ("activation", candidate), ("output_activation", output)];
        match fields.iter().find(|(_, activation)| *activation == Activation::Prelu) {
            Some((field, activation)) => {
                let requirement = "an activation inside a cell has no weights of its own";
                Err(InvalidField::new(field, activation.name(), requirement))
            }
            None => Ok(()),
        }
    }
}
