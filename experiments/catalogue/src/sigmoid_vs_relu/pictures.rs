//! The figures of the experiment.

use backdraft_record::{Picture, Point, Results, by_layer, by_step};
use backdraft_rows::QuantityName;

use super::settings::SigmoidVsReluSettings;
use super::{ADAM, NETWORKS, ORIGINAL_DEPTH, RELU, SGD, SIGMOID, trials_of};
use crate::initial_flow::{is_hidden, is_hidden_weight};

pub(super) fn pictures(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Picture> {
    vec![
        gradient_flow(results, settings.flow_depth),
        weight_gradients(results, settings.flow_depth),
        learning(settings, results),
        accuracy_by_depth(settings, results),
    ]
}

fn gradient_flow(results: &Results, depth: usize) -> Picture {
    let title = format!("Gradient reaching each of {depth} layers at initialisation");
    let picture =
        Picture::new("gradient-flow", title, "hidden layer", "‖∂L/∂h‖, L2 over the batch");
    NETWORKS.iter().fold(picture.logarithmic(), |picture, (network, ..)| {
        let layers = by_layer(
            &trials_of(results, network, ADAM, depth),
            &QuantityName::ACTIVATION_GRADIENT_NORM,
            is_hidden,
        );
        let (last, factor) = (layers.last().copied(), super::judge::theory(network));
        let picture = picture.profile(*network, layers);
        let Some(last) = last else { return picture };
        let at = |layer: usize| (layer as f64, last.y * factor.powi((depth - layer) as i32));
        picture.predicted(network, (1..=depth).map(at))
    })
}

fn weight_gradients(results: &Results, depth: usize) -> Picture {
    let title = format!("Weight gradients of {depth} layers at initialisation");
    let picture = Picture::new("weight-gradients", title, "hidden layer", "‖∂L/∂W‖, L2 per matrix");
    NETWORKS.iter().fold(picture.logarithmic(), |picture, (network, ..)| {
        let trials = trials_of(results, network, ADAM, depth);
        picture.profile(*network, by_layer(&trials, &QuantityName::GRADIENT_NORM, is_hidden_weight))
    })
}

fn learning(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let title = format!("Test accuracy at depth {ORIGINAL_DEPTH}, {} seeds", settings.seeds);
    let picture = Picture::new("learning", title, "optimiser step", "accuracy");
    let lines = [(SIGMOID, ADAM), (RELU, ADAM), (SIGMOID, SGD), (RELU, SGD)];
    lines.into_iter().fold(picture, |picture, (network, optimizer)| {
        let trials = trials_of(results, network, optimizer, ORIGINAL_DEPTH);
        picture.measured(
            format!("{network}, {optimizer}"),
            by_step(&trials, &QuantityName::TEST_ACCURACY),
        )
    })
}

fn accuracy_by_depth(settings: &SigmoidVsReluSettings, results: &Results) -> Picture {
    let title = format!("Test accuracy after {} steps", settings.steps);
    let picture = Picture::new("accuracy-by-depth", title, "hidden layers", "accuracy");
    let of_optimizer = |optimizer| NETWORKS.map(|(network, ..)| (network, optimizer));
    let lines = [ADAM, SGD].into_iter().flat_map(of_optimizer);
    lines.fold(picture, |picture, (network, optimizer)| {
        let point = |depth: usize| {
            let trials = trials_of(results, network, optimizer, depth);
            let accuracies: Vec<f64> =
                trials.iter().filter_map(|t| t.last(&QuantityName::TEST_ACCURACY)).collect();
            Point::mean(depth as f64, &accuracies)
        };
        let points = settings.ascending_depths().into_iter().filter_map(point);
        picture.measured(format!("{network}, {optimizer}"), points)
    })
}
