//! A quantity by place, from the trials of one variant: what a line of a picture shows.

use std::ops::Deref;

use backdraft_rows::{Chain, QuantityName, Subject};

use crate::factors::Factors;
use crate::picture::Point;
use crate::results::TrialResult;

/// A quantity by layer or time step, over the seeds of a variant, at the first step.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What is shown; `None` if the trials are of several variants, or their subjects of no chain.
    pub of: Option<Profiled>,
    /// The points, by x.
    pub points: Vec<Point>,
}

/// Which quantity of which layers of which variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiled {
    /// The variant.
    pub variant: Factors,
    /// The quantity.
    pub quantity: QuantityName,
    /// Its layers or time steps.
    pub chain: Chain,
}

impl Deref for Profile {
    type Target = [Point];

    fn deref(&self) -> &[Point] {
        &self.points
    }
}

/// Returns the geometric means over trials by layer, counted from 1, of a quantity at the first step.
pub fn by_layer(
    trials: &[&TrialResult],
    quantity: &QuantityName,
    fits: impl Fn(&Subject) -> bool,
) -> Profile {
    let layers: Vec<Vec<f64>> = trials.iter().map(|trial| trial.initial(quantity, &fits)).collect();
    let depth = layers.iter().map(Vec::len).min().unwrap_or(0);
    let at = |layer: usize| {
        let values: Vec<f64> = layers.iter().map(|values| values[layer]).collect();
        Point::geometric_mean(layer as f64 + 1.0, &values)
    };
    Profile { of: profiled(trials, quantity, fits), points: (0..depth).filter_map(at).collect() }
}

fn profiled(
    trials: &[&TrialResult],
    quantity: &QuantityName,
    fits: impl Fn(&Subject) -> bool,
) -> Option<Profiled> {
    let first = trials.first()?;
    let is_fit = |row: &&backdraft_rows::Row| row.quantity == *quantity && fits(&row.subject);
    let chain = first.rows.iter().find(is_fit)?.subject.chain()?;
    let is_one = trials.iter().all(|trial| trial.factors == first.factors);
    let (variant, quantity) = (first.factors.clone(), quantity.clone());
    is_one.then_some(Profiled { variant, quantity, chain })
}
