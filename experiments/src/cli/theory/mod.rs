//! `backdraft theory`.

mod names;
mod report;

use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{Normalization, Skip};
use backdraft_theory::{
    CriticalPoint, DepthScales, LayerStack, NetworkTheory, NoSpread, Spread, Unsettled,
    critical_point,
};
use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::print::{say, say_json, say_picture};
use names::{activation, initializer, variance, within};
use report::{headline, picture, say_layers, say_scales, to_json};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct TheoryArguments {
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

/// Everything that the command reports.
struct Prediction {
    stack: LayerStack,
    theory: NetworkTheory,
    /// With a width: the intervals, or why there are none.
    spread: Option<Result<Spread, NoSpread>>,
    /// For networks without normalisation and skips.
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

pub(in crate::cli) fn theory(arguments: &TheoryArguments) -> Result<(), Failure> {
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
