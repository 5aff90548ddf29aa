//! Configuration of a residual network.

use backdraft_layers::{
    Activation, ActivationLayer, ConvolutionInit, Initializer, InvalidField, LinearInit, SIZES,
    WeightRng, weight_rng,
};
use burn::module::Param;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::block::ResidualBlock;
use crate::branch::BranchScalars;
use crate::options::{ActivationOrder, Normalization, ShortcutKind, StemKind};
use crate::resnet::Resnet;
use crate::shortcut::Shortcut;
use crate::stem::Stem;

/// Largest numbers that are accepted. Larger ones are taken for typing errors.
const MAX_BLOCKS: usize = 10_000;
const MAX_STAGES: usize = 8;

/// Describes a [`Resnet`].
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `input_shape` | `[3, 32, 32]` | channels, height, width | 1 to 65,536 each |
/// | `outputs` | 10 | classes | 1 to 65,536 |
/// | `stages` | `[3, 3, 3]` | blocks of two layers per stage; between stages, the sides halve and the channels double | 1 to 8 stages of 1 to 10,000 |
/// | `width` | 16 | channels of the first stage | 1 to 65,536 in the last |
/// | `stem` | `small` | the first layer | [`StemKind`] |
/// | `shortcut` | `padded` | connection around each block | [`ShortcutKind`] |
/// | `order` | `post` | order of convolution and activation | [`ActivationOrder`] |
/// | `normalization` | `batch` | what keeps the scale of the signal | [`Normalization`] |
/// | `activation` | `relu` | | [`Activation`] |
/// | `initializer` | `he_normal` | of the convolutions and the head | [`Initializer`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResnetConfig {
    /// Channels, height and width of an image.
    pub input_shape: [usize; 3],
    /// Classes.
    pub outputs: usize,
    /// Blocks of each stage.
    pub stages: Vec<usize>,
    /// Channels of the first stage.
    pub width: usize,
    /// The first layer.
    pub stem: StemKind,
    /// The connection around each block.
    pub shortcut: ShortcutKind,
    /// The order of convolutions and activations.
    pub order: ActivationOrder,
    /// What keeps the scale of the signal.
    pub normalization: Normalization,
    /// The activation function.
    pub activation: Activation,
    /// Initialiser of the filters and the head.
    pub initializer: Initializer,
}

/// ResNet-20 for CIFAR.
impl Default for ResnetConfig {
    fn default() -> Self {
        Self {
            input_shape: [3, 32, 32],
            outputs: 10,
            stages: vec![3; 3],
            width: 16,
            stem: StemKind::Small,
            shortcut: ShortcutKind::Padded,
            order: ActivationOrder::Post,
            normalization: Normalization::Batch,
            activation: Activation::Relu,
            initializer: Initializer::HeNormal,
        }
    }
}

impl ResnetConfig {
    /// The network for small images with a depth of 6n + 2 (He et al. 2016, § 4.2). Other depths
    /// are rounded down to such a depth.
    pub fn small_images(depth: usize) -> Self {
        Self { stages: vec![(depth.saturating_sub(2) / 6).max(1); 3], ..Self::default() }
    }

    /// The network for photographs of 224 × 224 pixels with these stages (He et al. 2016, table 1).
    pub fn photographs(stages: [usize; 4]) -> Self {
        Self {
            input_shape: [3, 224, 224],
            outputs: 1_000,
            stages: stages.to_vec(),
            width: 64,
            stem: StemKind::Large,
            shortcut: ShortcutKind::Projection,
            ..Self::default()
        }
    }

    /// Returns the number of layers with weights, as in the network's name. Projections do not
    /// count.
    pub fn depth(&self) -> usize {
        2 * self.stages.iter().sum::<usize>() + 2
    }

