//! Inputs and targets of any task in one form, which every network of the zoo takes.

use backdraft_datasets::{
    Answer, DatasetError, Examples as HostExamples, ImageSplits, SequenceTask, Sequences, TrainTest,
};
use backdraft_trainer::Examples;
use burn::tensor::{Device, Tensor, TensorData};

use crate::xray::Loss;

/// A task in host memory: flat inputs, targets, and the loss that compares outputs with them.
pub(crate) struct Supervised {
    train: Table,
    test: Table,
    pub(crate) loss: Loss,
}

/// Rows of inputs with rows of targets.
struct Table {
    inputs: Vec<f32>,
    targets: Vec<f32>,
    rows: usize,
}

impl Supervised {
    /// Two classes, told by one logit.
    pub(crate) fn of_two_classes(data: &TrainTest) -> Self {
        let table = |examples: &HostExamples| Table {
            inputs: examples.inputs().to_vec(),
            targets: examples.targets().to_vec(),
            rows: examples.len(),
        };
        let (train, test) = (table(&data.train), table(&data.test));
        Self { train, test, loss: Loss::BinaryCrossEntropy }
    }

    /// Images, standardised by the training split.
    pub(crate) fn of_images(data: &ImageSplits) -> Self {
        let (train, test) = data.standardised();
        let table = |inputs: Vec<f32>, labels: &[u8]| Table {
            targets: labels.iter().map(|label| f32::from(*label)).collect(),
            rows: labels.len(),
            inputs,
        };
        Self {
            train: table(train, &data.train.labels),
            test: table(test, &data.test.labels),
            loss: Loss::CrossEntropy,
        }
    }

    /// Sequences of a generated task: `counts` to train and to test on.
    pub(crate) fn of_sequences(
        task: SequenceTask,
        length: usize,
        counts: [usize; 2],
        seed: u64,
    ) -> Result<Self, DatasetError> {
        let table = |sequences: Sequences| Table {
            rows: sequences.len(),
            inputs: sequences.inputs,
            targets: sequences.targets,
        };
        // An even seed for training, the odd one after it for testing.
        let train = table(task.generate(length, counts[0], 2 * seed)?);
        let test = table(task.generate(length, counts[1], 2 * seed + 1)?);
        let loss = match task.answer() {
            Answer::Value => Loss::MeanSquaredError,
            Answer::Class(_) | Answer::ClassEveryStep(_) => Loss::CrossEntropy,
        };
        Ok(Self { train, test, loss })
    }

    /// Puts the training and the test split on a device.
    pub(crate) fn on_device(&self, device: &Device) -> [Examples<Tensor<2>, Tensor<2>>; 2] {
        [&self.train, &self.test].map(|table| {
            let tensor = |values: &[f32]| {
                let columns = values.len() / table.rows.max(1);
                Tensor::from_data(TensorData::new(values.to_vec(), [table.rows, columns]), device)
            };
            Examples::new(tensor(&table.inputs), tensor(&table.targets))
        })
    }
}
