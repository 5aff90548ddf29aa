//! `backdraft theory`.

use std::ops::RangeInclusive;

use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{Normalization, Skip};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::failure::Failure;
use super::print::{number, say, say_json, say_picture};
use crate::nearest::unknown;
use crate::picture::{Picture, Point};
use crate::theory::{DepthScales, LayerTheory, LogGain, NetworkTheory, critical_weight_variance};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TheoryArguments {
    /// Activation of every hidden layer, by its name in configurations.
    #[arg(long, value_name = "NAME", value_parser = activation)]
    activation: Activation,
    /// Initialiser (xavier, he, lecun, burn_default, …), or σw², the variance of the weights times
    /// their fan-in.
    #[arg(long, value_name = "NAME", default_value = "xavier", value_parser = initializer)]
    init: Initializer,
    /// Hidden layers.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = within(1..=10_000))]
    depth: u64,
    /// Units of a hidden layer: adds the interval that 95 % of all networks of this width lie in.
    #[arg(long, value_name = "N", value_parser = within(1..=65_536))]
    width: Option<u64>,
    /// Variance σb² of the biases.
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = variance)]
    bias_variance: f64,
    /// Normalisation of the pre-activations.
    #[arg(long, value_enum, default_value_t)]
    norm: Norm,
    /// Connection around each hidden layer.
    #[arg(long, value_enum, default_value_t)]
    skip: Around,
    /// Print JSON, with every layer.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  backdraft theory --activation tanh --init xavier --depth 50
  backdraft theory --activation relu --init burn_default --width 64
  backdraft theory --activation tanh --init 1.76 --bias-variance 0.05
  backdraft theory --activation relu --init he --norm batch --skip residual --json";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Norm {
    #[default]
    None,
    /// Over a large batch.
    Batch,
    Layer,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Around {
    #[default]
    None,
    Residual,
    Rezero,
}

fn activation(text: &str) -> Result<Activation, String> {
    let name = text.replace('-', "_");
    let names = || Activation::ALL.iter().map(|activation| activation.name());
    let found = Activation::ALL.iter().find(|activation| activation.name() == name);
    found.copied().ok_or_else(|| unknown("activation", &name, names()))
}

/// The initialisers whose σw² does not depend on the width.
const INITIALIZERS: [(&str, Initializer); 7] = [
    ("xavier", Initializer::XavierNormal),
    ("glorot", Initializer::XavierNormal),
    ("he", Initializer::HeNormal),
    ("kaiming", Initializer::HeNormal),
    ("lecun", Initializer::LecunNormal),
    ("burn_default", Initializer::BurnDefault),
    ("orthogonal", Initializer::Orthogonal(1.0)),
];

fn initializer(text: &str) -> Result<Initializer, String> {
    if let Ok(variance) = text.parse::<f64>() {
        return match variance.is_finite() && variance > 0.0 {
            true => Ok(Initializer::MeanField(variance)),
            false => Err("σw² must be positive".to_owned()),
        };
    }
    let name = text.replace('-', "_");
    let name = name.trim_end_matches("_normal").trim_end_matches("_uniform");
    let found = INITIALIZERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, initializer)| *initializer).ok_or_else(|| {
        let known = INITIALIZERS.iter().map(|(known, _)| *known);
        format!("{} A number is σw²", unknown("initialiser", name, known))
    })
}

fn variance(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "a variance is 0 or positive".to_owned())
}

fn within(range: RangeInclusive<u64>) -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(range)
}

/// What is told of a network.
struct Prediction {
    network: NetworkTheory,
    layers: Vec<LayerTheory>,
    /// By layer, where there is a width and a formula.
    gains: Option<Vec<LogGain>>,
    scales: Option<DepthScales>,
    critical: Option<f64>,
}

pub(super) fn theory(arguments: &TheoryArguments) -> Result<(), Failure> {
    let prediction = predict(arguments)?;
    if arguments.json {
        return say_json(&to_json(arguments, &prediction));
    }
    say(headline(arguments, &prediction.network));
    say_picture(&picture(arguments, &prediction));
    say_layers(arguments, &prediction);
    say_scales(arguments, &prediction);
    Ok(())
}

fn predict(arguments: &TheoryArguments) -> Result<Prediction, Failure> {
    let network = NetworkTheory {
        activation: arguments.activation,
        weight_variance: arguments.init.weight_variance(1, 1),
        bias_variance: arguments.bias_variance,
        normalization: match arguments.norm {
            Norm::None => Normalization::None,
            Norm::Batch => Normalization::Batch,
            Norm::Layer => Normalization::Layer,
        },
        skip: match arguments.skip {
            Around::None => Skip::None,
            Around::Residual => Skip::Residual,
            Around::Rezero => Skip::Rezero,
        },
    };
    let depth = arguments.depth as usize;
    let layers = network.layers(depth).map_err(Failure::input)?;
    let field = network.plain();
    let first = network.first_variance();
    let gains = field.zip(arguments.width);
    let gains = gains.map(|(field, width)| field.log_gains(first, depth, width as usize));
    let scales = field.and_then(|field| field.depth_scales(first));
    let critical =
        field.and_then(|_| critical_weight_variance(network.activation, network.bias_variance));
    Ok(Prediction { network, layers, gains, scales, critical })
}

