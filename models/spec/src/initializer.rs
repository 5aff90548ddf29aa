//! The weight initialisers, by name.

use serde::{Deserialize, Serialize};

use crate::error::InvalidField;

/// How the weights of a layer are drawn before training.
///
/// | name in a configuration | weight variance | source |
/// |---|---|---|
/// | `zeros`, `{ constant = 0.1 }` | 0 | shows why the symmetry between units must be broken |
/// | `{ normal = 0.01 }` | `std²` | naive: ignores the fan-in |
/// | `{ uniform = 0.05 }` | `bound² / 3` | naive: ignores the fan-in |
/// | `xavier_normal`, `xavier_uniform` | 2 / (fan-in + fan-out) | Glorot & Bengio 2010, eq. 12, 16 |
/// | `he_normal`, `he_uniform` | 2 / fan-in | He et al. 2015, eq. 10 |
/// | `lecun_normal`, `lecun_uniform` | 1 / fan-in | LeCun et al. 1998, § 4.6 |
/// | `burn_default` | 1 / (3 fan-in) | the default of Burn's and PyTorch's `Linear` |
/// | `{ mean_field = 1.5 }` | `σw²` / fan-in | Poole et al. 2016; for sweeps of σw² |
/// | `{ orthogonal = 1.0 }` | gain² / larger side | Saxe et al. 2014, § 3 |
/// | `{ identity = 1.0 }` | gain² / larger side | Le, Jaitly & Hinton 2015, for recurrent weights |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// All weights 0.
    Zeros,
    /// All weights this value.
    Constant(f64),
    /// Gaussian with this standard deviation.
    Normal(f64),
    /// Uniform in ± this bound.
    Uniform(f64),
    /// Gaussian, variance 2 / (fan-in + fan-out).
    XavierNormal,
    /// Uniform, variance 2 / (fan-in + fan-out); Keras's default, "Glorot uniform".
    XavierUniform,
    /// Gaussian, variance 2 / fan-in.
    HeNormal,
    /// Uniform, variance 2 / fan-in.
    HeUniform,
    /// Gaussian, variance 1 / fan-in.
    LecunNormal,
    /// Uniform, variance 1 / fan-in.
    LecunUniform,
    /// Uniform, variance 1 / (3 fan-in).
    BurnDefault,
    /// Gaussian, variance σw² / fan-in.
    MeanField(f64),
    /// Rows or columns orthonormal, times this gain.
    Orthogonal(f64),
    /// The identity matrix, or as much of it as fits, times this gain.
    Identity(f64),
}

impl Initializer {
    /// Returns the variance of one weight. Mean-field theory's σw² is this times the fan-in.
    pub fn weight_variance(self, fan_in: usize, fan_out: usize) -> f64 {
        let (fan_in, fan_out) = (fan_in as f64, fan_out as f64);
        match self {
            Self::Zeros | Self::Constant(_) => 0.0,
            Self::Normal(standard_deviation) => standard_deviation.powi(2),
            Self::Uniform(bound) => bound.powi(2) / 3.0,
            Self::XavierNormal | Self::XavierUniform => 2.0 / (fan_in + fan_out),
            Self::HeNormal | Self::HeUniform => 2.0 / fan_in,
            Self::LecunNormal | Self::LecunUniform => 1.0 / fan_in,
            Self::BurnDefault => 1.0 / (3.0 * fan_in),
            Self::MeanField(variance) => variance / fan_in,
            Self::Orthogonal(gain) | Self::Identity(gain) => gain.powi(2) / fan_in.max(fan_out),
        }
    }

    /// Checks the initialiser's parameter, if it has one.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] for the `field` of a configuration that holds the initialiser.
    pub fn validate(self, field: &'static str) -> Result<(), InvalidField> {
        let (parameter, may_be_negative) = match self {
            Self::Constant(value) | Self::Identity(value) => (value, true),
            Self::Normal(value)
            | Self::Uniform(value)
            | Self::MeanField(value)
            | Self::Orthogonal(value) => (value, false),
            _ => return Ok(()),
        };
        if parameter.is_finite() && (may_be_negative || parameter >= 0.0) {
            return Ok(());
        }
        let requirement = if may_be_negative { "finite" } else { "finite and not negative" };
        let requirement = format!("its parameter must be {requirement}");
        Err(InvalidField::new(field, parameter, requirement))
    }

    /// Tells whether weights are drawn at random with mean zero, independent or orthogonal, as theories of
    /// random networks assume.
    pub fn is_random(self) -> bool {
        !matches!(self, Self::Zeros | Self::Constant(_) | Self::Identity(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_parameters_are_refused() {
        let error = Initializer::Normal(-1.0).validate("initializer").unwrap_err();
        let expected = "`initializer = -1` is not possible: its parameter must be finite and not \
                        negative";
        assert_eq!(error.to_string(), expected);
        assert!(Initializer::Uniform(f64::NAN).validate("initializer").is_err());
        assert!(Initializer::Constant(f64::INFINITY).validate("initializer").is_err());
        assert_eq!(Initializer::Constant(-1.0).validate("initializer"), Ok(()));
        assert_eq!(Initializer::HeNormal.validate("initializer"), Ok(()));
    }

    #[test]
    fn names_read_as_documented() {
        let parse = |text: &str| serde_json::from_str::<Initializer>(text).unwrap();
        assert_eq!(parse("\"xavier_uniform\""), Initializer::XavierUniform);
        assert_eq!(parse("{\"normal\": 0.01}"), Initializer::Normal(0.01));
    }
}
