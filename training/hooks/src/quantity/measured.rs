//! What is read of a subject for the quantities to compute from.

use crate::optimizer_state::MomentSummary;
use crate::spread::Spread;
use crate::summary::{Detail, Summary};

/// What a quantity needs to be read; a hook reads the union over its quantities, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Of a parameter's gradient.
    pub gradient: Option<Detail>,
    /// Of a parameter before the optimiser's step.
    pub weight: Option<Detail>,
    /// Of the change that the optimiser's step made to a parameter.
    pub update: Option<Detail>,
    /// Of a tapped activation.
    pub activation: Option<Detail>,
    /// Of the gradient with respect to a tapped activation.
    pub activation_gradient: Option<Detail>,
    /// Whether a parameter received a gradient.
    pub presence: bool,
    /// The saturated share of a tapped sigmoid or tanh.
    pub saturation: bool,
    /// The dead share of a tapped rectifier.
    pub death: bool,
    /// The optimiser's step against the gradient.
    pub alignment: bool,
    /// The moments in the optimiser's state.
    pub moments: bool,
    /// The logits and weights of tapped attention.
    pub attention: bool,
    /// How alike the tokens of a tapped sequence are.
    pub token_cosine: bool,
    /// The magnitudes of a parameter's gradient, each of which is read.
    pub gradient_spread: bool,
    /// The magnitudes of a tapped activation, each of which is read.
    pub activation_spread: bool,
}

impl Reads {
    /// Reads nothing.
    pub const NOTHING: Self = Self {
        gradient: None,
        weight: None,
        update: None,
        activation: None,
        activation_gradient: None,
        presence: false,
        saturation: false,
        death: false,
        alignment: false,
        moments: false,
        attention: false,
        token_cosine: false,
        gradient_spread: false,
        activation_spread: false,
    };

    /// Returns what either of the two needs.
    pub fn union(self, other: Self) -> Self {
        Self {
            gradient: self.gradient.max(other.gradient),
            weight: self.weight.max(other.weight),
            update: self.update.max(other.update),
            activation: self.activation.max(other.activation),
            activation_gradient: self.activation_gradient.max(other.activation_gradient),
            presence: self.presence || other.presence,
            saturation: self.saturation || other.saturation,
            death: self.death || other.death,
            alignment: self.alignment || other.alignment,
            moments: self.moments || other.moments,
            attention: self.attention || other.attention,
            token_cosine: self.token_cosine || other.token_cosine,
            gradient_spread: self.gradient_spread || other.gradient_spread,
            activation_spread: self.activation_spread || other.activation_spread,
        }
    }

    /// Tells whether anything about tapped activations is read.
    pub fn needs_taps(&self) -> bool {
        self.activation.is_some()
            || self.activation_gradient.is_some()
            || self.saturation
            || self.death
            || self.attention
            || self.token_cosine
            || self.activation_spread
    }
}

/// What was read of one subject: a parameter, a tapped activation, or the network as a whole.
///
/// A field is `None` where it was not asked for or does not apply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The gradient of a parameter.
    pub gradient: Option<Summary>,
    /// A parameter before the optimiser's step.
    pub weight: Option<Summary>,
    /// The change that the optimiser's step made.
    pub update: Option<Summary>,
    /// A tapped activation.
    pub activation: Option<Summary>,
    /// The gradient with respect to a tapped activation.
    pub activation_gradient: Option<Summary>,
    /// Whether a parameter that requires a gradient got none; `None` for other subjects.
    pub is_missing: Option<bool>,
    /// Share of saturated elements, 0 to 1.
    pub saturated_share: Option<f64>,
    /// Share of dead units, 0 to 1.
    pub dead_share: Option<f64>,
    /// Cosine of the optimiser's step against the negative gradient.
    pub update_cosine: Option<f64>,
    /// The moments in the optimiser's state.
    pub moments: Option<MomentSummary>,
    /// Largest logit of an attention.
    pub attention_max_logit: Option<f64>,
    /// Mean entropy of an attention head, in nats.
    pub attention_entropy: Option<f64>,
    /// Mean cosine between two tokens.
    pub token_cosine: Option<f64>,
    /// Magnitudes of a parameter's gradient.
    pub gradient_spread: Option<Spread>,
    /// Magnitudes of a tapped activation.
    pub activation_spread: Option<Spread>,
}

impl Measured {
    /// Adds another parameter, as if the two were one tensor.
    pub(crate) fn merge_parameter(&mut self, other: &Self) {
        let merge = |mine: &mut Option<Summary>, other: &Option<Summary>| {
            if let Some(other) = other {
                *mine = Some(mine.take().map_or_else(|| other.clone(), |mine| mine.merge(other)));
            }
        };
        merge(&mut self.gradient, &other.gradient);
        merge(&mut self.weight, &other.weight);
        merge(&mut self.update, &other.update);
        if let Some(more) = &other.gradient_spread {
            let mine = self.gradient_spread.take();
            self.gradient_spread = Some(mine.map_or_else(|| more.clone(), |mine| mine.merge(more)));
        }
        if let Some(more) = &other.moments {
            let mine = self.moments.take();
            self.moments = Some(mine.map_or_else(|| more.clone(), |mine| mine.merge(more)));
        }
        self.is_missing = self.is_missing.max(other.is_missing); // a group with one missing
    }
}

/// What a quantity computes for one subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// The quantity does not apply to this subject.
    None,
    /// One number.
    One(f64),
    /// A number for each decade, by the exponent of its lower edge.
    ByDecade(Vec<(i32, f64)>),
}

impl From<Option<f64>> for Values {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::None, Self::One)
    }
}
