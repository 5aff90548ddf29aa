//! The one shape in which every measurement is handed on.

use serde::{Deserialize, Deserializer, Serialize};

use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// One measured number: which quantity, of what, at which step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Optimiser step the value belongs to; step 0 is the network as initialised.
    pub step: u64,
    /// What was measured.
    pub quantity: QuantityName,
    /// What it was measured of.
    pub subject: Subject,
    /// The measured value, in the unit that the quantity documents. Written as `null` to JSON
    /// when it is not finite, because JSON has no NaN.
    #[serde(deserialize_with = "finite_or_nan")]
    pub value: f64,
}

impl Row {
    /// Creates the row of one measurement.
    pub fn new(step: u64, quantity: QuantityName, subject: impl Into<Subject>, value: f64) -> Self {
        Self { step, quantity, subject: subject.into(), value }
    }

    /// Creates the row of a measurement that concerns the network as a whole.
    pub fn of_network(step: u64, quantity: QuantityName, value: f64) -> Self {
        Self { step, quantity, subject: Subject::NETWORK, value }
    }
}

fn finite_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_as_every_record_holds_it_and_reads_back() {
        for (row, json) in [
            (
                Row::new(3, QuantityName::GRADIENT_NORM, "hidden.0.linear.weight", 0.5),
                r#"{"step":3,"quantity":"gradient_norm","subject":"hidden.0.linear.weight","value":0.5}"#,
            ),
            (
                Row::of_network(0, QuantityName::new("input_norm"), 0.125),
                r#"{"step":0,"quantity":"input_norm","subject":"network","value":0.125}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&row).unwrap(), json);
            assert_eq!(serde_json::from_str::<Row>(json).unwrap(), row);
        }
    }

    #[test]
    fn what_is_not_finite_is_null_in_json() {
        let json = r#"{"step":9,"quantity":"loss","subject":"network","value":null}"#;
        let row = Row::of_network(9, QuantityName::LOSS, f64::INFINITY);
        assert_eq!(serde_json::to_string(&row).unwrap(), json);
        assert!(serde_json::from_str::<Row>(json).unwrap().value.is_nan());
    }
}