fn headline(arguments: &TheoryArguments, network: &NetworkTheory) -> String {
    let mut parts = vec![
        format!("{} layers of {}", arguments.depth, network.activation.name()),
        format!("σw² = {}", number(network.weight_variance)),
        format!("σb² = {}", number(network.bias_variance)),
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

fn picture(arguments: &TheoryArguments, prediction: &Prediction) -> Picture {
    let points = prediction.layers.iter().enumerate().map(|(index, layer)| Point {
        x: layer.layer as f64,
        y: layer.gradient_norm(),
        interval: prediction.gains.as_ref().map(|gains| gains[index].interval()),
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

/// A dozen of the layers, the first and the last among them.
fn say_layers(arguments: &TheoryArguments, prediction: &Prediction) {
    let interval = arguments.width.filter(|_| prediction.gains.is_some());
    let interval = interval.map_or(String::new(), |n| format!("   95 % of nets of width {n}"));
    say(format!("\nlayer          q       √χ   ‖∂L/∂h‖{interval}"));
    let depth = prediction.layers.len();
    let stride = depth.div_ceil(10).max(1);
    for (index, layer) in prediction.layers.iter().enumerate() {
        if index % stride != 0 && index + 1 != depth {
            continue;
        }
        let interval = prediction.gains.as_ref().map_or(String::new(), |gains| {
            let (low, high) = gains[index].interval();
            format!("   {} to {}", number(low), number(high))
        });
        let (q, factor) = (number(layer.variance), number(layer.chi.sqrt()));
        let gradient = number(layer.gradient_norm());
        say(format!("{:>5} {q:>10} {factor:>8} {gradient:>9}{interval}", layer.layer));
    }
}

fn say_scales(arguments: &TheoryArguments, prediction: &Prediction) {
    if prediction.network.plain().is_none() {
        if arguments.width.is_some() {
            say("\nThe interval of finite widths is known without normalisation and skips only.");
        }
        return;
    }
    match &prediction.scales {
        Some(scales) => say(format!(
            "\nThe variance settles at q* = {}. Layers over which things change by e: gradient² {}, \
             likeness of two inputs {}, variance {}.",
            number(scales.variance),
            number(scales.gradient),
            number(scales.correlation_depth),
            number(scales.variance_depth),
        )),
        None => {
            say("\nThe variance does not settle at a positive value, so there are no depth scales.")
        }
    }
    say(match prediction.critical {
        Some(critical) => {
            format!("With this σb² gradients are level at σw² = {}.", number(critical))
        }
        None => "With this σb² there is no σw² at which gradients are level.".to_owned(),
    });
}

fn to_json(arguments: &TheoryArguments, prediction: &Prediction) -> Value {
    let layers: Vec<Value> = prediction
        .layers
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            json!({
                "layer": layer.layer,
                "variance": layer.variance,
                "chi": layer.chi,
                "log_gradient_norm": layer.log_gradient_norm,
                "interval": prediction.gains.as_ref().map(|gains| gains[index].interval()),
            })
        })
        .collect();
    let network = &prediction.network;
    json!({
        "activation": network.activation,
        "weight_variance": network.weight_variance,
        "bias_variance": network.bias_variance,
        "normalization": network.normalization,
        "skip": network.skip,
        "depth": arguments.depth,
        "width": arguments.width,
        "layers": layers,
        "depth_scales": prediction.scales,
        "critical_weight_variance": prediction.critical,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_configurations_and_of_textbooks_and_numbers_are_variances() {
        assert_eq!(activation("leaky-relu"), Ok(Activation::LeakyRelu));
        assert!(activation("tahn").unwrap_err().contains("`tanh`"));
        for name in ["xavier", "xavier_uniform", "glorot", "xavier-normal"] {
            assert_eq!(initializer(name), Ok(Initializer::XavierNormal), "{name}");
        }
        assert_eq!(initializer("1.5"), Ok(Initializer::MeanField(1.5)));
        assert!(initializer("xaver").unwrap_err().contains("`xavier`"));
        assert!(initializer("-1").is_err() && initializer("nan").is_err());
        assert!(variance("-0.1").is_err() && variance("0.1") == Ok(0.1));
    }
}
