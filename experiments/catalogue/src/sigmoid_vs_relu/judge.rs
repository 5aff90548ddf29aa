//! Applies the rules of `claims.rs` to the measurements.

use backdraft_layers::Activation;
use backdraft_record::{Results, TrialResult};
use backdraft_rows::{QuantityName, Subject};
use backdraft_theory::MeanField;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::statistics::{Estimate, Line, Time};
use backdraft_verdicts::{Effect, Ruling, Statement, Verdict};

use super::claims;
use super::settings::SigmoidVsReluSettings;
use super::{ADAM, ORIGINAL_DEPTH, RELU, RELU_HE, SGD, SIGMOID, trials_of};
use crate::initial_flow::{is_hidden, is_hidden_weight};

/// Test accuracy below which a net counts as not having learnt.
const CHANCE: f64 = 0.6;
/// Fewest hidden layers that count as deep.
const DEEP: usize = 20;

pub(super) fn judge(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Verdict> {
    let nets = Nets { settings, results };
    let [sigmoid, relu] = [SIGMOID, RELU].map(|network| nets.log_factors(network));
    let weights = nets.lines(SIGMOID, &QuantityName::GRADIENT_NORM, is_hidden_weight, 1);
    let weights: Vec<f64> = weights.iter().map(|line| -line.slope).collect();
    let factor = |network: &str| Sample::of_logs("factor per layer", nets.log_factors(network));
    let at_3 = |optimizer| {
        let [sigmoid, relu] =
            [SIGMOID, RELU].map(|network| nets.accuracies(network, optimizer, ORIGINAL_DEPTH));
        Sample::new("test accuracy", sigmoid)
            .because(format!("ReLU instead reaches {}", percent(&relu)))
    };
    let learns = |e: &Estimate| Ruling::of(e.lower > settings.target_accuracy, e.upper < CHANCE);
    let keeps_level = |(name, network): (&str, &str)| {
        let theory = theory(network);
        let sample = factor(network).because(format!("theory {theory:.3}"));
        (name.to_owned(), sample.equals(&claims::HE_KEEPS_LEVEL, theory, 0.1))
    };
    let root_chi = theory(SIGMOID);
    vec![
        nets.sigmoid_shrinks(),
        factor(SIGMOID)
            .because(format!("√χ = {root_chi:.4} at the fixed point of q ↦ E σ(√q z)²"))
            .equals(&claims::FACTOR_IS_MEAN_FIELD, root_chi, 0.05),
        factor(SIGMOID).because("bound 0.25").stays_below(&claims::FACTOR_BELOW_QUARTER, 0.25),
        ratio(("ReLU", &relu), ("sigmoid", &sigmoid)).exceeds(&claims::RELU_SHRINKS_LESS, 2.0),
        ratio(("∂L/∂W", &weights), ("∂L/∂h", &sigmoid)).judge(&claims::WEIGHTS_HIDE_LESS, is_same),
        nets.relu_faster(&claims::RELU_FASTER_SGD, SGD),
        nets.relu_faster(&claims::RELU_FASTER_ADAM, ADAM),
        at_3(SGD).stays_below(&claims::SGD_SIGMOID_STUCK, CHANCE),
        at_3(ADAM).judge(&claims::ADAM_SIGMOID_LEARNS, learns),
        nets.adam_has_a_limit(),
        in_every_case(
            &claims::HE_KEEPS_LEVEL,
            [("He", RELU_HE), ("Xavier", RELU)].map(keeps_level).into(),
        ),
        nets.he_trains_deep(),
    ]
}

/// Returns theory's factor per layer. Sigmoid's is √χ at the fixed point for σw² = 1, which is Xavier
/// between equal widths.
pub(super) fn theory(network: &str) -> f64 {
    match network {
        SIGMOID => {
            let field = MeanField::new(Activation::Sigmoid, 1.0, 0.0);
            field.gradient_norm_factor(field.fixed_point(1.0))
        }
        RELU => 0.5f64.sqrt(),
        _ => 1.0,
    }
}

struct Nets<'a> {
    settings: &'a SigmoidVsReluSettings,
    results: &'a Results,
}

