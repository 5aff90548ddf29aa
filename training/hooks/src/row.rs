//! The one shape in which every measurement leaves this crate.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One measured number: which quantity, of what, at which step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Optimiser step the value belongs to; step 0 is the network as initialised.
    pub step: u64,
    /// Name of the quantity, such as `gradient_norm`; see [`QUANTITIES`](crate::QUANTITIES).
    pub quantity: Cow<'static, str>,
    /// What was measured: a parameter's module path, a tap's name, or `network` for all of it.
    /// A tap at one time step reads `hidden@12`, a histogram's bin `hidden.0.weight[1e-4]`.
    pub subject: Arc<str>,
    /// The measured value, in the unit that the quantity documents. Written as `null` to JSON
    /// when it is not finite, because JSON has no NaN.
    #[serde(deserialize_with = "finite_or_nan")]
    pub value: f64,
}

/// Subject of the rows that concern all parameters together.
pub const NETWORK: &str = "network";

fn finite_or_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}
