//! A prediction as text and as JSON.

use backdraft_record::{Picture, Point};
use backdraft_theory::{CriticalPoint, LayerStack, Limit, NoSpread, Unsettled};
use serde_json::{Value, json};

use super::super::print::{number, say};
use super::{Around, Norm, Plain, Prediction, TheoryArguments};

pub(super) fn headline(arguments: &TheoryArguments, stack: &LayerStack) -> String {
    let mut parts = vec![
        format!("{} layers of {}", arguments.depth, stack.activation.name()),
        format!("σw² = {}", number(stack.weight_variance())),
        format!("σb² = {}", number(stack.bias_variance)),
    ];
    match arguments.norm {
        Norm::None => {}
        Norm::Batch => parts.push("batch normalisation".to_owned()),
        Norm::Layer => parts.push("layer normalisation".to_owned()),
    }
    match arguments.skip {
        Around::None => {}
        Around::Residual => parts.push("residual".to_owned()),
        Around::Rezero => parts.push("ReZero".to_owned()),
    }
    parts.join(", ")
}

pub(super) fn picture(arguments: &TheoryArguments, prediction: &Prediction) -> Picture {
    let points = prediction.theory.places.iter().enumerate().map(|(index, layer)| Point {
        x: layer.place as f64,
        y: layer.gradient_norm(),
        interval: prediction.interval(index),
    });
    Picture::new(
        "theory",
        "Gradient by layer, over that of the last",
        "hidden layer",
        "‖∂L/∂h‖, last layer = 1",
    )
    .logarithmic()
    .measured(arguments.activation.name(), points)
}

/// Prints about a dozen layers, including the first and the last.
pub(super) fn say_layers(arguments: &TheoryArguments, prediction: &Prediction) {
    let interval = arguments.width.filter(|_| matches!(prediction.spread, Some(Ok(_))));
    let interval = interval.map_or(String::new(), |n| format!("   95 % of nets of width {n}"));
    say(format!("\nlayer          q       √χ   ‖∂L/∂h‖{interval}"));
    let depth = prediction.theory.places.len();
    let stride = depth.div_ceil(10).max(1);
    for (index, layer) in prediction.theory.places.iter().enumerate() {
        if index % stride != 0 && index + 1 != depth {
            continue;
        }
        let interval = prediction
            .interval(index)
            .map_or(String::new(), |(low, high)| format!("   {} to {}", number(low), number(high)));
        let variance = layer.variance.map_or(String::new(), number);
        let factor = number(layer.chi.sqrt());
        let gradient = number(layer.gradient_norm());
        say(format!("{:>5} {variance:>10} {factor:>8} {gradient:>9}{interval}", layer.place));
    }
    match &prediction.spread {
        Some(Ok(spread)) => say(format!("\nThe interval is {}.", spread.origin)),
        Some(Err(reason)) => say(format!("\n{reason}")),
        None => {}
    }
}

pub(super) fn say_scales(arguments: &TheoryArguments, prediction: &Prediction) {
    let Some(Plain { scales, critical }) = &prediction.plain else { return };
    match scales {
        Ok(scales) => say(format!(
            "\nThe variance settles at q* = {}. Layers for a change by a factor e: squared gradient {}, \
             correlation of two inputs {}, variance {}.",
            number(scales.variance),
            number(scales.gradient),
            number(scales.correlation_depth),
            number(scales.variance_depth),
        )),
        Err(unsettled) => say(format!("\n{unsettled}")),
    }
    let bias = number(arguments.bias_variance);
    say(match critical {
        Some(CriticalPoint { weight_variance, variance: Limit::Diverges }) => format!(
            "With σb² = {bias} gradients are level at σw² = {}, where the variance grows without bound.",
            number(*weight_variance)
        ),
        Some(CriticalPoint { weight_variance, .. }) => {
            format!("With σb² = {bias} gradients are level at σw² = {}.", number(*weight_variance))
        }
        None => format!("With σb² = {bias} there is no σw² at which gradients are level."),
    });
}

pub(super) fn to_json(arguments: &TheoryArguments, prediction: &Prediction) -> Value {
    let layers: Vec<Value> = prediction
        .theory
        .places
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            json!({
                "layer": layer.place,
                "variance": layer.variance,
                "chi": layer.chi,
                "log_gradient_norm": layer.log_gradient_norm,
                "interval": prediction.interval(index),
            })
        })
        .collect();
    let (stack, formula) = (&prediction.stack, &prediction.theory.formula);
    let plain = prediction.plain.as_ref();
    let scales = plain.and_then(|plain| plain.scales.as_ref().ok());
    let unsettled = plain.and_then(|plain| plain.scales.as_ref().err()).map(Unsettled::to_string);
    let critical = plain.and_then(|plain| plain.critical);
    let spread = prediction.spread.as_ref();
    json!({
        "activation": stack.activation,
        "weight_variance": stack.weight_variance(),
        "bias_variance": stack.bias_variance,
        "normalization": stack.normalization,
        "skip": stack.skip,
        "depth": arguments.depth,
        "width": arguments.width,
        "layers": layers,
        "interval_from": spread.and_then(|spread| spread.as_ref().ok()).map(|spread| spread.origin),
        "without_interval": spread.and_then(|s| s.as_ref().err()).map(NoSpread::to_string),
        "formula": formula.expression(),
        "source": formula.source(),
        "caveat": formula.caveat(),
        "depth_scales": scales,
        "without_depth_scales": unsettled,
        "critical_weight_variance": critical.map(|point| point.weight_variance),
    })
}
