//! What a setup is made of: the network and its data.

use std::sync::{Arc, OnceLock};

use backdraft_datasets::{Answer, Augmentation, BinaryTask, DatasetError, ImageSet, Places};
use backdraft_lab::measure::Supervised;
use backdraft_mlp::MlpConfig;
use backdraft_recurrent::RecurrentConfig;
use backdraft_trainer::{BatchOrder, Examples};
use backdraft_zoo::{NetworkConfig, ZooNetwork};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::error::PlaygroundError;
use super::gain::scaled;
use super::setup::{LayerTask, Layers, Sequence, Setup};

/// Examples of a batch.
pub(super) const BATCH: usize = 64;
/// Sequences to train and to test on.
const SEQUENCES: [usize; 2] = [1_024, 256];
/// Shortest memory that chrono initialisation provides for.
const SHORTEST_MEMORY: usize = 3;

/// A network's configuration with its data.
pub(super) struct Material {
    pub(super) config: NetworkConfig,
    pub(super) data: Arc<Supervised>,
    gain: f64,
    seed: u64,
}

impl Material {
    /// Validates a setup and prepares its data.
    pub(super) fn of(setup: &Setup) -> Result<Self, PlaygroundError> {
        setup.validate()?;
        let (config, data, gain) = match setup {
            Setup::Layers(layers) => {
                let (data, inputs, outputs) = layer_data(layers)?;
                let network = NetworkConfig::Mlp(mlp(layers, inputs, outputs));
                (network, data, layers.gain)
            }
            Setup::Sequence(sequence) => {
                let (network, data) = of_sequence(sequence)?;
                (NetworkConfig::Recurrent(network), Arc::new(data), 1.0)
            }
        };
        config.validate()?;
        Ok(Self { config, data, gain, seed: setup.seed() })
    }

    /// Draws the network on a device with autodiff.
    pub(super) fn network(&self, device: &Device) -> Result<ZooNetwork, PlaygroundError> {
        let network = self.config.try_init(self.seed, &device.clone().without_autodiff())?;
        Ok(scaled(network, self.gain).train().fork(&device.clone().autodiff()))
    }

    /// Returns the training and the test split on a device.
    pub(super) fn examples(&self, device: &Device) -> [Examples<Tensor<2>, Tensor<2>>; 2] {
        self.data.on_device(device, self.seed)
    }
}

/// Picks the batch that training begins with.
pub(super) fn first_batch(
    examples: &Examples<Tensor<2>, Tensor<2>>,
    seed: u64,
    device: &Device,
) -> Examples<Tensor<2>, Tensor<2>> {
    let mut order = BatchOrder::new(seed, examples.len(), BATCH);
    let indices = order.next_batch().to_vec();
    let count = indices.len();
    examples.select(Tensor::<1, Int>::from_data(TensorData::new(indices, [count]), device))
}

fn mlp(layers: &Layers, inputs: usize, outputs: usize) -> MlpConfig {
    MlpConfig {
        inputs,
        outputs,
        depth: layers.depth,
        width: layers.width,
        activation: layers.activation,
        initializer: layers.initializer,
        bias_variance: 0.0,
        normalization: layers.normalization,
        skip: layers.skip,
    }
}

/// Returns the data with the numbers of inputs and outputs. The digits are read once: they do not
/// depend on the seed.
fn layer_data(layers: &Layers) -> Result<(Arc<Supervised>, usize, usize), DatasetError> {
    static DIGITS: OnceLock<Arc<Supervised>> = OnceLock::new();
    match layers.task {
        LayerTask::Digits => {
            let digits = match DIGITS.get() {
                Some(digits) => Arc::clone(digits),
                None => {
                    let images = ImageSet::Digits.load(&Places::new(None))?;
                    let digits = Supervised::of_images(&images, Augmentation::default());
                    Arc::clone(DIGITS.get_or_init(|| Arc::new(digits)))
                }
            };
            Ok((digits, 64, 10))
        }
        LayerTask::Teacher => {
            let data = BinaryTask::Teacher.load(layers.seed)?;
            let inputs = data.train.features();
            Ok((Arc::new(Supervised::of_two_classes(&data)), inputs, 1))
        }
    }
}

fn of_sequence(sequence: &Sequence) -> Result<(RecurrentConfig, Supervised), DatasetError> {
    let Sequence { task, seed, length, .. } = *sequence;
    let example = task.generate(length, 1, 0)?;
    let outputs = match task.answer() {
        Answer::Value => 1,
        Answer::Class(classes) | Answer::ClassEveryStep(classes) => classes,
    };
    let network = RecurrentConfig {
        inputs: example.features,
        outputs,
        cell: sequence.cell,
        hidden: sequence.hidden,
        length: example.steps,
        recurrent_initializer: sequence.recurrent_initializer,
        forget_bias: sequence.forget_bias,
        chrono_length: if sequence.chrono { example.steps.max(SHORTEST_MEMORY) } else { 0 },
        ..Default::default()
    };
    Ok((network, Supervised::of_sequences(task, length, SEQUENCES, seed)?))
}
