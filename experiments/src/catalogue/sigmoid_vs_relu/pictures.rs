//! The figures of the experiment.

use super::judge::sigmoid_factor;
use super::settings::{ORIGINAL_DEPTH, SigmoidVsReluSettings};
use super::trials::{ADAM, NETWORKS, RELU, RELU_HE, SGD, SIGMOID};
use crate::catalogue::initial_flow::{is_hidden, is_hidden_weight};
use crate::picture::{Picture, Point};
use crate::results::{Results, TrialResult, by_layer, by_step};
use backdraft_rows::QuantityName;

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
    let title = format!("Gradient reaching each of {depth} layers at initialisation");
    let mut picture =
        Picture::new("gradient-flow", title, "hidden layer", "‖∂L/∂h‖, L2 over the batch")
            .logarithmic();
    for (network, _, _) in NETWORKS {
        let trials = trials(results, network, ADAM, depth);
        let layers = by_layer(&trials, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
        let last = layers.last().copied();
        picture = picture.measured(network, layers);
        let factor = match network {
            SIGMOID => sigmoid_factor(),
            RELU => 0.5f64.sqrt(),
            _ => 1.0,
        };
        if let Some(last) = last {
            let at = |layer: usize| (layer as f64, last.y * factor.powi((depth - layer) as i32));
            picture = picture.predicted(network, (1..=depth).map(at));
        }
    }
    picture
}

fn weight_gradients(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let depth = settings.flow_depth;
    let title = format!("Weight gradients of {depth} layers at initialisation");
    let picture = Picture::new("weight-gradients", title, "hidden layer", "‖∂L/∂W‖, L2 per matrix");
    NETWORKS.iter().fold(picture.logarithmic(), |picture, (network, _, _)| {
        let trials = trials(results, network, ADAM, depth);
        picture
            .measured(*network, by_layer(&trials, &QuantityName::GRADIENT_NORM, is_hidden_weight))
    })
}

fn learning(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let title = format!("Test accuracy at depth {ORIGINAL_DEPTH}, {} seeds", settings.seeds);
    let mut picture = Picture::new("learning", title, "optimiser step", "accuracy");
    for optimizer in [ADAM, SGD] {
        for network in [SIGMOID, RELU] {
            let trials = trials(results, network, optimizer, ORIGINAL_DEPTH);
            let label = format!("{network}, {optimizer}");
            picture = picture.measured(label, by_step(&trials, &QuantityName::TEST_ACCURACY));
        }
    }
    picture
}

fn accuracy_by_depth(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let mut depths = settings.depths.clone();
    depths.sort_unstable();
    let title = format!("Test accuracy after {} steps", settings.steps);
    let mut picture = Picture::new("accuracy-by-depth", title, "hidden layers", "accuracy");
    for optimizer in [ADAM, SGD] {
        for network in [SIGMOID, RELU, RELU_HE] {
            let points = depths.iter().filter_map(|depth| {
                let trials = trials(results, network, optimizer, *depth);
                let values: Vec<f64> =
                    trials.iter().filter_map(|t| t.last(&QuantityName::TEST_ACCURACY)).collect();
                Point::mean(*depth as f64, &values)
            });
            picture = picture.measured(format!("{network}, {optimizer}"), points);
        }
    }
    picture
}
