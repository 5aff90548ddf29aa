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
use crate::theory::{
    CriticalPoint, DepthScales, LayerStack, Limit, NetworkTheory, NoSpread, Spread, Unsettled,
    critical_point,
};

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
    /// Units of a hidden layer: adds the interval that 95 % of networks of this width lie in.
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
        let is_possible = variance.is_finite() && variance > 0.0;
        let variance = is_possible.then_some(Initializer::MeanField(variance));
        return variance.ok_or_else(|| "σw² must be positive".to_owned());
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
    stack: LayerStack,
    theory: NetworkTheory,
    /// With a width: between which bounds networks lie, or why that is not known.
    spread: Option<Result<Spread, NoSpread>>,
    /// Without normalisation and skips.
    plain: Option<Plain>,
}

struct Plain {
    scales: Result<DepthScales, Unsettled>,
    critical: Option<CriticalPoint>,
}

impl Prediction {
    fn of(stack: LayerStack) -> Result<Self, Failure> {
        let theory = NetworkTheory::of_layers(&stack).map_err(Failure::input)?;
        let plain = stack.plain().map(|field| Plain {
            scales: field.depth_scales(stack.first_variance()),
            critical: critical_point(stack.activation, stack.bias_variance),
        });
        Ok(Self { stack, theory, spread: stack.width.map(|_| stack.spread()), plain })
    }

    fn interval(&self, index: usize) -> Option<(f64, f64)> {
        let spread = self.spread.as_ref()?.as_ref().ok()?;
        spread.intervals.get(index).copied()
    }
}

pub(super) fn theory(arguments: &TheoryArguments) -> Result<(), Failure> {
    let prediction = Prediction::of(stack(arguments))?;
    if arguments.json {
        return say_json(&to_json(arguments, &prediction));
    }
    say(headline(arguments, &prediction.stack));
    say(format!("{}\n", prediction.theory.formula));
    say_picture(&picture(arguments, &prediction));
    say_layers(arguments, &prediction);
    say_scales(arguments, &prediction);
    Ok(())
}

fn stack(arguments: &TheoryArguments) -> LayerStack {
    LayerStack {
        activation: arguments.activation,
        initializer: arguments.init,
        gain: 1.0,
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
        depth: arguments.depth as usize,
        width: arguments.width.map(|width| width as usize),
        inputs: None,
    }
}

fn headline(arguments: &TheoryArguments, stack: &LayerStack) -> String {
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

fn picture(arguments: &TheoryArguments, prediction: &Prediction) -> Picture {
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

/// A dozen of the layers, the first and the last among them.
fn say_layers(arguments: &TheoryArguments, prediction: &Prediction) {
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

fn say_scales(arguments: &TheoryArguments, prediction: &Prediction) {
    let Some(Plain { scales, critical }) = &prediction.plain else { return };
    match scales {
        Ok(scales) => say(format!(
            "\nThe variance settles at q* = {}. Layers over which things change by e: gradient² {}, \
             likeness of two inputs {}, variance {}.",
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

fn to_json(arguments: &TheoryArguments, prediction: &Prediction) -> Value {
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
