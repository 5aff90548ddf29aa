//! Which tags are which quantities, in the words of many programs.

use super::pattern::{TagPattern, subject_of};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

type Q = QuantityName;

/// What programs call the norm of each parameter's gradient and its kin: what comes before the name of
/// the parameter.
const OF_PARAMETERS: &[(&str, QuantityName)] = &[
    // Lightning's `grad_norm(module, norm_type)`.
    ("grad_2.0_norm/", Q::GRADIENT_NORM),
    ("grad_2_norm/", Q::GRADIENT_NORM),
    ("grad_2.0_norm_", Q::GRADIENT_NORM),
    ("grad_inf_norm/", Q::GRADIENT_MAX),
    // Composer's `OptimizerMonitor`.
    ("l2_norm/grad/", Q::GRADIENT_NORM),
    ("l2_norm/param/", Q::WEIGHT_NORM),
    ("l2_norm_ratio/update_param/", Q::UPDATE_RATIO),
    // `wandb.watch`, and what people log by hand.
    ("gradients/", Q::GRADIENT_NORM),
    ("grad_norm/", Q::GRADIENT_NORM),
    ("grad_norms/", Q::GRADIENT_NORM),
    ("grad_norm.", Q::GRADIENT_NORM),
    ("gradient_norm.", Q::GRADIENT_NORM),
    ("gradient_norms/", Q::GRADIENT_NORM),
    ("gradnorm/", Q::GRADIENT_NORM),
    ("param_norm/", Q::WEIGHT_NORM),
    ("parameter_norm/", Q::WEIGHT_NORM),
    ("update_to_weight/", Q::UPDATE_RATIO),
];

/// What programs call a quantity of the whole network.
const OF_NETWORK: &[(&str, QuantityName)] = &[
    ("loss", Q::LOSS),
    ("batch_loss", Q::LOSS),
    ("step_loss", Q::LOSS),
    ("loss_step", Q::LOSS),
    ("loss/total", Q::LOSS),
    ("loss/train", Q::LOSS),
    ("loss/train/total", Q::LOSS),
    // torchtitan.
    ("loss_metrics/global_avg_loss", Q::LOSS),
    ("eval_loss", Q::TEST_LOSS),
    ("eval/loss", Q::TEST_LOSS),
    ("val_loss", Q::TEST_LOSS),
    ("val/loss", Q::TEST_LOSS),
    ("valid_loss", Q::TEST_LOSS),
    ("validation_loss", Q::TEST_LOSS),
    ("validation/loss", Q::TEST_LOSS),
    ("test/loss", Q::TEST_LOSS),
    ("loss/eval", Q::TEST_LOSS),
    ("loss/val", Q::TEST_LOSS),
    // What `clip_grad_norm_` returns: the norm before clipping.
    ("grad_norm", Q::GLOBAL_GRADIENT_NORM),
    ("gradient_norm", Q::GLOBAL_GRADIENT_NORM),
    ("grad-norm", Q::GLOBAL_GRADIENT_NORM),
    ("gnorm", Q::GLOBAL_GRADIENT_NORM),
    ("global_grad_norm", Q::GLOBAL_GRADIENT_NORM),
    ("total_grad_norm", Q::GLOBAL_GRADIENT_NORM),
    ("grad_norm_total", Q::GLOBAL_GRADIENT_NORM),
    ("grad_norm/total", Q::GLOBAL_GRADIENT_NORM),
    ("grad_norm/global", Q::GLOBAL_GRADIENT_NORM),
    ("grad_2.0_norm_total", Q::GLOBAL_GRADIENT_NORM),
    ("grad_2.0_norm/total", Q::GLOBAL_GRADIENT_NORM),
    ("l2_norm/grad/global", Q::GLOBAL_GRADIENT_NORM),
    ("optimizer/grad_norm", Q::GLOBAL_GRADIENT_NORM),
];

/// What says no more than that the number is of the training.
const OF_TRAINING: &[&str] = &["train/", "training/", "train_", "training_", "train."];

