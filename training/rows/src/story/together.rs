//! Layers that leave their range together.

use std::collections::BTreeSet;

use super::{Departure, Part};
use crate::history::History;
use crate::subject::Subject;

/// Layers that move together are named together if the largest of their factors is at most so many
/// times the smallest. Where one layer is the cause, the others differ from it by more.
const ALIKE: f64 = 4.0;
/// Fewer layers than this are named one by one.
const FEWEST_TOGETHER: usize = 3;

/// If every layer has left its range at the same step by about the same factor, none of them is the
/// cause: returns one departure of the network in their place, and the others.
///
/// The optimiser's part needs no common factor, and only half of the layers: its rate and its ε are
/// those of all.
pub(super) fn together(found: &[Departure], history: &History<'_>) -> Option<Vec<Departure>> {
    let steps: BTreeSet<u64> = found.iter().map(|departure| departure.step).collect();
    let common = steps.into_iter().find(|step| are_together(found, *step, history))?;
    let (at_once, mut rest): (Vec<_>, Vec<_>) =
        found.iter().cloned().partition(|departure| departure.step == common);
    let network = at_once.iter().find(|departure| departure.subject.is_network());
    let whole = network.or(at_once.first())?.clone();
    rest.push(Departure { subject: Subject::NETWORK, is_common: true, ..whole });
    Some(rest)
}

fn are_together(found: &[Departure], step: u64, history: &History<'_>) -> bool {
    let at_once = || found.iter().filter(|found| found.step == step && !found.subject.is_network());
    let Some(Departure { part, quantity, .. }) = at_once().next() else { return false };
    if matches!(part, Part::Weights | Part::Forward) {
        return false;
    }
    let is_update = *part == Part::Update;
    let is_measured = |subject: &&Subject| {
        // A course that was zero before has no factor.
        let is_positive = |(known, value): &(u64, f64)| *known < step && *value > 0.0;
        !(is_update && subject.is_offset())
            && history.course(quantity, subject).iter().any(is_positive)
    };
    let layers = history.subjects(quantity).filter(is_measured).count();
    let enough = if is_update { layers.div_ceil(2) } else { layers };
    let factors: Vec<f64> =
        at_once().filter_map(|found| Some(found.value / found.usual?)).collect();
    let (least, most) =
        factors.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), f| (a.min(*f), b.max(*f)));
    let is_alike =
        is_update || factors.iter().all(|factor| !factor.is_finite()) || most <= ALIKE * least;
    factors.len() >= enough.max(FEWEST_TOGETHER) && is_alike
}
