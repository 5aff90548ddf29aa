//! Whether `f64` is `f64` all the way: random networks of every architecture against finite differences that
//! are good to eleven digits. What is `f32` somewhere, be it one scalar of a backward pass, is off by about
//! 1e-8.

use backdraft_hooks::Taps;
use backdraft_layers::{Activation, Initializer, Network};
use backdraft_mlp::{MlpConfig, Normalization as MlpNormalization, Skip};
use backdraft_recurrent::{Cell, Readout, RecurrentConfig};
use backdraft_resnet::{ActivationOrder, Normalization, ResnetConfig, ShortcutKind, StemKind};
use backdraft_zoo::{NetworkConfig, ZooNetwork};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};

use crate::widened;

/// Numbers that a seed makes up (Steele, Lea & Flood 2014, "SplitMix64").
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn from(&mut self, least: usize, most: usize) -> usize {
        least + (self.next() % (most - least + 1) as u64) as usize
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.from(0, choices.len() - 1)].clone()
    }

    /// Uniform in ±1.
    fn number(&mut self) -> f64 {
        self.next() as f64 / u64::MAX as f64 * 2.0 - 1.0
    }

    fn numbers(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.number()).collect()
    }
}

fn mlp(dice: &mut Dice, activation: Activation) -> NetworkConfig {
    use MlpNormalization::{Batch, Layer, None};

    NetworkConfig::Mlp(MlpConfig {
        inputs: dice.from(1, 6),
        outputs: dice.from(1, 3),
        depth: dice.from(1, 4),
        width: dice.from(3, 6),
        activation,
        normalization: dice.of(&[None, Batch, Layer]),
        skip: dice.of(&[Skip::None, Skip::Residual, Skip::Rezero, Skip::Highway(-1.0)]),
        initializer: Initializer::HeNormal,
        ..Default::default()
    })
}

fn resnet(dice: &mut Dice, activation: Activation) -> NetworkConfig {
    use Normalization::{Batch, Fixup, None, SkipInit};

    let normalization = dice.of(&[Batch, None, Fixup, SkipInit]);
    let has_scalars = matches!(normalization, Fixup | SkipInit);
    let shortcuts = [ShortcutKind::Padded, ShortcutKind::Projection, ShortcutKind::None];
    let orders = [ActivationOrder::Post, ActivationOrder::Pre];
    NetworkConfig::Resnet(ResnetConfig {
        input_shape: [dice.from(1, 3), dice.from(3, 7), dice.from(3, 7)],
        outputs: dice.from(1, 3),
        stages: vec![1; dice.from(1, 2)],
        width: dice.from(1, 3),
        stem: dice.of(&[StemKind::Small, StemKind::Large]),
        shortcut: dice.of(if has_scalars { &shortcuts[..2] } else { &shortcuts }),
        order: dice.of(if normalization == Fixup { &orders[..1] } else { &orders }),
        normalization,
        activation,
        initializer: Initializer::HeNormal,
    })
}

fn recurrent(dice: &mut Dice, cell: Cell) -> NetworkConfig {
    NetworkConfig::Recurrent(RecurrentConfig {
        inputs: dice.from(1, 3),
        outputs: dice.from(1, 2),
        cell,
        hidden: dice.from(2, 5),
        layers: dice.from(1, 2),
        bidirectional: dice.of(&[false, true]),
        readout: dice.of(&[Readout::Last, Readout::Every]),
        length: dice.from(1, 5),
        chrono_length: dice.of(&[0, 10]),
        ..Default::default()
    })
}

fn transformer(dice: &mut Dice, norm: &str) -> NetworkConfig {
    let heads = dice.from(1, 3);
    let config = serde_json::json!({
        "architecture": "transformer",
        "inputs": dice.from(1, 3),
        "outputs": dice.from(1, 3),
        "length": dice.from(2, 4),
        "width": heads * dice.of(&[2, 3, 5, 6, 7]),
        "heads": heads,
        "feedforward": dice.from(2, 6),
        "layers": dice.from(1, 2),
        "norm": norm,
    });
    serde_json::from_value(config).unwrap()
}

/// Every learned tensor, moved away from where it starts, some being zero there.
struct Shaken<'a>(&'a mut Dice);

impl ModuleMapper for Shaken<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !parameter.is_require_grad() {
            return parameter;
        }
        let noise = self.0.numbers(parameter.shape().num_elements());
        moved(parameter, noise, 0.2)
    }
}

/// One learned tensor moved along a direction.
struct Moved<'a> {
    at: usize,
    seen: usize,
    direction: &'a [f64],
    distance: f64,
}

impl ModuleMapper for Moved<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !parameter.is_require_grad() {
            return parameter;
        }
        self.seen += 1;
        if self.seen != self.at + 1 {
            return parameter;
        }
        moved(parameter, self.direction.to_vec(), self.distance)
    }
}

fn moved<const D: usize>(
    parameter: Param<Tensor<D>>,
    direction: Vec<f64>,
    distance: f64,
) -> Param<Tensor<D>> {
    parameter.map(|value| {
        let direction = TensorData::new(direction, value.shape());
        let direction = Tensor::from_data(direction, (&value.device(), value.dtype()));
        (value + direction * distance).detach().require_grad()
    })
}

/// The gradients of all learned tensors.
struct Read<'a> {
    gradients: &'a Gradients,
    all: Vec<Vec<f64>>,
}

impl ModuleVisitor for Read<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            let gradient = parameter.val().grad(self.gradients).unwrap().into_data();
            self.all.push(gradient.iter::<f64>().collect());
        }
    }
}

