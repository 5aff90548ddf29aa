//! What the experiment shows.

use super::judge::sigmoid_factor;
use super::settings::{ORIGINAL_DEPTH, SigmoidVsReluSettings};
use super::trials::{ADAM, NETWORKS, RELU, RELU_HE, SGD, SIGMOID};
use crate::picture::{Picture, Point, Series};
use crate::results::{Results, TrialResult};
use crate::statistics::Estimate;

pub(super) fn pictures(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Picture> {
    vec![
        gradient_flow(settings, results),
        weight_gradients(settings, results),
        learning(settings, results),
        accuracy_by_depth(settings, results),
    ]
}

fn trials<'a>(
    results: &'a Results,
    network: &str,
    optimizer: &str,
    depth: usize,
) -> Vec<&'a TrialResult> {
    let depth = depth.to_string();
    let levels = [("network", network), ("optimizer", optimizer), ("depth", depth.as_str())];
    results.with(&levels)
}

fn gradient_flow(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let depth = settings.flow_depth;
    let mut series = Vec::new();
    for (network, _, _) in NETWORKS {
        let layers =
            by_layer(&trials(results, network, ADAM, depth), "activation_gradient_norm", "");
        let last = layers.last().copied();
        series.push(Series { label: network.to_owned(), is_theory: false, points: layers });
        let factor = match network {
            SIGMOID => sigmoid_factor(),
            RELU => 0.5f64.sqrt(),
            _ => 1.0,
        };
        if let Some(last) = last {
            let at = |layer: usize| Point {
                x: layer as f64,
                y: last.y * factor.powi((depth - layer) as i32),
                interval: None,
            };
            let points = (1..=depth).map(at).collect();
            series.push(Series { label: format!("{network}, theory"), is_theory: true, points });
        }
    }
    Picture {
        name: "gradient-flow".to_owned(),
        title: format!("Gradient reaching each of {depth} layers at initialisation"),
        x_label: "hidden layer".to_owned(),
        y_label: "‖∂L/∂h‖, L2 over the batch".to_owned(),
        is_log: true,
        series,
    }
}

fn weight_gradients(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let depth = settings.flow_depth;
    let line = |(network, _, _): (&str, _, _)| Series {
        label: network.to_owned(),
        is_theory: false,
        points: by_layer(&trials(results, network, ADAM, depth), "gradient_norm", "weight"),
    };
    Picture {
        name: "weight-gradients".to_owned(),
        title: format!("Weight gradients of {depth} layers at initialisation"),
        x_label: "hidden layer".to_owned(),
        y_label: "‖∂L/∂W‖, L2 per matrix".to_owned(),
        is_log: true,
        series: NETWORKS.map(line).to_vec(),
    }
}

fn learning(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let mut series = Vec::new();
    for optimizer in [ADAM, SGD] {
        for network in [SIGMOID, RELU] {
            let trials = trials(results, network, optimizer, ORIGINAL_DEPTH);
            let steps = trials.first().map(|t| t.course("test_accuracy").collect::<Vec<_>>());
            let points = steps.unwrap_or_default().into_iter().filter_map(|(step, _)| {
                let at_step = |t: &&TrialResult| {
                    t.course("test_accuracy").find(|(s, _)| *s == step).map(|(_, value)| value)
                };
                let values: Vec<f64> = trials.iter().filter_map(at_step).collect();
                point(step as f64, &values, |x| x)
            });
            let label = format!("{network}, {optimizer}");
            series.push(Series { label, is_theory: false, points: points.collect() });
        }
    }
    Picture {
        name: "learning".to_owned(),
        title: format!("Test accuracy at depth {ORIGINAL_DEPTH}, {} seeds", settings.seeds),
        x_label: "optimiser step".to_owned(),
        y_label: "share of correct answers".to_owned(),
        is_log: false,
        series,
    }
}

fn accuracy_by_depth(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let mut depths = settings.depths.clone();
    depths.sort_unstable();
    let mut series = Vec::new();
    for optimizer in [ADAM, SGD] {
        for network in [SIGMOID, RELU, RELU_HE] {
            let points = depths.iter().filter_map(|depth| {
                let trials = trials(results, network, optimizer, *depth);
                let values: Vec<f64> =
                    trials.iter().filter_map(|t| t.last("test_accuracy")).collect();
                point(*depth as f64, &values, |x| x)
            });
            let label = format!("{network}, {optimizer}");
            series.push(Series { label, is_theory: false, points: points.collect() });
        }
    }
    Picture {
        name: "accuracy-by-depth".to_owned(),
        title: format!("Test accuracy after {} steps", settings.steps),
        x_label: "hidden layers".to_owned(),
        y_label: "share of correct answers".to_owned(),
        is_log: false,
        series,
    }
}

/// Geometric means over seeds by layer, counted from 1.
fn by_layer(trials: &[&TrialResult], quantity: &str, suffix: &str) -> Vec<Point> {
    let layers: Vec<Vec<f64>> = trials.iter().map(|trial| norms(trial, quantity, suffix)).collect();
    let depth = layers.iter().map(Vec::len).min().unwrap_or(0);
    let at = |layer: usize| {
        let logs: Vec<f64> = layers.iter().map(|norms| norms[layer].ln()).collect();
        point(layer as f64 + 1.0, &logs, f64::exp)
    };
    (0..depth).filter_map(at).collect()
}

fn norms(trial: &TrialResult, quantity: &str, suffix: &str) -> Vec<f64> {
    let rows = trial.rows.iter().filter(|row| row.step == 0 && row.quantity == quantity);
    let layers =
        rows.filter(|row| row.subject.starts_with("hidden.") && row.subject.ends_with(suffix));
    layers.map(|row| row.value).collect()
}

fn point(x: f64, values: &[f64], scale: impl Fn(f64) -> f64) -> Option<Point> {
    let estimate = Estimate::mean_of(values)?;
    let interval = Some((scale(estimate.lower), scale(estimate.upper)));
    Some(Point { x, y: scale(estimate.mean), interval })
}
