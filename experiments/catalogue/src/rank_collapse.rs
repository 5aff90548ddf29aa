//! Tokens that become alike under attention.

use std::ops::Range;

use backdraft_hooks::{GradientHook, GradientNorm, Schedule, Taps};
use backdraft_lab::{Experiment, Task, Trial};
use backdraft_layers::{Initializer, InitializerExt, weight_rng};
use backdraft_record::{About, Factors, Picture, Preset, Results, TrialResult, by_layer};
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Listener, Outcome};
use backdraft_transformer::{Transformer, TransformerConfig};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};
use burn::tensor::{Device, Tensor, TensorData};

use super::initial_flow::FlowSettings;

/// Attention alone, and with skips.
pub(crate) struct RankCollapse;

const DOUBLY_EXPONENTIAL: Statement = Statement {
    id: "collapse-is-doubly-exponential",
    statement: "Without skips and feed-forward sublayers, tokens become alike faster than \
                exponentially: each attention layer takes a greater factor off their differences than \
                the one before.",
    rule: "r_l = ‖X − 1 x̄ᵀ‖ / ‖X‖ after layer l, x̄ being the mean token; ln(r_3/r_2) over ln(r_2/r_1) \
           by seed, which is 1 if the decay is exponential. Supported if the 95 % interval of its \
           geometric mean lies above 1.5, refuted if below.",
};
const QUERIES_VANISH: Statement = Statement {
    id: "queries-and-keys-get-no-gradient",
    statement: "Where tokens have become alike, queries and keys get almost no gradient.",
    rule: "‖∂L/∂W‖ of queries and keys together over that of values, in layer 4 of attention alone, by \
           seed: supported if the 95 % interval of its geometric mean lies below 0.001, refuted if \
           above.",
};
const SKIPS: Statement = Statement {
    id: "skips-prevent-collapse",
    statement: "Without feed-forward sublayers, skips keep tokens from becoming alike.",
    rule: "r after the last layer over r of the input, with x + F(x), by seed: supported if the 95 % \
           interval of its geometric mean lies above 0.5, refuted if below.",
};
const SCALED_SKIPS: Statement = Statement {
    id: "scaled-skips-prevent-collapse",
    statement: "Without feed-forward sublayers, skips with branches scaled by 1/√L keep tokens from \
                becoming alike.",
    rule: "The same rule, with x + F(x) / √L.",
};

/// Levels of the factor `skip`.
const ARMS: [(&str, Branch); 3] =
    [(NONE, Branch::Alone), (PLAIN, Branch::Added), (SCALED, Branch::Scaled)];
const NONE: &str = "none";
const PLAIN: &str = "plain";
const SCALED: &str = "scaled";

/// What becomes of an attention layer's output F(x).
#[derive(Clone, Copy, Debug)]
enum Branch {
    /// It replaces x.
    Alone,
    /// x + F(x).
    Added,
    /// x + F(x) / √L for L layers.
    Scaled,
}

/// Tokens of a sequence.
const TOKENS: usize = 16;
/// The layer, from 0, whose queries and keys are looked at.
const COLLAPSED: usize = 3;

/// ‖X − 1 x̄ᵀ‖ / ‖X‖ over the tokens of a sequence, root mean square over the batch.
const TOKEN_SPREAD: QuantityName = QuantityName::new("token_spread");

