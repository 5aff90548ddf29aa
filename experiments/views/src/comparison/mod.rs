//! Runs of one experiment side by side.

mod finals;
mod page;

use std::collections::BTreeMap;

use backdraft_record::{Ending, Factors, Manifest, Picture, Results, TrialResult};
use backdraft_verdicts::statistics::{Difference, Estimate};
use backdraft_verdicts::{Effect, Ruling};
use serde::Serialize;

use finals::{Final, finals};

pub use page::{difference, estimate, letter, page};

/// A run to compare.
pub struct Compared<'a> {
    /// What was run, and how it ended.
    pub manifest: &'a Manifest,
    /// What was measured.
    pub results: &'a Results,
    /// The experiment's pictures of it.
    pub pictures: Vec<Picture>,
}

/// What several runs have in common, and where they differ. Lists by run are in the order of the
/// runs; differences are from the first.
#[derive(Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The experiment.
    pub experiment: String,
    /// Ids of the runs.
    pub runs: Vec<String>,
    /// Settings, and what else was not the same, with the values by run.
    pub settings: Vec<(String, Vec<String>)>,
    /// Claims that any run judged.
    pub claims: Vec<ComparedClaim>,
    /// Quantities of the variants that all runs have.
    pub outcomes: Vec<Outcome>,
    /// Variants that only some of the runs have.
    pub unmatched: usize,
}

/// A claim with what the runs conclude.
#[derive(Debug, PartialEq, Serialize)]
pub struct ComparedClaim {
    /// The statement.
    pub statement: String,
    /// Ruling and effect by run; `None` if a run did not judge it.
    pub conclusions: Vec<Option<(Ruling, Option<Effect>)>>,
}

/// A quantity of a variant.
#[derive(Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Name of the quantity.
    pub quantity: String,
    /// The variant.
    pub variant: Factors,
    /// Whether differences are ratios, of geometric means.
    pub is_ratio: bool,
    /// Means over seeds.
    pub means: Vec<Option<Mean>>,
    /// Second and later runs against the first.
    pub differences: Vec<Option<Difference>>,
}

/// A mean over seeds with its 95 % interval, on the scale of the quantity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// How many seeds it is over.
    pub seeds: usize,
}

impl Outcome {
    /// Tells whether the interval of a difference leaves out that there is none.
    pub fn is_different(&self, difference: &Difference) -> bool {
        let none = if self.is_ratio { 1.0 } else { 0.0 };
        difference.lower > none || difference.upper < none
    }
}

/// Compares runs of one experiment.
pub fn compare(runs: &[Compared]) -> Comparison {
    let first = runs[0].manifest;
    let (outcomes, unmatched) = outcomes(runs);
    Comparison {
        experiment: first.experiment.clone(),
        runs: runs.iter().map(|run| run.manifest.id.clone()).collect(),
        settings: settings(runs),
        claims: claims(runs),
        outcomes,
        unmatched,
    }
}

fn settings(runs: &[Compared]) -> Vec<(String, Vec<String>)> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        let Manifest { settings, preset, backend, versions, .. } = run.manifest;
        let others = [
            ("(preset)", preset.to_string()),
            ("(back end)", backend.clone()),
            ("(Backdraft)", versions.backdraft.clone()),
            ("(Burn)", versions.burn.clone()),
            ("(build)", versions.build.clone()),
        ];
        let settings = settings.iter().map(|(key, value)| (key.clone(), value.to_string()));
        for (key, value) in settings.chain(others.map(|(key, value)| (key.to_owned(), value))) {
            rows.entry(key).or_insert_with(|| vec![String::new(); runs.len()])[index] = value;
        }
    }
    rows.retain(|_, values| values.iter().any(|value| *value != values[0]));
    rows.into_iter().collect()
}

fn claims(runs: &[Compared]) -> Vec<ComparedClaim> {
    let mut claims: Vec<(&str, ComparedClaim)> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        for verdict in &run.manifest.verdicts {
            let known = claims.iter().position(|(id, _)| *id == verdict.claim);
            let place = known.unwrap_or_else(|| {
                let conclusions = runs.iter().map(|_| None).collect();
                let statement = verdict.statement.clone();
                claims.push((&verdict.claim, ComparedClaim { statement, conclusions }));
                claims.len() - 1
            });
            claims[place].1.conclusions[index] = Some((verdict.ruling, verdict.effect.clone()));
        }
    }
    claims.into_iter().map(|(_, claim)| claim).collect()
}

/// By quantity and variant: the values of each run, by seed.
type Values<'a> = BTreeMap<(Final, &'a Factors), Vec<Vec<(u64, f64)>>>;