/// What every log holds beside quantities: no name for it, no notice.
const BESIDE: &[&str] = &[
    "epoch",
    "_timestamp",
    "_runtime",
    "timestamp",
    "wall_time",
    "wall time",
    "walltime",
    "relative time (wall)",
    "created_at",
    "time",
];

/// What a tag is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// A quantity of a subject.
    Quantity(QuantityName, Subject),
    /// Nothing that a diagnosis wants, or what the user wants left out.
    LeftOut,
    /// Nobody knows.
    Unknown,
}

/// Says which quantity of which subject a tag is: by the user's patterns first, then as Lightning,
/// Composer, torchtitan, Hugging Face, W&B and Backdraft itself call them.
///
/// ```
/// use backdraft_rows::{QuantityName, TagTable};
///
/// let table = TagTable::default();
/// let (quantity, subject) = table.quantity("grad_2.0_norm/net.0.weight").unwrap();
/// assert_eq!((quantity, subject.as_str()), (QuantityName::GRADIENT_NORM, "net.0.weight"));
/// assert_eq!(table.quantity("train/lr"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TagTable {
    patterns: Vec<TagPattern>,
}

impl TagTable {
    /// Adds patterns, which are asked in order before the built-in names.
    pub fn with_patterns(mut self, patterns: impl IntoIterator<Item = TagPattern>) -> Self {
        self.patterns.extend(patterns);
        self
    }

    /// Returns the quantity and the subject of a tag that is known.
    pub fn quantity(&self, tag: &str) -> Option<(QuantityName, Subject)> {
        match self.meaning(tag) {
            Meaning::Quantity(quantity, subject) => Some((quantity, subject)),
            Meaning::LeftOut | Meaning::Unknown => None,
        }
    }

    pub(super) fn meaning(&self, tag: &str) -> Meaning {
        if let Some((quantity, subject)) = self.patterns.iter().find_map(|p| p.apply(tag)) {
            return quantity.map_or(Meaning::LeftOut, |q| Meaning::Quantity(q, subject));
        }
        if BESIDE.iter().any(|name| tag.eq_ignore_ascii_case(name)) {
            return Meaning::LeftOut;
        }
        let built_in = own(tag).or_else(|| known(tag)).or_else(|| {
            let rest = |start: &&str| tag.strip_prefix(*start);
            OF_TRAINING.iter().find_map(rest).and_then(known)
        });
        built_in
            .map_or(Meaning::Unknown, |(quantity, subject)| Meaning::Quantity(quantity, subject))
    }
}

/// Reads a tag as Backdraft's own logs name it: `gradient_norm/hidden.0.weight`, `test_loss`.
fn own(tag: &str) -> Option<(QuantityName, Subject)> {
    let known = |text: &str| QuantityName::KNOWN.iter().find(|name| name.as_str() == text).cloned();
    if let Some((quantity, subject)) = tag.split_once('/') {
        let is_named = !subject.is_empty() && !OF_NETWORK.iter().any(|(name, _)| *name == tag);
        return known(quantity).filter(|_| is_named).map(|quantity| {
            let subject = if is_total(subject) { Subject::NETWORK } else { subject_of(subject) };
            (quantity, subject)
        });
    }
    // Alone, `gradient_norm` is that of all parameters, and `train_loss` that of a batch.
    known(tag)
        .filter(|name| ![Q::GRADIENT_NORM, Q::TRAIN_LOSS].contains(name) && is_of_network(name))
        .map(|quantity| (quantity, Subject::NETWORK))
}

fn known(tag: &str) -> Option<(QuantityName, Subject)> {
    if let Some((_, quantity)) = OF_NETWORK.iter().find(|(name, _)| *name == tag) {
        return Some((quantity.clone(), Subject::NETWORK));
    }
    OF_PARAMETERS.iter().find_map(|(start, quantity)| {
        let subject = tag.strip_prefix(start).filter(|subject| !subject.is_empty())?;
        Some((quantity.clone(), subject_of(subject)))
    })
}