impl Experiment for RankCollapse {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "rank-collapse",
        title: "Attention alone makes all tokens alike within a few layers",
        question: "Attention averages tokens. Stacked without skips it is said to lose their differences \
            doubly exponentially, and with them the gradients of queries and keys. Does it, and which \
            skips prevent it?",
        sources: &[
            "Y. Dong, J.-B. Cordonnier, A. Loukas, Attention is not all you need: pure attention loses rank \
             doubly exponentially with depth, ICML 2021 (abstract only, so the rules are ours)",
            "L. Noci, S. Anagnostidis, L. Biggio, A. Orvieto, S. P. Singh, A. Lucchi, Signal propagation in \
             transformers: theoretical perspectives and the role of rank collapse, NeurIPS 2022 (abstract \
             only; skips scaled by depth)",
        ],
        claims: &[DOUBLY_EXPONENTIAL, QUERIES_VANISH, SKIPS, SCALED_SKIPS],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let (width, depth) = if preset == Preset::Quick { (64, 12) } else { (256, 24) };
        FlowSettings { seeds: 20, first_seed: 0, width, depth, batch: 8 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let (width, layers) = (settings.width, settings.depth.max(COLLAPSED + 1));
        let config = TransformerConfig {
            inputs: width,
            outputs: width,
            length: TOKENS,
            width,
            heads: 1,
            feedforward: 1,
            layers,
            ..Default::default()
        };
        // The cheapest trial is the one on which back ends are compared: not on one that ends in rounding.
        let cost = |branch| if matches!(branch, Branch::Scaled) { 1 } else { 2 };
        let trial = |seed: u64, (name, branch): (&str, Branch)| Trial {
            factors: Factors::new([("skip", name.to_owned())]),
            seed,
            cost: cost(branch),
            task: flow(config.clone(), branch, settings.batch, seed),
        };
        Ok(settings.seeds().flat_map(|seed| ARMS.map(|arm| trial(seed, arm))).collect())
    }

    fn judge(_: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let of = |arm: &str, value: fn(&TrialResult) -> Option<f64>| -> Vec<f64> {
            let values = results.with(&[("skip", arm)]).into_iter().filter_map(value);
            values.map(f64::ln).filter(|log| log.is_finite()).collect()
        };
        let acceleration = |trial: &TrialResult| {
            let spread = trial.initial(&TOKEN_SPREAD, |_| true);
            let fall = |layer: usize| Some((spread.get(layer + 1)? / spread.get(layer)?).ln());
            Some(fall(2)? / fall(1)?)
        };
        let kept = |trial: &TrialResult| {
            let spread = trial.initial(&TOKEN_SPREAD, |_| true);
            Some(spread.last()? / spread.first()?)
        };
        let spread = |arm| Sample::of_logs("differences left", of(arm, kept));
        vec![
            Sample::of_logs("ln(r_3/r_2) / ln(r_2/r_1)", of(NONE, acceleration))
                .because(format!("geometric means of r by layer: {}", spreads(results)))
                .exceeds(&DOUBLY_EXPONENTIAL, 1.5),
            Sample::of_logs("gradient, queries and keys over values", of(NONE, query_share))
                .stays_below(&QUERIES_VANISH, 1e-3),
            spread(PLAIN).exceeds(&SKIPS, 0.5),
            spread(SCALED).exceeds(&SCALED_SKIPS, 0.5),
        ]
    }

    fn pictures(_: &FlowSettings, results: &Results) -> Vec<Picture> {
        let title = "Differences between tokens by attention layer, at initialisation";
        let y = "‖X − 1 x̄ᵀ‖ / ‖X‖";
        let picture = Picture::new("token-spread", title, "layers passed", y).logarithmic();
        vec![ARMS.iter().fold(picture, |picture, (arm, _)| {
            let points = by_layer(&results.with(&[("skip", arm)]), &TOKEN_SPREAD, |_| true);
            let points = points.points.into_iter().filter(|point| point.y > 0.0);
            // The first is the input, after no layer.
            let points = points.map(|point| backdraft_record::Point { x: point.x - 1.0, ..point });
            picture.measured(format!("skip {arm}"), points)
        })]
    }
}

/// Norm of the gradients of W_Q and W_K over that of W_V in the layer looked at.
fn query_share(trial: &TrialResult) -> Option<f64> {
    let norm = |matrix: &str| {
        let path = format!("layers.{COLLAPSED}.attention.{matrix}.weight");
        let norms = trial.initial(&QuantityName::GRADIENT_NORM, |subject| *subject == *path);
        norms.first().copied()
    };
    Some(norm("query")?.hypot(norm("key")?) / norm("value")?)
}