/// The central difference of a function at 0, extrapolated to a step of 0, with a bound on its error
/// (Ridders 1982), rounding included; at once when that is `enough`.
fn derivative(f: impl Fn(f64) -> f64, enough: f64) -> (f64, f64) {
    let mut best = (f64::NAN, f64::INFINITY);
    let mut coarser: Vec<f64> = Vec::new();
    for level in 0..14 {
        let h = 0.05 / f64::from(1 << level);
        let (right, left) = (f(h), f(-h));
        let rounding = 4.0 * f64::EPSILON * right.abs().max(left.abs()) / h;
        let mut row = vec![(right - left) / (2.0 * h)];
        let mut factor = 4.0;
        for above in &coarser {
            let finer = row[row.len() - 1];
            let extrapolated = finer + (finer - above) / (factor - 1.0);
            let error = (extrapolated - finer).abs().max((extrapolated - above).abs()) + rounding;
            if error < best.1 {
                best = (extrapolated, error);
            }
            row.push(extrapolated);
            factor *= 4.0;
        }
        if best.1 < enough {
            break;
        }
        coarser = row;
    }
    best
}

/// Errors that are found, relative to the norm of a tensor's gradient.
const BOUND: f64 = 1e-10;

/// The largest error of a tensor's gradient along a random direction, relative to its norm, and how many
/// tensors were compared and are too close to a kink for it.
#[derive(Debug, Default)]
struct Found {
    largest: f64,
    compared: usize,
    unclear: usize,
}

fn check(config: &NetworkConfig, dice: &mut Dice) -> Found {
    let device = Device::flex().autodiff();
    let network = widened(config.try_init(dice.next(), &device).unwrap()).map(&mut Shaken(dice));
    let batch = dice.from(2, 4);
    let elements = config.example_shape().iter().product();
    let table = |values: Vec<f64>, columns: usize| {
        Tensor::<2>::from_data(TensorData::new(values, [batch, columns]), (&device, DType::F64))
    };
    let examples = table(dice.numbers(batch * elements), elements);
    let weights = table(dice.numbers(batch * config.outputs()), config.outputs());
    let loss = |network: &ZooNetwork| {
        let outputs = network.score(examples.clone(), &mut Taps::off());
        (outputs.clone() * weights.clone() + outputs.square().mul_scalar(0.1)).sum()
    };
    let gradients = loss(&network).backward();
    let mut read = Read { gradients: &gradients, all: Vec::new() };
    network.visit(&mut read);
    let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
    let whole = norm(&read.all.concat());
    let mut found = Found::default();
    for (at, gradient) in read.all.iter().enumerate() {
        let mut direction = dice.numbers(gradient.len());
        let length = norm(&direction);
        direction.iter_mut().for_each(|x| *x /= length);
        let analytic: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        let loss_at = |distance| {
            let mut moved = Moved { at, seen: 0, direction: &direction, distance };
            let loss = loss(&network.clone().map(&mut moved));
            loss.into_data().iter::<f64>().next().unwrap()
        };
        // Where a gradient is 0, as that of a bias before a normalisation, both sides are rounding.
        let scale = norm(gradient) + 1e-2 * whole;
        let (numeric, estimate) = derivative(loss_at, 0.03 * BOUND * scale);
        if estimate > BOUND * scale {
            found.unclear += 1;
            continue;
        }
        found.compared += 1;
        found.largest = found.largest.max((numeric - analytic).abs() / scale);
    }
    found
}

fn assert_precise(name: &str, configs: impl Iterator<Item = NetworkConfig>, dice: &mut Dice) {
    let (mut compared, mut unclear) = (0, 0);
    for config in configs {
        let found = check(&config, dice);
        assert!(found.largest < BOUND, "{config:?}: {found:?}");
        (compared, unclear) = (compared + found.compared, unclear + found.unclear);
    }
    assert!(
        compared > 20 && unclear * 5 < compared,
        "{name}: {compared} compared, {unclear} unclear"
    );
}

#[test]
fn mlps_are_differentiated_in_f64() {
    let mut dice = Dice(1);
    let configs: Vec<_> = Activation::ALL.iter().map(|a| mlp(&mut dice, *a)).collect();
    assert_precise("mlp", configs.into_iter(), &mut dice);
}

#[test]
fn residual_networks_are_differentiated_in_f64() {
    let mut dice = Dice(2);
    let configs: Vec<_> = Activation::ALL.iter().map(|a| resnet(&mut dice, *a)).collect();
    assert_precise("resnet", configs.into_iter(), &mut dice);
}

#[test]
fn recurrent_networks_are_differentiated_in_f64() {
    use Cell::{CoupledLstm, Gru, LayerNormLstm, Lstm, PeepholeLstm, ReluRnn, Rnn};

    let mut dice = Dice(3);
    let cells = [Rnn, ReluRnn, Lstm, CoupledLstm, PeepholeLstm, LayerNormLstm, Gru];
    let configs: Vec<_> =
        cells.iter().cycle().take(14).map(|cell| recurrent(&mut dice, *cell)).collect();
    assert_precise("recurrent", configs.into_iter(), &mut dice);
}

#[test]
fn transformers_are_differentiated_in_f64() {
    let mut dice = Dice(4);
    let norms = ["pre", "post"].into_iter().cycle();
    let configs: Vec<_> = norms.take(8).map(|norm| transformer(&mut dice, norm)).collect();
    assert_precise("transformer", configs.into_iter(), &mut dice);
}