fn is_total(subject: &str) -> bool {
    ["network", "total", "global"].contains(&subject)
}

fn is_of_network(quantity: &QuantityName) -> bool {
    [
        Q::LOSS,
        Q::TEST_LOSS,
        Q::TRAIN_ACCURACY,
        Q::TEST_ACCURACY,
        Q::GLOBAL_GRADIENT_NORM,
        Q::CLIPPED_GRADIENT_NORM,
    ]
    .contains(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_of_many_programs_are_known() {
        let table = TagTable::default();
        let weight = "layers.0.weight";
        for (tag, quantity, subject) in [
            // Lightning.
            ("grad_2.0_norm/layers.0.weight", Q::GRADIENT_NORM, weight),
            ("grad_2.0_norm_total", Q::GLOBAL_GRADIENT_NORM, "network"),
            ("grad_inf_norm/layers.0.weight", Q::GRADIENT_MAX, weight),
            ("train_loss", Q::LOSS, "network"),
            ("train_loss_step", Q::LOSS, "network"),
            ("val_loss", Q::TEST_LOSS, "network"),
            // Composer.
            ("l2_norm/grad/layers.0.weight", Q::GRADIENT_NORM, weight),
            ("l2_norm/grad/global", Q::GLOBAL_GRADIENT_NORM, "network"),
            ("l2_norm/param/layers.0.weight", Q::WEIGHT_NORM, weight),
            ("loss/train/total", Q::LOSS, "network"),
            // torchtitan.
            ("loss_metrics/global_avg_loss", Q::LOSS, "network"),
            ("grad_norm", Q::GLOBAL_GRADIENT_NORM, "network"),
            // Hugging Face.
            ("train/grad_norm", Q::GLOBAL_GRADIENT_NORM, "network"),
            ("train/loss", Q::LOSS, "network"),
            ("eval/loss", Q::TEST_LOSS, "network"),
            ("eval_loss", Q::TEST_LOSS, "network"),
            // W&B, and by hand.
            ("gradients/layers.0.weight", Q::GRADIENT_NORM, weight),
            ("train/grad_norm/layers.0.weight", Q::GRADIENT_NORM, weight),
            ("grad_norm/layers/0/weight", Q::GRADIENT_NORM, weight),
            // Backdraft.
            ("gradient_norm/layers.0.weight", Q::GRADIENT_NORM, weight),
            ("gradient_norm", Q::GLOBAL_GRADIENT_NORM, "network"),
            ("activation_gradient_norm/hidden@3", Q::ACTIVATION_GRADIENT_NORM, "hidden@3"),
            ("loss/network", Q::LOSS, "network"),
            ("test_accuracy/network", Q::TEST_ACCURACY, "network"),
        ] {
            assert_eq!(table.quantity(tag), Some((quantity, subject.into())), "{tag}");
        }
        for tag in ["lr", "train/lr", "grad_1.0_norm/a.weight", "gradients/", "accuracy", ""] {
            assert_eq!(table.meaning(tag), Meaning::Unknown, "{tag}");
        }
        assert_eq!(table.meaning("Epoch"), Meaning::LeftOut);
    }

    #[test]
    fn every_known_quantity_is_read_from_the_tags_of_our_own_sink() {
        for quantity in QuantityName::KNOWN {
            let tag = format!("{quantity}/hidden.0.weight");
            let read = TagTable::default().quantity(&tag);
            assert_eq!(read, Some((quantity.clone(), "hidden.0.weight".into())), "{tag}");
        }
    }

    #[test]
    fn the_users_patterns_come_first() {
        let patterns = ["gradients/*=weight_norm", "lr=loss", "loss="];
        let table = TagTable::default().with_patterns(patterns.map(|p| p.parse().unwrap()));
        assert_eq!(table.quantity("gradients/a"), Some((Q::WEIGHT_NORM, "a".into())));
        assert_eq!(table.quantity("lr"), Some((Q::LOSS, Subject::NETWORK)));
        assert_eq!(table.meaning("loss"), Meaning::LeftOut);
    }
}