impl Nets<'_> {
    /// Fits ln of a norm against the layer at initialisation, in every net that can be fitted. The
    /// layers before `first` are left out.
    fn lines(
        &self,
        network: &str,
        quantity: &QuantityName,
        fits: fn(&Subject) -> bool,
        first: usize,
    ) -> Vec<Line> {
        let line = |trial: &TrialResult| {
            let norms = trial.initial(quantity, fits);
            let points = norms.iter().enumerate().map(|(layer, norm)| (layer as f64, norm.ln()));
            Line::fit(&points.skip(first).collect::<Vec<_>>())
        };
        let trials = trials_of(self.results, network, ADAM, self.settings.flow_depth);
        trials.into_iter().filter_map(line).collect()
    }

    /// ln of the factor of ‖∂L/∂h‖ per layer on the way to the input, by seed.
    fn log_factors(&self, network: &str) -> Vec<f64> {
        self.lines(network, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden, 0)
            .iter()
            .map(|line| -line.slope)
            .collect()
    }

    fn accuracies(&self, network: &str, optimizer: &str, depth: usize) -> Vec<f64> {
        let trials = trials_of(self.results, network, optimizer, depth);
        // A net that diverged is right only by chance.
        trials.iter().map(|trial| trial.last(&QuantityName::TEST_ACCURACY).unwrap_or(0.5)).collect()
    }

    fn sigmoid_shrinks(&self) -> Verdict {
        let lines = self.lines(SIGMOID, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden, 0);
        let worst_fit = lines.iter().map(|line| line.r_squared).fold(1.0, f64::min);
        let first_to_last = |depth: &usize| {
            let trials = trials_of(self.results, SIGMOID, ADAM, *depth);
            let norms = trials
                .iter()
                .map(|trial| trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden));
            let logs = norms.filter_map(|norms| Some((norms.first()? / norms.last()?).ln()));
            format!("{:.1e} at depth {depth}", geometric_mean(&logs.collect::<Vec<_>>()))
        };
        let depths = self.settings.depths.iter().filter(|depth| **depth > 1);
        let ratios: Vec<String> = depths.map(first_to_last).collect();
        let ratios = ratios.join(", ");
        Sample::of_logs("factor per layer", lines.iter().map(|line| -line.slope).collect())
            .because(format!("worst R² {worst_fit:.3}; first over last layer: {ratios}"))
            .judge(&claims::SIGMOID_SHRINKS, |e| {
                Ruling::of(e.upper < 0.5f64.ln() && worst_fit >= 0.95, e.lower > 0.5f64.ln())
            })
    }

    fn relu_faster(&self, claim: &Statement, optimizer: &str) -> Verdict {
        let (steps, target) = (self.settings.steps, self.settings.target_accuracy);
        let [sigmoid, relu] = [SIGMOID, RELU].map(|network| -> Vec<Time> {
            let trials = trials_of(self.results, network, optimizer, ORIGINAL_DEPTH);
            let time = |trial: &TrialResult| {
                trial.time_until(&QuantityName::TEST_ACCURACY, steps, |a| a >= target)
            };
            trials.into_iter().map(time).collect()
        });
        // Step 0 has no logarithm: a net that starts at the target counts as reaching it at step 1.
        let step = |time: &Time| time.value().max(1.0);
        let pairs = sigmoid.iter().zip(&relu).filter(|(s, r)| s.is_solved() || r.is_solved());
        let ratios = pairs.map(|(s, r)| (step(s) / step(r)).ln()).collect();
        let is_reversed = sigmoid.iter().all(|time| time.is_solved())
            && relu.iter().all(|time| !time.is_solved());
        let bound = 1.1f64.ln();
        let evidence = format!(
            "reached {:.0} %: sigmoid {}, ReLU {}",
            100.0 * target,
            arrivals(&sigmoid),
            arrivals(&relu)
        );
        Sample::of_logs("steps, sigmoid over ReLU", ratios)
            .because(evidence)
            .judge(claim, |e| Ruling::of(e.lower > bound, e.upper < -bound || is_reversed))
    }

    fn adam_has_a_limit(&self) -> Verdict {
        let depths = self.settings.ascending_depths();
        let accuracies = |depth: usize| (depth, self.accuracies(SIGMOID, ADAM, depth));
        let accuracies: Vec<(usize, Vec<f64>)> = depths.into_iter().map(accuracies).collect();
        let evidence: Vec<String> = accuracies
            .iter()
            .map(|(depth, shares)| format!("{} at depth {depth}", percent(shares)))
            .collect();
        let estimates: Vec<(usize, Estimate)> = accuracies
            .iter()
            .filter_map(|(depth, shares)| Some((*depth, Estimate::mean_of(shares)?)))
            .collect();
        let is_above = |e: &Estimate| e.lower > CHANCE;
        let is_below = |e: &Estimate| e.upper < CHANCE;
        let learns = |e: &Estimate| e.lower > self.settings.target_accuracy;
        let original = estimates.iter().find(|(depth, e)| *depth == ORIGINAL_DEPTH && learns(e));
        let limit = estimates.iter().find(|(depth, e)| *depth > ORIGINAL_DEPTH && is_below(e));
        let is_deep = estimates.iter().any(|(depth, _)| *depth >= DEEP);
        let never_fails = is_deep && estimates.iter().all(|(_, e)| is_above(e));
        // Support needs both depths, refutation all. Choosing the failing depth is corrected for.
        let p_value = match (original, limit) {
            (Some((_, original)), Some((_, limit))) => {
                let chosen = limit.p_value(is_below).map(|p| (p * estimates.len() as f64).min(1.0));
                [original.p_value(learns), chosen].into_iter().flatten().reduce(f64::max)
            }
            _ => estimates.iter().filter_map(|(_, e)| e.p_value(is_above)).reduce(f64::max),
        };
        let effect = limit.map(|(depth, _)| Effect {
            name: "first depth at which it fails".to_owned(),
            estimate: *depth as f64,
            interval: None,
        });
        let ruling = Ruling::of(original.is_some() && limit.is_some(), never_fails);
        let seeds = estimates.iter().map(|(_, e)| e.n).min().unwrap_or(0);
        Verdict::new(&claims::ADAM_HAS_A_LIMIT, ruling, effect, seeds, evidence.join(", "))
            .with_p_value(p_value)
    }

    fn he_trains_deep(&self) -> Verdict {
        let depth = self.settings.ascending_depths().pop().unwrap_or(0);
        let [he, xavier] = [RELU_HE, RELU].map(|network| self.accuracies(network, ADAM, depth));
        let gains = he.iter().zip(&xavier).map(|(he, xavier)| he - xavier).collect();
        let is_deep = depth >= DEEP;
        Sample::new("gain in test accuracy", gains)
            .because(format!("depth {depth}: He {}, Xavier {}", percent(&he), percent(&xavier)))
            .judge(&claims::HE_TRAINS_DEEP, |e| {
                Ruling::of(is_deep && e.lower > 0.1, is_deep && e.upper < 0.1)
            })
    }
}

