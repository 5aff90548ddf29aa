//! Activations, initialisers and numbers as the command line spells them.

use std::ops::RangeInclusive;

use backdraft_layers::{Activation, Initializer};
use backdraft_text::unknown;

pub(super) fn activation(text: &str) -> Result<Activation, String> {
    let name = text.replace('-', "_");
    let names = || Activation::ALL.iter().map(|activation| activation.name());
    let found = Activation::ALL.iter().find(|activation| activation.name() == name);
    found.copied().ok_or_else(|| unknown("activation", &name, names()))
}

/// The initialisers whose σw² does not depend on the width.
const INITIALIZERS: [(&str, Initializer); 7] = [
    ("xavier", Initializer::XavierNormal),
    ("glorot", Initializer::XavierNormal),
    ("he", Initializer::HeNormal),
    ("kaiming", Initializer::HeNormal),
    ("lecun", Initializer::LecunNormal),
    ("burn_default", Initializer::BurnDefault),
    ("orthogonal", Initializer::Orthogonal(1.0)),
];

pub(super) fn initializer(text: &str) -> Result<Initializer, String> {
    if let Ok(variance) = text.parse::<f64>() {
        let is_possible = variance.is_finite() && variance > 0.0;
        let variance = is_possible.then_some(Initializer::MeanField(variance));
        return variance.ok_or_else(|| "σw² must be positive".to_owned());
    }
    let name = text.replace('-', "_");
    let name = name.trim_end_matches("_normal").trim_end_matches("_uniform");
    let found = INITIALIZERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, initializer)| *initializer).ok_or_else(|| {
        let known = INITIALIZERS.iter().map(|(known, _)| *known);
        format!("{} A number is σw²", unknown("initialiser", name, known))
    })
}

pub(super) fn variance(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "a variance is 0 or positive".to_owned())
}

pub(super) fn within(range: RangeInclusive<u64>) -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_configurations_and_of_textbooks_and_numbers_are_variances() {
        assert_eq!(activation("leaky-relu"), Ok(Activation::LeakyRelu));
        assert!(activation("tahn").unwrap_err().contains("`tanh`"));
        for name in ["xavier", "xavier_uniform", "glorot", "xavier-normal"] {
            assert_eq!(initializer(name), Ok(Initializer::XavierNormal), "{name}");
        }
        assert_eq!(initializer("1.5"), Ok(Initializer::MeanField(1.5)));
        assert!(initializer("xaver").unwrap_err().contains("`xavier`"));
        assert!(initializer("-1").is_err() && initializer("nan").is_err());
        assert!(variance("-0.1").is_err() && variance("0.1") == Ok(0.1));
    }
}
