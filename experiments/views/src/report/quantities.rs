//! How quantities are shown: on which axis, under which name, and in which order.

use backdraft_rows::QuantityName;

/// A quantity as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// Place among the quantities, the most telling first.
    pub rank: usize,
    /// Short name, for titles and tabs.
    pub name: String,
    /// What stands on the axis, with its unit.
    pub label: String,
    /// Whether it spans orders of magnitude.
    pub is_log: bool,
    /// What it is, in a sentence.
    pub about: &'static str,
}

impl Shown {
    /// Tells whether the quantity is one that readers know by a name of its own.
    pub fn is_known(&self) -> bool {
        self.rank < SHOWN.len()
    }
}

const LOG: bool = true;
const LINEAR: bool = false;

/// Name in the rows, short name, label of the axis, and whether that is logarithmic.
const SHOWN: &[(QuantityName, &str, &str, bool)] = &[
    (QuantityName::ACTIVATION_GRADIENT_NORM, "‖∂L/∂a‖", "‖∂L/∂a‖, L2 over the batch", LOG),
    (QuantityName::GRADIENT_NORM, "‖∂L/∂θ‖", "‖∂L/∂θ‖, L2 per tensor", LOG),
    (QuantityName::ACTIVATION_NORM, "‖a‖", "‖a‖, L2 over the batch", LOG),
    (QuantityName::SATURATED_SHARE, "saturated", "share of saturated units", LINEAR),
    (QuantityName::DEAD_SHARE, "dead", "share of dead units", LINEAR),
    (QuantityName::UPDATE_RATIO, "‖Δθ‖ / ‖θ‖", "‖Δθ‖ / ‖θ‖, one step", LOG),
    (QuantityName::ACTIVATION_MEAN, "mean", "mean of activations", LINEAR),
    (
        QuantityName::ACTIVATION_STANDARD_DEVIATION,
        "std",
        "standard deviation of activations",
        LINEAR,
    ),
    (QuantityName::WEIGHT_NORM, "‖θ‖", "‖θ‖, L2 per tensor", LOG),
    (QuantityName::LOSS, "loss of the batch", "loss, batch", LOG),
    (QuantityName::TRAIN_LOSS, "training loss", "loss, training split", LOG),
    (QuantityName::TEST_LOSS, "test loss", "loss, test split", LOG),
    (QuantityName::TRAIN_ACCURACY, "training accuracy", "share of correct answers", LINEAR),
    (QuantityName::TEST_ACCURACY, "test accuracy", "share of correct answers", LINEAR),
    (QuantityName::GLOBAL_GRADIENT_NORM, "before clipping", "‖∂L/∂θ‖ of all parameters", LOG),
    (QuantityName::CLIPPED_GRADIENT_NORM, "after clipping", "‖∂L/∂θ‖ of all parameters", LOG),
    (QuantityName::GRADIENT_MAX, "max |g|", "max |g|", LOG),
    (QuantityName::GRADIENT_MEAN_ABSOLUTE, "mean |g|", "mean |g|", LOG),
    (QuantityName::GRADIENT_STANDARD_DEVIATION, "std of g", "standard deviation of g", LOG),
];

/// Returns how a quantity is shown; one that is not known is shown as it is called, on a linear axis.
pub fn shown(quantity: &QuantityName) -> Shown {
    let about = quantity.about();
    let rank = SHOWN.iter().position(|(known, ..)| known == quantity).unwrap_or(SHOWN.len());
    let Some((_, short, label, is_log)) = SHOWN.get(rank) else {
        let name = quantity.as_str().replace('_', " ");
        return Shown { rank, label: name.clone(), name, is_log: LINEAR, about };
    };
    let (name, label) = ((*short).to_owned(), (*label).to_owned());
    Shown { rank, name, label, is_log: *is_log, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_that_is_not_known_is_shown_as_it_is_called() {
        let other = shown(&QuantityName::new("never_heard_of"));
        assert_eq!((other.label.as_str(), other.is_known()), ("never heard of", false));
        let norm = shown(&QuantityName::GRADIENT_NORM);
        assert!(norm.is_known() && norm.about.starts_with("L2 norm"), "{norm:?}");
    }
}