    /// Creates the network on `device`, with weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, seed: u64, device: &Device) -> Result<Resnet, InvalidField> {
        self.validate()?;
        Ok(Builder { config: self, rng: weight_rng(seed), device }.build())
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), InvalidField> {
        if !self.input_shape.iter().all(|size| SIZES.contains(size)) {
            let (value, requirement) =
                (format!("{:?}", self.input_shape), "each size must be from 1 to 65536");
            return Err(InvalidField::new("input_shape", value, requirement));
        }
        InvalidField::unless_sizes([("outputs", self.outputs)])?;
        let is_possible = |blocks: &usize| (1..=MAX_BLOCKS).contains(blocks);
        if !(1..=MAX_STAGES).contains(&self.stages.len()) || !self.stages.iter().all(is_possible) {
            let value = format!("{:?}", self.stages);
            let requirement = "there must be 1 to 8 stages of 1 to 10000 blocks";
            return Err(InvalidField::new("stages", value, requirement));
        }
        if !SIZES.contains(&self.width) || !SIZES.contains(&self.last_width()) {
            let requirement = "the last stage must have 1 to 65536 channels";
            return Err(InvalidField::new("width", self.width, requirement));
        }
        let is_by_branch =
            matches!(self.normalization, Normalization::Fixup | Normalization::SkipInit);
        if is_by_branch && self.shortcut == ShortcutKind::None {
            let requirement = "`fixup` and `skip_init` are for residual networks";
            return Err(InvalidField::new("shortcut", "none", requirement));
        }
        if self.normalization == Normalization::Fixup && self.order == ActivationOrder::Pre {
            return Err(InvalidField::new("order", "pre", "`fixup` is defined with `post`"));
        }
        self.initializer.validate("initializer")
    }

    /// Returns the number of learned parameters, by formula.
    pub fn num_learned(&self) -> usize {
        let [channels, ..] = self.input_shape;
        let norm = |channels: usize| usize::from(self.has_norm()) * 2 * channels;
        let slope = usize::from(self.activation == Activation::Prelu);
        let fixup = usize::from(self.normalization == Normalization::Fixup);
        let conv = |inputs, outputs, side| self.conv(side, 1, 1.0).num_learned(inputs, outputs);
        let is_pre = self.order == ActivationOrder::Pre;

        let stem_norm = if is_pre { 0 } else { norm(self.width) };
        let mut count = conv(channels, self.width, self.stem_side()) + stem_norm + fixup + slope;
        for shape in self.blocks() {
            let Shape { inputs, outputs, .. } = shape;
            count += conv(inputs, outputs, 3) + conv(outputs, outputs, 3) + 2 * slope;
            count += norm(outputs) + norm(if is_pre { inputs } else { outputs });
            count += BranchScalars::count(self.normalization);
            if self.is_projected(shape) {
                count += conv(inputs, outputs, 1) + norm(outputs);
            }
        }
        let last = self.last_width();
        let final_norm = if is_pre { norm(last) } else { 0 };
        count + final_norm + fixup + (last + 1) * self.outputs
    }

    /// Returns roughly how many numbers are kept of an image: [`PER_VALUE`] for each that a convolution gives.
    pub(crate) fn num_activations(&self) -> f64 {
        let [_, mut height, mut width] = self.input_shape;
        if self.stem == StemKind::Large {
            (height, width) = (height.div_ceil(2), width.div_ceil(2));
        }
        let of_map = |channels: usize, height: usize, width: usize| {
            channels as f64 * height as f64 * width as f64
        };
        let mut count = of_map(self.width, height, width);
        if self.stem == StemKind::Large {
            (height, width) = (height.div_ceil(2), width.div_ceil(2));
        }
        for Shape { outputs, stride, .. } in self.blocks() {
            (height, width) = (height.div_ceil(stride), width.div_ceil(stride));
            count += 2.0 * of_map(outputs, height, width);
        }
        PER_VALUE * count + self.outputs as f64
    }

    /// Returns the channels of the last stage.
    fn last_width(&self) -> usize {
        self.width << (self.stages.len() - 1)
    }

    pub(crate) fn has_norm(&self) -> bool {
        self.normalization == Normalization::Batch
    }

    fn stem_side(&self) -> usize {
        match self.stem {
            StemKind::Small => 3,
            StemKind::Large => 7,
        }
    }

    pub(crate) fn is_projected(&self, Shape { inputs, outputs, stride }: Shape) -> bool {
        self.shortcut == ShortcutKind::Projection && (stride != 1 || inputs != outputs)
    }

    fn conv(&self, side: usize, stride: usize, gain: f64) -> ConvolutionInit {
        let has_bias = matches!(self.normalization, Normalization::None | Normalization::SkipInit);
        ConvolutionInit { weight: self.initializer, gain, side, stride, has_bias }
    }

    /// Returns the shapes of all blocks, first to last.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Shape> {
        self.stages.iter().enumerate().flat_map(move |(stage, blocks)| {
            let outputs = self.width << stage;
            (0..*blocks).map(move |block| match (stage, block) {
                (0, _) | (_, 1..) => Shape { inputs: outputs, outputs, stride: 1 },
                _ => Shape { inputs: outputs / 2, outputs, stride: 2 },
            })
        })
    }
}

