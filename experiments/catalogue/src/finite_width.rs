//! How far single networks of finite width differ from the mean.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Picture, Point, Preset, Results};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};

use super::initial_flow::{FlowSettings, arm, log_gains};

/// Fluctuations of the gradient between networks.
pub(crate) struct FiniteWidth;

const SPREAD: Statement = Statement {
    id: "spread-grows-with-depth-over-width",
    statement: "Across He-initialised ReLU nets, ln of ‖∂L/∂h_1‖² / ‖∂L/∂h_L‖² has variance 5 Σ \
                1/n: depth over width, not depth, decides how far a net strays.",
    rule: "Two one-sided tests on the mean squared deviation over seeds: supported if its 90 % interval \
           lies within 20 % of 5 (L − 1) / n, refuted if outside.",
};
const DRIFT: Statement = Statement {
    id: "typical-net-vanishes",
    statement: "In He-initialised ReLU nets, the mean squared gradient is constant, but the \
                typical net's gradient vanishes: the mean of ln ‖∂L/∂h_1‖² / ‖∂L/∂h_L‖² is −(5/2) \
                Σ 1/n.",
    rule: "Two one-sided tests on the mean logarithm: supported if its 90 % interval lies within 20 % \
           of −5 (L − 1) / 2n, refuted if outside.",
};

const NETWORK: &str = "relu-he";

/// ln ‖∂L/∂h_1‖² / ‖∂L/∂h_L‖² by seed.
fn squared_log_gains(results: &Results) -> Vec<f64> {
    log_gains(results, NETWORK).into_iter().map(|gain| 2.0 * gain).collect()
}

/// 5 Σ 1/n over the layers between the two gradients.
fn predicted_variance(settings: &FlowSettings) -> f64 {
    5.0 * (settings.depth as f64 - 1.0) / settings.width as f64
}

impl Experiment for FiniteWidth {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "finite-width",
        title: "Depth over width decides how far a net's gradient strays from theory",
        question: "He initialisation preserves the mean squared gradient at any depth. Does that \
            hold for the one net that you happen to draw?",
        sources: &[
            "B. Hanin, Which neural net architectures give rise to exploding and vanishing \
             gradients?, NeurIPS 2018",
            "B. Hanin, M. Nica, Products of many large random matrices and gradients in deep neural \
             networks, Communications in Mathematical Physics 376, 2020",
        ],
        claims: &[SPREAD, DRIFT],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let seeds = match preset {
            Preset::Quick => 1_000,
            Preset::Standard => 4_000,
            Preset::Paper => 20_000,
        };
        FlowSettings { seeds, first_seed: 0, width: 64, depth: 20, batch: 1 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let network = MlpConfig { initializer: Initializer::HeNormal, ..settings.mlp() };
        Ok(settings.trials(&[arm(NETWORK, network)]))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let logs = squared_log_gains(results);
        let mean = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
        let deviations = logs.iter().map(|log| (log - mean).powi(2)).collect();
        let variance = predicted_variance(settings);
        vec![
            Sample::new("variance of ln gain", deviations)
                .because(format!("theory {variance:.3}"))
                .equals(&SPREAD, variance, 0.2 * variance),
            Sample::new("mean of ln gain", logs)
                .because(format!("theory {:.3}", -variance / 2.0))
                .equals(&DRIFT, -variance / 2.0, 0.1 * variance),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let mut logs = squared_log_gains(results);
        logs.sort_by(f64::total_cmp);
        let count = logs.len() as f64;
        let point = |(index, log): (usize, &f64)| Point {
            x: *log,
            y: (index as f64 + 0.5) / count,
            interval: None,
        };
        let title = format!(
            "{} ReLU nets of width {} and depth {}, He initialisation",
            logs.len(),
            settings.width,
            settings.depth
        );
        let picture = Picture::new(
            "distribution",
            title,
            "ln of ‖∂L/∂h‖², first over last layer",
            "cumulative share of nets",
        );
        vec![picture.measured("measured", logs.iter().enumerate().map(point))]
    }
}
