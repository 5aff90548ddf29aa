//! Connections around hidden layers.

use serde::{Deserialize, Serialize};

use crate::error::InvalidField;

/// How the input h of a hidden layer joins its output f(h). Where their widths differ, there is no
/// skip and the output is f(h).
///
/// | name in a configuration | output | source |
/// |---|---|---|
/// | `none` | f(h) | |
/// | `residual` | h + f(h) | He et al. 2016, eq. 1 |
/// | `rezero` | h + α f(h), with a learned α that starts at 0 | Bachlechner et al. 2021, eq. 1 |
/// | `{ highway = -2.0 }` | T f(h) + (1 − T) h, T = σ(W h + b), with b starting at the given value | Srivastava et al. 2015, eq. 3, § 2.2 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// No skip.
    #[default]
    None,
    /// The sum of both.
    Residual,
    /// The sum, with f(h) multiplied by a learned scalar that starts at zero.
    Rezero,
    /// A mixture, with a learned gate for each unit whose bias starts at this value. A negative
    /// bias favours h.
    Highway(f64),
}

impl Skip {
    /// Checks the bias of the gate, if there is one.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] for the `field` of a configuration that holds the skip.
    pub fn validate(self, field: &'static str) -> Result<(), InvalidField> {
        match self {
            Self::Highway(bias) if !bias.is_finite() => {
                Err(InvalidField::new(field, bias, "the bias of its gate must be finite"))
            }
            _ => Ok(()),
        }
    }
}
