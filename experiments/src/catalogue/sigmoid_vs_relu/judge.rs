//! Applies the rules of `claims.rs` to the measurements.

use backdraft_layers::Activation;
use backdraft_rows::{QuantityName, Subject};

use super::claims;
use super::settings::{ORIGINAL_DEPTH, SigmoidVsReluSettings};
use super::trials::{ADAM, RELU, RELU_HE, SGD, SIGMOID};
use crate::catalogue::initial_flow::{is_hidden, is_hidden_weight};
use crate::experiment::Claim;
use crate::judgement::{Sample, in_every_case};
use crate::results::{Results, TrialResult};
use crate::statistics::{Estimate, Line};
use crate::theory::MeanField;
use crate::verdict::{Effect, Ruling, Verdict};

/// Test accuracy below which a net counts as not having learnt.
const CHANCE: f64 = 0.6;
/// Fewest hidden layers that count as deep.
const DEEP: usize = 20;

pub(super) fn judge(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Verdict> {
    let data = Data { settings, results };
    vec![
        data.sigmoid_shrinks(),
        data.factor_is_mean_field(),
        data.factor_below_quarter(),
        data.relu_shrinks_less(),
        data.weight_gradients_tell(),
        data.relu_faster(&claims::RELU_FASTER_SGD, SGD),
        data.relu_faster(&claims::RELU_FASTER_ADAM, ADAM),
        data.sgd_sigmoid_stuck(),
        data.adam_sigmoid_learns(),
        data.adam_has_a_limit(),
        data.he_keeps_level(),
        data.he_trains_deep(),
    ]
}

struct Data<'a> {
    settings: &'a SigmoidVsReluSettings,
    results: &'a Results,
}

/// How ‖∂L/∂h‖ or ‖∂L/∂W‖ changes from layer to layer in one net at initialisation.
struct Flow {
    /// Mean of ln(‖g_l‖ / ‖g_(l+1)‖): the factor per layer on the way to the input.
    log_factor: f64,
    r_squared: f64,
}

