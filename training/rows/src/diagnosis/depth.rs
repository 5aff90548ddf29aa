//! Gradients that shrink or grow towards the input.

use super::{Confidence, Finding, Rule, Thresholds};
use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// With fewer layers, a trend over depth means little.
const FEWEST_LAYERS: usize = 3;

/// Finds gradients that shrink towards the first layer.
pub(super) struct Vanishing;

/// Finds gradients that grow towards the first layer.
pub(super) struct Exploding;

impl Rule for Vanishing {
    fn name(&self) -> &'static str {
        "vanishing"
    }

    fn about(&self) -> &'static str {
        "The gradient at the first layer is less than a thousandth of that at the last. Needs \
         activation_gradient_norm, or gradient_norm of weights where nothing is tapped."
    }

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let finding = by_depth(history, self.name(), |ratio| ratio < thresholds.depth_ratio);
        finding.into_iter().chain(small_means(history, thresholds)).collect()
    }
}

impl Rule for Exploding {
    fn name(&self) -> &'static str {
        "exploding"
    }

    fn about(&self) -> &'static str {
        "The gradient at the first layer is more than a thousand times that at the last. Needs the \
         same as vanishing."
    }

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let exploded = |ratio: f64| ratio > thresholds.depth_ratio.recip() && ratio.is_finite();
        by_depth(history, self.name(), exploded).into_iter().collect()
    }
}

/// Compares the first layer with the last at each step.
fn by_depth(
    history: &History<'_>,
    rule: &'static str,
    is_trouble: impl Fn(f64) -> bool,
) -> Option<Finding> {
    let profile = history.over_depth(FEWEST_LAYERS)?;
    let [first, .., last] = &profile.places[..] else { return None };
    let pairs = first.course.iter().zip(last.course);
    // Where the last layer receives no gradient either, there is no trend over depth.
    let ratios: Vec<(u64, f64)> = pairs
        .filter(|(_, (_, last))| *last > 0.0)
        .map(|((step, first), (_, last))| (*step, first / last))
        .collect();
    let trouble: Vec<&(u64, f64)> = ratios.iter().filter(|(_, ratio)| is_trouble(*ratio)).collect();
    let (since, ratio) = **trouble.first()?;
    let what = if profile.is_tapped() { "∂L/∂a" } else { "∂L/∂W" };
    let size = if ratio == 0.0 {
        format!("too small for the number type while that at {} is not", last.subject)
    } else {
        let factor = ratio.powf(1.0 / (profile.places.len() - 1) as f64);
        format!("{ratio:.1e} of that at {}, a factor {factor:.3} per layer", last.subject)
    };
    Some(Finding {
        rule,
        subject: first.subject.clone(),
        since,
        evidence: format!(
            "‖{what}‖ is {size}, at {} of {} observed steps",
            trouble.len(),
            ratios.len()
        ),
        confidence: Confidence::of(trouble.len(), ratios.len()),
        remedy: match rule {
            "vanishing" => {
                "Use an initialiser that fits the activation (He for ReLU, Xavier for tanh), add \
                 skip connections, or replace sigmoid by ReLU"
            }
            _ => "Lower the gain of the initialiser, add skip connections, or clip the global norm",
        },
        experiment: Some("sigmoid-vs-relu"),
    })
}

/// Applies the absolute criterion, if one is set.
fn small_means(history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
    let Some(smallest) = thresholds.smallest_mean_gradient else { return vec![] };
    let finding = |subject: &Subject| {
        let course = history.course(&QuantityName::GRADIENT_MEAN_ABSOLUTE, subject);
        let small: Vec<_> = course.iter().filter(|(_, mean)| *mean < smallest).collect();
        let (since, mean) = **small.first()?;
        Some(Finding {
            rule: "vanishing",
            subject: subject.clone(),
            since,
            evidence: format!("mean |g| is {mean:.1e}, below {smallest:.0e}"),
            confidence: Confidence::of(small.len(), course.len()),
            remedy: "Use an initialiser that fits the activation, or add skip connections",
            experiment: Some("sigmoid-vs-relu"),
        })
    };
    history.subjects(&QuantityName::GRADIENT_MEAN_ABSOLUTE).filter_map(finding).collect()
}