/// The ratio of two factors per layer, paired by seed.
fn ratio((name, above): (&str, &[f64]), (other, below): (&str, &[f64])) -> Sample {
    let ratios = above.iter().zip(below).map(|(above, below)| above - below).collect();
    let [above, below] = [above, below].map(geometric_mean);
    Sample::of_logs("ratio of factors per layer", ratios)
        .because(format!("{name} {above:.3}, {other} {below:.3}"))
}

/// Tells whether a ratio, given as its logarithm, differs from 1 by at most 10 %.
fn is_same(log: &Estimate) -> Ruling {
    let bound = 1.1f64.ln();
    let is_outside = log.lower > bound || log.upper < -bound;
    Ruling::of(-bound < log.lower && log.upper < bound, is_outside)
}

fn geometric_mean(logs: &[f64]) -> f64 {
    (logs.iter().sum::<f64>() / logs.len() as f64).exp()
}

fn percent(shares: &[f64]) -> String {
    format!("{:.1} %", 100.0 * shares.iter().sum::<f64>() / shares.len() as f64)
}

/// How many nets reached the target, and the median step, where those that never did come last.
fn arrivals(times: &[Time]) -> String {
    let mut solved: Vec<f64> =
        times.iter().filter(|time| time.is_solved()).map(|time| time.value()).collect();
    solved.sort_by(f64::total_cmp);
    let median = solved.get(times.len() / 2).map_or("never".to_owned(), f64::to_string);
    format!("{} of {} (median {median} steps)", solved.len(), times.len())
}
