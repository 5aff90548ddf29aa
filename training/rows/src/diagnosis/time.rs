//! What is said of gradients that shrink or grow over time.

use super::context::CellKind::{Gated, Plain};
use super::trend::Stretch;
use super::trouble::Trouble;
use super::{Confidence, Context, Finding};
use crate::profile::Profile;

/// A forget gate whose bias is zero keeps this share of the memory at each step. A gradient that loses no
/// more than that may do so by design: whether it harms depends on how far back the task looks.
const GATE: f64 = 0.5;
const BY_DESIGN: &str =
    "; gates forget as fast by design, which harms if the task needs so long a memory";

/// Returns the finding of a recurrent layer.
pub(super) fn finding<T: Copy>(
    context: &Context,
    rule: &'static str,
    chain: &Profile<'_>,
    stretch: &Stretch,
    trouble: &Trouble<T>,
) -> Finding {
    let is_by_design = rule == "vanishing" && stretch.factor().is_some_and(|f| f > GATE);
    let (here, there) = (chain.places[stretch.from].subject, chain.places[stretch.to].subject);
    let steps = chain.places.len();
    let size = stretch.factor().map_or_else(
        || format!("too small for the number type while that at {there} is not"),
        |factor| {
            // After this many time steps, the gradient has changed by a factor e.
            let constant = factor.ln().abs().recip();
            let change = if factor < 1.0 { "falls to 1/e" } else { "grows e-fold" };
            format!(
                "{:.1e} of that at {there}, a factor {factor:.3} per time step: it {change} in \
                 {constant:.1} of {steps} steps",
                stretch.ratio
            )
        },
    );
    Finding {
        rule,
        subject: here.clone(),
        since: trouble.since,
        evidence: format!(
            "‖∂L/∂h‖ is {size}, {}{}",
            trouble.at(),
            if is_by_design { BY_DESIGN } else { "" }
        ),
        confidence: if is_by_design { Confidence::Possible } else { trouble.confidence() },
        remedy: if rule == "vanishing" { vanishing(context) } else { exploding(context) },
        experiment: Some(if rule == "vanishing" {
            "forget-gate-time-constant"
        } else {
            "spectral-radius"
        }),
    }
}

fn vanishing(context: &Context) -> &'static str {
    match context.cell {
        Some(Gated) => {
            "Raise the forget bias (of a GRU: of the update gate), or initialise it for the length of \
             the sequence (chrono initialisation), or shorten the sequence"
        }
        Some(Plain) => {
            "Use gates (LSTM, GRU), initialise the recurrent weights orthogonally, or shorten the \
             sequence"
        }
        None => {
            "With gates, raise the forget bias or initialise it for the length of the sequence (chrono \
             initialisation); without, use gates or orthogonal recurrent weights; or shorten the \
             sequence"
        }
    }
}

fn exploding(context: &Context) -> &'static str {
    if context.is_clipped == Some(true) {
        "Initialise the recurrent weights orthogonally or with a smaller gain, or truncate \
         backpropagation to fewer steps: clipping, which is on, only bounds the step"
    } else {
        "Clip the global norm, initialise the recurrent weights orthogonally or with a smaller gain, \
         or truncate backpropagation to fewer steps"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Thresholds, diagnose};
    use crate::quantity_name::QuantityName;
    use crate::row::Row;

    #[test]
    fn what_a_forget_gate_forgets_by_design_is_possible_trouble_and_what_is_lost_faster_is_certain()
    {
        let found = |factor: f64, steps: i32| {
            let at = |time: i32| {
                let norm = factor.powi(steps - 1 - time);
                let name = format!("layers.0@{time}");
                (0..4).map(move |step| {
                    Row::new(step, QuantityName::ACTIVATION_GRADIENT_NORM, name.clone(), norm)
                })
            };
            let rows: Vec<Row> = (0..steps).flat_map(at).collect();
            let findings = diagnose(&rows, &Thresholds::default());
            findings.first().map(|finding| (finding.rule, finding.confidence))
        };
        // σ(1), the usual forget bias, over a hundred steps; and a plain network that forgets.
        assert_eq!(found(0.731, 100), Some(("vanishing", Confidence::Possible)));
        assert_eq!(found(0.2, 16), Some(("vanishing", Confidence::Certain)));
        assert_eq!(found(0.95, 100), None);
    }
}
