//! An experiment: does the gradient reach the first step of the network?
//!
//! `list`, `describe`, `run`, `verify`, `report`, `sweep` and the other commands take it.

use std::ops::Range;

use backdraft::measure::flow;
use backdraft::rows::{QuantityName, Subject};
use backdraft::settings::in_range;
use backdraft::zoo::NetworkConfig;
use backdraft::{
    About, Experiment, Factors, Picture, Preset, Results, Sample, Settings, SettingsError,
    Statement, Trial, Verdict, by_layer,
};
use serde::{Deserialize, Serialize};

use crate::architecture::MyConfig;

/// The experiment.
pub(crate) struct MyExperiment;

/// What `--set` changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MySettings {
    /// Number of seeds.
    seeds: u64,
    /// The first seed; the others follow it.
    first_seed: u64,
    /// Units of every step.
    width: usize,
    /// Steps of the two networks.
    depths: [usize; 2],
}

impl Settings for MySettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("width", self.width, 1..=4_096)?;
        self.depths.iter().try_for_each(|depth| in_range("depths", *depth, 2..=1_000))
    }
}

/// Rules are written before anyone looks at the data.
const ARRIVES: Statement = Statement {
    id: "gradient-arrives",
    statement: "Before training, at least half of the gradient reaches the first step.",
    rule: "Ratio of ‖∂L/∂h‖, first over last step of the deeper network. Supported if the 95 % \
           interval of its geometric mean over seeds lies above 0.5, refuted if below.",
};

const NORM: QuantityName = QuantityName::ACTIVATION_GRADIENT_NORM;

/// Selects the steps.
fn is_step(subject: &Subject) -> bool {
    subject.path().starts_with("steps.")
}

impl Experiment for MyExperiment {
    type Settings = MySettings;

    const ABOUT: About = About {
        name: "my-experiment",
        title: "The gradient reaches the first of many small steps",
        question: "If each layer adds little, does depth still make the gradient vanish?",
        sources: &["my own question"],
        claims: &[ARRIVES],
    };

    fn settings(preset: Preset) -> MySettings {
        let seeds = if preset == Preset::Quick { 10 } else { 100 };
        MySettings { seeds, first_seed: 0, width: 32, depths: [10, 50] }
    }

    fn seeds(settings: &MySettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &MySettings) -> anyhow::Result<Vec<Trial>> {
        let width = settings.width;
        let trial = |seed: u64, depth: usize| Trial {
            factors: Factors::new([("depth", depth.to_string())]),
            seed,
            cost: depth as u64,
            task: flow(
                NetworkConfig::of(MyConfig { inputs: width, width, depth, ..Default::default() }),
                16,
                seed,
            ),
        };
        let of_seed = |seed| settings.depths.iter().map(move |depth| trial(seed, *depth));
        Ok(Self::seeds(settings).flat_map(of_seed).collect())
    }

    fn judge(settings: &MySettings, results: &Results) -> Vec<Verdict> {
        let deepest = settings.depths.iter().max().map(ToString::to_string).unwrap_or_default();
        let trials = results.with(&[("depth", &deepest)]);
        let ratio = |norms: Vec<f64>| Some((norms.first()? / norms.last()?).ln());
        let ratios = trials.iter().filter_map(|trial| ratio(trial.initial(&NORM, is_step)));
        vec![Sample::of_logs("‖∂L/∂h‖, first over last", ratios.collect()).exceeds(&ARRIVES, 0.5)]
    }

    fn pictures(settings: &MySettings, results: &Results) -> Vec<Picture> {
        let picture = Picture::new(
            "gradient-flow",
            "Gradient reaching each step, before training",
            "step",
            "‖∂L/∂h‖, L2 over the batch",
        );
        let of_depth = |picture: Picture, depth: &usize| {
            let depth = depth.to_string();
            let points = by_layer(&results.with(&[("depth", &depth)]), &NORM, is_step);
            picture.profile(format!("{depth} steps"), points)
        };
        vec![settings.depths.iter().fold(picture.logarithmic(), of_depth)]
    }
}