impl Data<'_> {
    fn trials(&self, network: &str, optimizer: &str, depth: usize) -> Vec<&TrialResult> {
        let depth = depth.to_string();
        let levels = [("network", network), ("optimizer", optimizer), ("depth", depth.as_str())];
        self.results.with(&levels)
    }

    /// One flow per seed: the quantity over the hidden layers whose names end in `suffix`.
    fn flows(
        &self,
        network: &str,
        quantity: &QuantityName,
        fits: fn(&Subject) -> bool,
    ) -> Vec<Flow> {
        let trials = self.trials(network, ADAM, self.settings.flow_depth);
        trials.into_iter().filter_map(|trial| flow(trial, quantity, fits)).collect()
    }

    fn activation_factors(&self, network: &str) -> Vec<f64> {
        let flows = self.flows(network, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
        flows.iter().map(|flow| flow.log_factor).collect()
    }

    fn accuracies(&self, network: &str, optimizer: &str, depth: usize) -> Vec<f64> {
        let trials = self.trials(network, optimizer, depth);
        // A net that diverged is right only by chance.
        trials.iter().map(|trial| trial.last(&QuantityName::TEST_ACCURACY).unwrap_or(0.5)).collect()
    }

    fn sigmoid_shrinks(&self) -> Verdict {
        let flows = self.flows(SIGMOID, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
        let worst_fit = flows.iter().map(|flow| flow.r_squared).fold(1.0, f64::min);
        let factors: Vec<f64> = flows.iter().map(|flow| flow.log_factor).collect();
        let depths = self.settings.depths.iter().filter(|depth| **depth > 1);
        let ratios: Vec<String> = depths.map(|depth| self.first_to_last(SIGMOID, *depth)).collect();
        let evidence =
            format!("worst R² {worst_fit:.3}; first over last layer: {}", ratios.join(", "));
        let geometric = |e: &Estimate| {
            Ruling::of(e.upper < 0.5f64.ln() && worst_fit >= 0.95, e.lower > 0.5f64.ln())
        };
        let sample = Sample::of_logs("factor per layer", factors).because(evidence);
        sample.judge(&claims::SIGMOID_SHRINKS, geometric)
    }

    /// ‖∂L/∂h‖, first over last hidden layer, as a geometric mean over seeds.
    fn first_to_last(&self, network: &str, depth: usize) -> String {
        let trials = self.trials(network, ADAM, depth);
        let logs = trials.iter().filter_map(|trial| {
            let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
            Some((norms.first()? / norms.last()?).ln())
        });
        let logs: Vec<f64> = logs.collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        format!("{:.1e} at depth {depth}", mean.exp())
    }

    fn factor_is_mean_field(&self) -> Verdict {
        let factors = self.activation_factors(SIGMOID);
        let theory = sigmoid_factor();
        let evidence = format!("√χ = {theory:.4} at the fixed point of q ↦ E σ(√q z)²");
        let sample = Sample::of_logs("factor per layer", factors).because(evidence);
        sample.equals(&claims::FACTOR_IS_MEAN_FIELD, theory, 0.05)
    }

    fn factor_below_quarter(&self) -> Verdict {
        let factors = self.activation_factors(SIGMOID);
        let sample = Sample::of_logs("factor per layer", factors).because("bound 0.25");
        sample.stays_below(&claims::FACTOR_BELOW_QUARTER, 0.25)
    }

    fn relu_shrinks_less(&self) -> Verdict {
        let (relu, sigmoid) = (self.activation_factors(RELU), self.activation_factors(SIGMOID));
        let ratios: Vec<f64> = relu.iter().zip(&sigmoid).map(|(r, s)| r - s).collect();
        let evidence = format!("ReLU {}, sigmoid {}", geometric(&relu), geometric(&sigmoid));
        let sample = Sample::of_logs("ratio of factors per layer", ratios).because(evidence);
        sample.exceeds(&claims::RELU_SHRINKS_LESS, 2.0)
    }

    fn weight_gradients_tell(&self) -> Verdict {
        let activations = self.activation_factors(SIGMOID);
        let weights = self.flows(SIGMOID, &QuantityName::GRADIENT_NORM, is_hidden_weight);
        let weights: Vec<f64> = weights.iter().map(|flow| flow.log_factor).collect();
        let ratios: Vec<f64> = weights.iter().zip(&activations).map(|(w, a)| w - a).collect();
        let bound = 1.1f64.ln();
        let same = |e: &Estimate| {
            Ruling::of(-bound < e.lower && e.upper < bound, e.lower > bound || e.upper < -bound)
        };
        let evidence = format!("∂L/∂W {}, ∂L/∂h {}", geometric(&weights), geometric(&activations));
        let sample = Sample::of_logs("ratio of factors per layer", ratios).because(evidence);
        sample.judge(&claims::WEIGHTS_HIDE_LESS, same)
    }

    fn relu_faster(&self, claim: &Claim, optimizer: &str) -> Verdict {
        let target = self.settings.target_accuracy;
        let steps = |network| -> Vec<Option<u64>> {
            let trials = self.trials(network, optimizer, ORIGINAL_DEPTH);
            trials
                .iter()
                .map(|t| t.first_step_at_least(&QuantityName::TEST_ACCURACY, target))
                .collect()
        };
        let (sigmoid, relu) = (steps(SIGMOID), steps(RELU));
        // Step 0 has no logarithm: a net that starts at the target counts as reaching it at step 1.
        let or_end = |step: &Option<u64>| step.unwrap_or(self.settings.steps).max(1) as f64;
        let pairs = sigmoid.iter().zip(&relu).filter(|(s, r)| s.is_some() || r.is_some());
        let ratios: Vec<f64> = pairs.map(|(s, r)| (or_end(s) / or_end(r)).ln()).collect();
        let never = |steps: &[Option<u64>]| steps.iter().all(Option::is_none);
        let reversed = never(&relu) && sigmoid.iter().all(Option::is_some);
        let bound = 1.1f64.ln();
        let faster = |e: &Estimate| Ruling::of(e.lower > bound, e.upper < -bound || reversed);
        let arrived = |steps: &[Option<u64>]| {
            format!("{} of {}", steps.iter().flatten().count(), steps.len())
        };
        let evidence = format!(
            "reached {:.0} %: sigmoid {} (median {} steps), ReLU {} (median {} steps)",
            100.0 * target,
            arrived(&sigmoid),
            median(&sigmoid),
            arrived(&relu),
            median(&relu),
        );
        Sample::of_logs("steps, sigmoid over ReLU", ratios).because(evidence).judge(claim, faster)
    }

    fn sgd_sigmoid_stuck(&self) -> Verdict {
        let accuracies = self.accuracies(SIGMOID, SGD, ORIGINAL_DEPTH);
        let relu = self.accuracies(RELU, SGD, ORIGINAL_DEPTH);
        let evidence = format!("ReLU instead reaches {}", mean(&relu));
        let sample = Sample::new("test accuracy", accuracies).because(evidence);
        sample.stays_below(&claims::SGD_SIGMOID_STUCK, CHANCE)
    }

    fn adam_sigmoid_learns(&self) -> Verdict {
        let accuracies = self.accuracies(SIGMOID, ADAM, ORIGINAL_DEPTH);
        let target = self.settings.target_accuracy;
        let relu = self.accuracies(RELU, ADAM, ORIGINAL_DEPTH);
        let evidence = format!("ReLU instead reaches {}", mean(&relu));
        let learns = |e: &Estimate| Ruling::of(e.lower > target, e.upper < CHANCE);
        let sample = Sample::new("test accuracy", accuracies).because(evidence);
        sample.judge(&claims::ADAM_SIGMOID_LEARNS, learns)
    }

    fn adam_has_a_limit(&self) -> Verdict {
        let mut depths = self.settings.depths.clone();
        depths.sort_unstable();
        let by_depth: Vec<(usize, Vec<f64>)> =
            depths.iter().map(|depth| (*depth, self.accuracies(SIGMOID, ADAM, *depth))).collect();
        let estimates: Vec<(usize, Estimate)> = by_depth
            .iter()
            .filter_map(|(depth, accuracies)| Some((*depth, Estimate::mean_of(accuracies)?)))
            .collect();
        let learns_at_3 = estimates
            .iter()
            .any(|(depth, e)| *depth == ORIGINAL_DEPTH && e.lower > self.settings.target_accuracy);
        let limit = estimates.iter().find(|(depth, e)| *depth > ORIGINAL_DEPTH && e.upper < CHANCE);
        let all_learn = estimates.iter().any(|(depth, _)| *depth >= DEEP)
            && estimates.iter().all(|(_, e)| e.lower > CHANCE);
        let evidence: Vec<String> = by_depth
            .iter()
            .map(|(depth, accuracies)| format!("{} at depth {depth}", mean(accuracies)))
            .collect();
        let effect = limit.map(|(depth, _)| Effect {
            name: "first depth at which it fails".to_owned(),
            estimate: *depth as f64,
            interval: None,
        });
        let ruling = Ruling::of(learns_at_3 && limit.is_some(), all_learn);
        let seeds = estimates.iter().map(|(_, e)| e.n).min().unwrap_or(0);
        // Support needs both depths, refutation all. Choosing the failing depth is corrected for.
        let p_values = estimates.iter().filter_map(|(depth, e)| match ruling {
            Ruling::Supported if *depth == ORIGINAL_DEPTH => {
                e.p_value(|e| e.lower > self.settings.target_accuracy)
            }
            Ruling::Supported if limit.is_some_and(|(failing, _)| failing == depth) => {
                let p = e.p_value(|e| e.upper < CHANCE)?;
                Some((p * estimates.len() as f64).min(1.0))
            }
            Ruling::Refuted => e.p_value(|e| e.lower > CHANCE),
            _ => None,
        });
        let p_value = p_values.reduce(f64::max);
        Verdict::new(&claims::ADAM_HAS_A_LIMIT, ruling, effect, seeds, evidence.join(", "))
            .with_p_value(p_value)
    }

    fn he_keeps_level(&self) -> Verdict {
        let claim = &claims::HE_KEEPS_LEVEL;
        let case = |(name, network, theory): (&str, &str, f64)| {
            let factors = self.activation_factors(network);
            let sample = Sample::of_logs("factor per layer", factors);
            let sample = sample.because(format!("theory {theory:.3}"));
            (name.to_owned(), sample.equals(claim, theory, 0.1))
        };
        let cases = [("He", RELU_HE, 1.0), ("Xavier", RELU, 0.5f64.sqrt())];
        in_every_case(claim, cases.map(case).into())
    }

    fn he_trains_deep(&self) -> Verdict {
        let depth = self.settings.deepest();
        let (he, xavier) =
            (self.accuracies(RELU_HE, ADAM, depth), self.accuracies(RELU, ADAM, depth));
        let differences: Vec<f64> = he.iter().zip(&xavier).map(|(h, x)| h - x).collect();
        let evidence = format!("depth {depth}: He {}, Xavier {}", mean(&he), mean(&xavier));
        let is_deep = depth >= DEEP;
        let better = |e: &Estimate| Ruling::of(is_deep && e.lower > 0.1, is_deep && e.upper < 0.1);
        let sample = Sample::new("gain in test accuracy", differences).because(evidence);
        sample.judge(&claims::HE_TRAINS_DEEP, better)
    }
}

/// Fits one net; `None` if it has too few layers or a norm is zero.
fn flow(trial: &TrialResult, quantity: &QuantityName, fits: fn(&Subject) -> bool) -> Option<Flow> {
    let norms = trial.initial(quantity, fits);
    let mut points: Vec<(f64, f64)> =
        norms.iter().enumerate().map(|(layer, norm)| (layer as f64, norm.ln())).collect();
    if *quantity == QuantityName::GRADIENT_NORM && !points.is_empty() {
        // The first weight matrix has a different fan-in and sees the raw data.
        points.remove(0);
    }
    let line = Line::fit(&points)?;
    line.slope.is_finite().then_some(Flow { log_factor: -line.slope, r_squared: line.r_squared })
}

/// √χ of sigmoid at the fixed point for σw² = 1, which is Xavier between equal widths.
pub(super) fn sigmoid_factor() -> f64 {
    let field = MeanField::new(Activation::Sigmoid, 1.0, 0.0);
    field.gradient_norm_factor(field.fixed_point(1.0))
}

fn geometric(log_values: &[f64]) -> String {
    let mean = log_values.iter().sum::<f64>() / log_values.len() as f64;
    format!("{:.3}", mean.exp())
}

fn mean(values: &[f64]) -> String {
    format!("{:.1} %", 100.0 * values.iter().sum::<f64>() / values.len() as f64)
}

/// The median, where runs that never reached the target count as the latest.
fn median(steps: &[Option<u64>]) -> String {
    let mut sorted: Vec<u64> = steps.iter().map(|step| step.unwrap_or(u64::MAX)).collect();
    sorted.sort_unstable();
    match sorted.get(sorted.len() / 2) {
        Some(&u64::MAX) | None => "never".to_owned(),
        Some(step) => step.to_string(),
    }
}
