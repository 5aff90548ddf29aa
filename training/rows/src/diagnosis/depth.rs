//! Gradients that shrink or grow towards the input, or towards the first time step.

use super::context::ActivationKind::{Rectifier, Saturating};
use super::trend::{Direction, Stretch};
use super::trouble::Trouble;
use super::{Case, Confidence, Context, Finding, Rule, time};
use crate::chain::Axis;
use crate::profile::Profile;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Of a fall and a rise of nearly the same size, in logarithms, the fall is told. The gradient of a
/// single layer of tiny weights is such a peak: it is the only one that is not tiny.
const PREFERENCE: f64 = 0.8;

/// Finds gradients that shrink towards the first layer or time step.
pub(super) struct Vanishing;

/// Finds gradients that grow towards the first layer or time step.
pub(super) struct Exploding;

impl Rule for Vanishing {
    fn name(&self) -> &'static str {
        "vanishing"
    }

    fn about(&self) -> &'static str {
        "Along a chain of layers or time steps, the gradient falls below a thousandth of what it is \
         later in the chain. Needs activation_gradient_norm, or gradient_norm of weights where nothing \
         is tapped; time steps are seen where they are tapped."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let mut findings = along_chains(case, self.name(), Direction::Shrinks);
        findings.extend(small_means(case));
        findings
    }
}

impl Rule for Exploding {
    fn name(&self) -> &'static str {
        "exploding"
    }

    fn about(&self) -> &'static str {
        "Along a chain of layers or time steps, the gradient rises above a thousand times what it is \
         later in the chain. Needs the same as vanishing."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        along_chains(case, self.name(), Direction::Grows)
    }
}

/// What a chain shows: the stretch of the first step with the trouble, and its sick layer, if one is.
#[derive(Clone, Copy)]
struct Seen {
    stretch: Stretch,
    culprit: Option<usize>,
}

/// Judges every chain; of the chains of one list, returns the finding of the worst.
fn along_chains(case: &Case<'_>, rule: &'static str, direction: Direction) -> Vec<Finding> {
    let mut chains = case.history.layer_chains();
    chains.extend(case.history.time_chains());
    let mut worst: Vec<(String, f64, Finding)> = Vec::new();
    for chain in &chains {
        let Some((severity, finding)) = along(case, rule, direction, chain) else { continue };
        let list = match chain.axis {
            Axis::Depth => chain.list().to_owned(),
            Axis::Time => chain.places[0].subject.to_string(),
        };
        match worst.iter_mut().find(|(other, ..)| *other == list) {
            Some(other) if other.1 >= severity => {}
            Some(other) => *other = (list, severity, finding),
            None => worst.push((list, severity, finding)),
        }
    }
    worst.into_iter().map(|(_, _, finding)| finding).collect()
}

fn along(
    case: &Case<'_>,
    rule: &'static str,
    direction: Direction,
    chain: &Profile<'_>,
) -> Option<(f64, Finding)> {
    // What is measured at the weights of a block grows and shrinks with the block's factor.
    if !chain.is_tapped() && chain.places.iter().any(|place| case.is_gated(place.subject)) {
        return None;
    }
    let bound = match chain.axis {
        Axis::Depth => case.thresholds.depth_ratio,
        Axis::Time => case.thresholds.time_ratio,
    };
    let at_step = |(step, gradients): (u64, Vec<f64>)| {
        // With a zero everywhere there is no trend to see.
        let is_seen = gradients.iter().any(|gradient| *gradient > 0.0);
        let stretch = is_seen.then(|| Stretch::of(&gradients, direction, bound)).flatten();
        // What changes there and back is one trouble: the larger.
        let stretch = stretch.filter(|stretch| {
            let opposite = match direction {
                Direction::Shrinks => Direction::Grows,
                Direction::Grows => Direction::Shrinks,
            };
            let size = |stretch: Stretch| stretch.ratio.ln().abs();
            let back = Stretch::of(&gradients, opposite, bound).map_or(0.0, size);
            match direction {
                Direction::Shrinks => size(*stretch) >= PREFERENCE * back,
                Direction::Grows => PREFERENCE * size(*stretch) > back,
            }
        });
        let seen = |stretch: Stretch| Seen { stretch, culprit: stretch.culprit(&gradients) };
        (step, stretch.map(seen))
    };
    let trouble = Trouble::of(by_step(chain).into_iter().map(at_step))?;
    // What was there before the first step is the initialiser's, even if training cures it.
    if !trouble.is_lasting() && !trouble.is_initial() {
        return None;
    }
    let severity = trouble.first.stretch.ratio.ln().abs();
    let finding = match chain.axis {
        Axis::Depth => over_depth(case.context, rule, chain, &trouble),
        Axis::Time => time::finding(case.context, rule, chain, &trouble.first.stretch, &trouble),
    };
    Some((severity, finding))
}

