//! How quantities are shown: on which axis, under which name, and in which order.

use backdraft_hooks::quantity;

/// A quantity as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    /// Place among the quantities, the most telling first.
    pub(crate) rank: usize,
    /// Short name, for titles and tabs.
    pub(crate) name: String,
    /// What stands on the axis, with its unit.
    pub(crate) label: String,
    /// Whether it spans orders of magnitude.
    pub(crate) is_log: bool,
    /// What it is, in a sentence.
    pub(crate) about: &'static str,
}

impl Shown {
    /// Tells whether the quantity is one that readers know by a name of its own.
    pub(crate) fn is_known(&self) -> bool {
        self.rank < SHOWN.len()
    }
}

const LOG: bool = true;
const LINEAR: bool = false;

/// Name in the rows, short name, label of the axis, and whether that is logarithmic.
const SHOWN: &[(&str, &str, &str, bool)] = &[
    ("activation_gradient_norm", "‖∂L/∂a‖", "‖∂L/∂a‖, L2 over the batch", LOG),
    ("gradient_norm", "‖∂L/∂θ‖", "‖∂L/∂θ‖, L2 per tensor", LOG),
    ("activation_norm", "‖a‖", "‖a‖, L2 over the batch", LOG),
    ("saturated_share", "saturated", "share of saturated units", LINEAR),
    ("dead_share", "dead", "share of dead units", LINEAR),
    ("update_ratio", "‖Δθ‖ / ‖θ‖", "‖Δθ‖ / ‖θ‖, one step", LOG),
    ("activation_mean", "mean", "mean of activations", LINEAR),
    ("activation_standard_deviation", "std", "standard deviation of activations", LINEAR),
    ("weight_norm", "‖θ‖", "‖θ‖, L2 per tensor", LOG),
    ("loss", "loss of the batch", "loss, batch", LOG),
    ("train_loss", "training loss", "loss, training split", LOG),
    ("test_loss", "test loss", "loss, test split", LOG),
    ("train_accuracy", "training accuracy", "share of correct answers", LINEAR),
    ("test_accuracy", "test accuracy", "share of correct answers", LINEAR),
    ("global_gradient_norm", "before clipping", "‖∂L/∂θ‖ of all parameters", LOG),
    ("clipped_gradient_norm", "after clipping", "‖∂L/∂θ‖ of all parameters", LOG),
    ("gradient_max", "max |g|", "max |g|", LOG),
    ("gradient_mean_absolute", "mean |g|", "mean |g|", LOG),
    ("gradient_standard_deviation", "std of g", "standard deviation of g", LOG),
];

/// Returns how a quantity is shown; one that is not known is shown as it is called, on a linear axis.
pub(crate) fn shown(name: &str) -> Shown {
    let about = quantity(name).map_or("", |quantity| quantity.about());
    let rank = SHOWN.iter().position(|(known, ..)| *known == name).unwrap_or(SHOWN.len());
    let Some((_, short, label, is_log)) = SHOWN.get(rank) else {
        let name = name.replace('_', " ");
        return Shown { rank, label: name.clone(), name, is_log: LINEAR, about };
    };
    let (name, label) = ((*short).to_owned(), (*label).to_owned());
    Shown { rank, name, label, is_log: *is_log, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_the_hooks_are_shown_under_names_that_they_have() {
        for (name, ..) in SHOWN {
            let is_of_trainer =
                ["loss", "accuracy", "global_gradient_norm", "clipped_gradient_norm"]
                    .iter()
                    .any(|end| name.ends_with(end));
            assert!(is_of_trainer || quantity(name).is_some(), "{name}");
        }
        assert_eq!(shown("never_heard_of").label, "never heard of");
    }
}