/// Numbers that are kept for each that a convolution gives: with its gradient, normalised, and activated.
/// Measured on `flex`: 8 to 9.
const PER_VALUE: f64 = 6.0;

/// Channels before and after a block, and its stride.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    inputs: usize,
    outputs: usize,
    pub(crate) stride: usize,
}

/// A network under construction.
struct Builder<'a> {
    config: &'a ResnetConfig,
    rng: WeightRng,
    device: &'a Device,
}

impl Builder<'_> {
    fn build(mut self) -> Resnet {
        let (config, device) = (self.config, self.device);
        let is_pre = config.order == ActivationOrder::Pre;
        let is_fixup = config.normalization == Normalization::Fixup;
        let bias = || is_fixup.then(|| Param::from_data([0.0f32], device));
        let [channels, ..] = config.input_shape;
        let stride = if config.stem == StemKind::Large { 2 } else { 1 };
        let conv = config.conv(config.stem_side(), stride, 1.0);
        let stem = Stem {
            conv: conv.init(channels, config.width, &mut self.rng, device),
            norm: if is_pre { None } else { self.norm(config.width) },
            bias: bias(),
            activation: (!is_pre).then(|| self.activation()),
            kind: config.stem,
        };
        let blocks = config.blocks().map(|shape| self.block(shape)).collect();
        let last = config.last_width();
        let weight = if is_fixup { Initializer::Zeros } else { config.initializer };
        let head = LinearInit { weight, bias_variance: Some(0.0) };
        Resnet {
            stem,
            blocks,
            norm: if is_pre { self.norm(last) } else { None },
            activation: is_pre.then(|| self.activation()),
            bias: bias(),
            head: head.init(last, config.outputs, &mut self.rng, device),
            input_shape: config.input_shape,
        }
    }

    fn block(&mut self, shape: Shape) -> ResidualBlock {
        let (config, device) = (self.config, self.device);
        let Shape { inputs, outputs, stride } = shape;
        // Fixup § 3: in each of the L branches of two layers, the first is scaled by L^(−1/2) and
        // the last is zero.
        let count = config.stages.iter().sum::<usize>() as f64;
        let (first, last) = match config.normalization {
            Normalization::Fixup => (count.powf(-0.5), 0.0),
            _ => (1.0, 1.0),
        };
        let conv1 = config.conv(3, stride, first).init(inputs, outputs, &mut self.rng, device);
        let conv2 = config.conv(3, 1, last).init(outputs, outputs, &mut self.rng, device);
        let is_pre = config.order == ActivationOrder::Pre;
        ResidualBlock {
            conv1,
            norm1: self.norm(if is_pre { inputs } else { outputs }),
            activation1: self.activation(),
            conv2,
            norm2: self.norm(outputs),
            activation2: self.activation(),
            shortcut: (config.shortcut != ShortcutKind::None).then(|| self.shortcut(shape)),
            scalars: BranchScalars::init(config.normalization, device),
            order: config.order,
        }
    }

    fn shortcut(&mut self, shape: Shape) -> Shortcut {
        let Shape { inputs, outputs, stride } = shape;
        let is_projected = self.config.is_projected(shape);
        let conv = self.config.conv(1, stride, 1.0);
        Shortcut {
            projection: is_projected
                .then(|| conv.init(inputs, outputs, &mut self.rng, self.device)),
            normalization: if is_projected { self.norm(outputs) } else { None },
            stride,
            channels: outputs,
        }
    }

    fn norm(&self, channels: usize) -> Option<BatchNorm> {
        self.config.has_norm().then(|| BatchNormConfig::new(channels).init(self.device))
    }

    fn activation(&self) -> ActivationLayer {
        ActivationLayer::new(self.config.activation, self.device)
    }
}