fn spreads(results: &Results) -> String {
    let points = by_layer(&results.with(&[("skip", NONE)]), &TOKEN_SPREAD, |_| true);
    let spreads: Vec<String> =
        points.iter().take(5).map(|point| format!("{:.1e}", point.y)).collect();
    spreads.join(", ")
}

/// Draws the attention layers of `seed`, sends sequences of Gaussian tokens through them, and a Gaussian
/// gradient back from all tokens. Measures the [`TOKEN_SPREAD`] of the input and after every layer, and
/// ‖∂L/∂W‖ of every matrix.
fn flow(config: TransformerConfig, branch: Branch, batch: usize, seed: u64) -> Box<Task> {
    /// Offset of the seed of the inputs, which keeps them independent of the weights.
    const INPUTS: u64 = 1 << 40;
    Box::new(move |device: &Device, listener: &mut dyn Listener| {
        let device = device.clone().autodiff();
        let network: Transformer = config.try_init(seed, &device)?;
        let mut rng = weight_rng(seed.wrapping_add(INPUTS));
        let width = config.width;
        let mut normal = || {
            let values = Initializer::Normal(1.0).draw(batch * TOKENS, width, &mut rng);
            Tensor::<3>::from_data(TensorData::new(values, [batch, TOKENS, width]), &device)
        };
        let (mut tokens, gradient) = (normal(), normal()); // [batch, tokens, width]
        let scale = (network.layers.len() as f64).sqrt().recip();
        let mut spreads = vec![spread(tokens.clone())?];
        for layer in &network.layers {
            let seen = layer.attention.forward(tokens.clone());
            tokens = match branch {
                Branch::Alone => seen,
                Branch::Added => tokens + seen,
                Branch::Scaled => tokens + seen * scale,
            };
            spreads.push(spread(tokens.clone())?);
        }
        let gradients = (tokens * gradient).sum().backward();
        let row = |(layer, value): (usize, f64)| {
            Row::new(0, TOKEN_SPREAD, format!("attention.{layer}"), value)
        };
        listener.record(&spreads.into_iter().enumerate().map(row).collect::<Vec<_>>())?;
        let mut hook = GradientHook::new(&[&GradientNorm], Schedule::Every(1));
        if let Some(seen) = hook.observe_with_taps(0, &network, &gradients, &Taps::off()) {
            listener.record(&seen.rows()?)?;
        }
        Ok(Outcome::Finished)
    })
}

/// ‖X − 1 x̄ᵀ‖ / ‖X‖ over the batch, computed in `f64`.
fn spread(tokens: Tensor<3>) -> anyhow::Result<f64> {
    let [_, count, width] = tokens.dims();
    let values: Vec<f64> = tokens.without_autodiff().try_into_data()?.iter::<f64>().collect();
    let (mut apart, mut whole) = (0.0, 0.0);
    for sequence in values.chunks_exact(count * width) {
        for unit in 0..width {
            let of_unit = || sequence.iter().skip(unit).step_by(width);
            let mean = of_unit().sum::<f64>() / count as f64;
            apart += of_unit().map(|x| (x - mean).powi(2)).sum::<f64>();
            whole += of_unit().map(|x| x * x).sum::<f64>();
        }
    }
    Ok((apart / whole).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_tokens_have_no_spread_and_opposite_ones_all_of_it() {
        let spread_of = |values: [f32; 4]| {
            let tokens = TensorData::new(values.to_vec(), [1, 2, 2]);
            spread(Tensor::from_data(tokens, &Device::flex())).unwrap()
        };
        assert_eq!(spread_of([1.0, 2.0, 1.0, 2.0]), 0.0);
        assert_eq!(spread_of([1.0, 2.0, -1.0, -2.0]), 1.0);
        // (3, 0) and (1, 0): mean (2, 0), residual 2 of 10.
        assert!((spread_of([3.0, 0.0, 1.0, 0.0]) - 0.2f64.sqrt()).abs() < 1e-12);
    }
}