fn over_depth(
    context: &Context,
    rule: &'static str,
    chain: &Profile<'_>,
    trouble: &Trouble<Seen>,
) -> Finding {
    let Seen { stretch, culprit } = trouble.first;
    let subject = |place: usize| chain.places[place].subject;
    let (here, there) = (subject(stretch.from), subject(stretch.to));
    let what = if chain.is_tapped() { "∂L/∂a" } else { "∂L/∂W" };
    let ratio = stretch.ratio;
    let size = match (culprit, stretch.factor()) {
        (Some(place), _) => {
            let (before, after) = (subject(place - 1), subject(place));
            format!(
                " at {here} is {ratio:.1e} of that at {there}, nearly all of the change between \
                 {before} and {after}"
            )
        }
        (None, None) => format!(" is too small for the number type while that at {there} is not"),
        (None, Some(factor)) => {
            format!(" is {ratio:.1e} of that at {there}, a factor {factor:.3} per layer")
        }
    };
    Finding {
        rule,
        subject: culprit.map_or(here, subject).clone(),
        since: trouble.since,
        evidence: format!("‖{what}‖{size}, {}", trouble.at()),
        confidence: trouble.confidence(),
        remedy: if rule == "vanishing" {
            vanishing_remedy(context)
        } else {
            exploding_remedy(context)
        },
        experiment: Some("sigmoid-vs-relu"),
    }
}

fn vanishing_remedy(context: &Context) -> &'static str {
    match (context.activation, context.is_normalized) {
        (Some(Rectifier), Some(true)) => "Use He's initialiser, or add skip connections",
        (Some(Rectifier), _) => {
            "Use He's initialiser, add skip connections, or normalise the layers"
        }
        (Some(Saturating), _) => {
            "Replace the activation by ReLU with He's initialiser, add skip connections, or use \
             Xavier's initialiser with tanh"
        }
        _ => {
            "Use an initialiser that fits the activation (He for ReLU, Xavier for tanh), add skip \
             connections, or replace sigmoid by ReLU"
        }
    }
}

fn exploding_remedy(context: &Context) -> &'static str {
    if context.is_clipped == Some(true) {
        "Lower the gain of the initialiser, or add skip connections: clipping, which is on, hides it"
    } else {
        "Lower the gain of the initialiser, add skip connections, or clip the global norm"
    }
}

/// Returns the gradients at the places of a chain, step by step; steps at which some were not measured
/// are left out.
fn by_step(chain: &Profile<'_>) -> Vec<(u64, Vec<f64>)> {
    let Some(first) = chain.places.first() else { return vec![] };
    let mut next = vec![0; chain.places.len()];
    let at_step = |(step, _): &(u64, f64)| {
        let values: Option<Vec<f64>> = chain
            .places
            .iter()
            .zip(&mut next)
            .map(|(place, next)| {
                while place.course.get(*next).is_some_and(|(other, _)| other < step) {
                    *next += 1;
                }
                place.course.get(*next).filter(|(other, _)| other == step).map(|(_, value)| *value)
            })
            .collect();
        Some((*step, values?))
    };
    first.course.iter().filter_map(at_step).collect()
}

/// Applies the absolute criterion, if one is set.
fn small_means(case: &Case<'_>) -> Vec<Finding> {
    let Some(smallest) = case.thresholds.smallest_mean_gradient else { return vec![] };
    let finding = |subject: &Subject| {
        let course = case.course(&QuantityName::GRADIENT_MEAN_ABSOLUTE, subject);
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
    case.subjects(&QuantityName::GRADIENT_MEAN_ABSOLUTE).filter_map(finding).collect()
}
