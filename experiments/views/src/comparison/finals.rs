//! What a trial comes to, in a few numbers.

use std::collections::BTreeMap;

use backdraft_record::TrialResult;
use backdraft_rows::QuantityName;

use crate::report::{Shown, shown};

/// The quantity whose flow through the layers is compared.
const FLOW: QuantityName = QuantityName::ACTIVATION_GRADIENT_NORM;

/// A number that a trial comes to; ordered by what tells most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Final {
    pub(super) shown: Shown,
}

/// Returns the last values of the network's quantities, and how much of the gradient that reaches the
/// last layer, or time step, reaches the first before training.
pub(super) fn finals(trial: &TrialResult) -> BTreeMap<Final, f64> {
    let mut finals = BTreeMap::new();
    let mut ends: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in &trial.rows {
        if row.subject.is_network() {
            let shown = shown(&row.quantity);
            if shown.is_known() {
                finals.insert(Final { shown }, row.value);
            }
        } else if row.step == 0
            && row.quantity == FLOW
            && let Some(chain) = row.subject.chain()
        {
            ends.entry(chain.name).or_insert((row.value, row.value)).1 = row.value;
        }
    }
    for (chain, (first, last)) in ends {
        let flow = shown(&FLOW);
        let name = format!("{} before training, first over last of {chain}", flow.name);
        finals.insert(
            Final { shown: Shown { name: name.clone(), label: name, ..flow } },
            first / last,
        );
    }
    finals
}