fn outcomes(runs: &[Compared]) -> (Vec<Outcome>, usize) {
    let mut values: Values = BTreeMap::new();
    let mut variants: BTreeMap<&Factors, Vec<bool>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        let is_usable = |trial: &&TrialResult| !matches!(trial.ending, Ending::Failed { .. });
        for trial in run.results.trials().iter().filter(is_usable) {
            let is_there =
                variants.entry(&trial.factors).or_insert_with(|| vec![false; runs.len()]);
            is_there[index] = true;
            for (key, value) in finals(trial) {
                let of_runs = values.entry((key, &trial.factors));
                let of_runs = of_runs.or_insert_with(|| vec![Vec::new(); runs.len()]);
                of_runs[index].push((trial.seed, value));
            }
        }
    }
    let unmatched = variants.values().filter(|there| there.contains(&false)).count();
    values.retain(|_, of_runs| of_runs.iter().all(|values| !values.is_empty()));
    let outcomes = values.into_iter().map(|((key, variant), values)| outcome(key, variant, values));
    (outcomes.collect(), unmatched)
}

fn outcome(key: Final, variant: &Factors, values: Vec<Vec<(u64, f64)>>) -> Outcome {
    let is_ratio = key.shown.is_log;
    let scale = |value: f64| if is_ratio { value.ln() } else { value };
    let back = |value: f64| if is_ratio { value.exp() } else { value };
    let scaled: Vec<Vec<(u64, f64)>> = values
        .into_iter()
        .map(|values| values.into_iter().map(|(seed, value)| (seed, scale(value))).collect())
        .collect();
    let mean = |values: &Vec<(u64, f64)>| {
        let values: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        let Estimate { mean, lower, upper, n, .. } = Estimate::mean_of(&values)?;
        Some(Mean { mean: back(mean), lower: back(lower), upper: back(upper), seeds: n })
    };
    let difference = |values: &Vec<(u64, f64)>| {
        let Difference { mean, lower, upper, pairs } = Difference::between(&scaled[0], values)?;
        Some(Difference { mean: back(mean), lower: back(lower), upper: back(upper), pairs })
    };
    Outcome {
        quantity: key.shown.name,
        variant: variant.clone(),
        is_ratio,
        means: scaled.iter().map(mean).collect(),
        differences: scaled[1..].iter().map(difference).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::{QuantityName, Row};

    /// Two seeds whose test accuracy and loss are 0.5 and 0.25, and 0.1 and 0.2, times `scale`.
    fn results(depth: &str, scale: f64, first_seed: u64) -> Vec<TrialResult> {
        let row = |quantity: QuantityName, value: f64| Row::of_network(9, quantity, value * scale);
        let trial = |(seed, loss, accuracy): (u64, f64, f64)| TrialResult {
            factors: Factors::new([("depth", depth.to_owned())]),
            seed: first_seed + seed,
            rows: vec![
                row(QuantityName::TEST_LOSS, loss),
                row(QuantityName::TEST_ACCURACY, accuracy),
            ],
            ending: Ending::Finished,
        };
        [(0, 0.1, 0.5), (1, 0.2, 0.25)].map(trial).to_vec()
    }

    fn compared(second: Vec<TrialResult>) -> (Vec<Outcome>, usize) {
        let [first, second] = [results("3", 1.0, 0), second].map(Results::new);
        let manifest = backdraft_record::fixtures::manifest();
        let run = |results| Compared { manifest: &manifest, results, pictures: Vec::new() };
        outcomes(&[run(&first), run(&second)])
    }

    #[test]
    fn losses_are_compared_by_ratio_and_accuracies_by_difference_paired_by_seed() {
        let (outcomes, unmatched) = compared(results("3", 2.0, 0));
        assert_eq!(unmatched, 0);
        let [loss, accuracy] = &outcomes[..] else { unreachable!("two quantities") };
        let ratio = loss.differences[0].unwrap();
        assert!(loss.is_ratio && (ratio.mean - 2.0).abs() < 1e-12, "{ratio:?}");
        assert!(ratio.pairs == Some(2) && (ratio.upper - ratio.lower).abs() < 1e-9, "{ratio:?}");
        assert!(loss.is_different(&ratio));
        let difference = accuracy.differences[0].unwrap();
        assert!(!accuracy.is_ratio && (difference.mean - 0.375).abs() < 1e-12);
        assert!(!accuracy.is_different(&difference), "two seeds decide little: {difference:?}");
    }

    #[test]
    fn other_seeds_are_not_paired_and_other_variants_not_compared() {
        let (outcomes, _) = compared(results("3", 2.0, 10));
        assert_eq!(outcomes[0].differences[0].unwrap().pairs, None);
        let (outcomes, unmatched) = compared(results("9", 1.0, 0));
        assert_eq!((outcomes.len(), unmatched), (0, 2));
    }
}
