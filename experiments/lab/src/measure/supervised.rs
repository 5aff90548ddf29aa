//! Inputs and targets of any task in one form that every network of the zoo accepts.

use backdraft_datasets::{
    Answer, Augmentation, DatasetError, Examples as HostExamples, ImageSplits, SequenceTask,
    Sequences, TrainTest,
};
use backdraft_layers::{Initializer, InitializerExt, weight_rng};
use backdraft_trainer::{BatchOrder, Examples};
use backdraft_zoo::NetworkConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::data::Extent;
use super::flow::INPUTS;
use crate::xray::Loss;

/// A task in host memory: flat inputs, targets, and the loss that compares outputs with targets.
pub struct Supervised {
    train: Table,
    test: Table,
    /// What outputs are compared with targets by.
    pub loss: Loss,
    augmented: Option<Augmented>,
}

/// Seed of the permutation of permuted inputs.
const PERMUTATION: u64 = 0;

/// How training images of a given shape are augmented.
#[derive(Clone, Copy)]
struct Augmented {
    augmentation: Augmentation,
    shape: [usize; 3],
}

/// Rows of inputs and rows of targets.
pub(super) struct Table {
    pub(super) inputs: Vec<f32>,
    pub(super) targets: Vec<f32>,
    pub(super) rows: usize,
}

/// What suits an answer.
impl From<Answer> for Loss {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Value => Self::MeanSquaredError,
            Answer::Class(_) | Answer::ClassEveryStep(_) => Self::CrossEntropy,
        }
    }
}

impl Supervised {
    /// Rows that are used as they are.
    pub(super) fn of_tables(train: Table, test: Table, loss: Loss) -> Self {
        Self { train, test, loss, augmented: None }
    }

    /// Two classes, predicted by one logit.
    pub fn of_two_classes(data: &TrainTest) -> Self {
        let table = |examples: &HostExamples| Table {
            inputs: examples.inputs().to_vec(),
            targets: examples.targets().to_vec(),
            rows: examples.len(),
        };
        let (train, test) = (table(&data.train), table(&data.test));
        Self { train, test, loss: Loss::BinaryCrossEntropy, augmented: None }
    }

    /// Images, standardised with the statistics of the training split. Training images are augmented.
    pub fn of_images(data: &ImageSplits, augmentation: Augmentation) -> Self {
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
            augmented: (!augmentation.is_none())
                .then_some(Augmented { augmentation, shape: data.train.shape }),
        }
    }

    /// Returns the same task with the inputs of every example in one fixed random order. Permuted
    /// images have lost their shape, so they are not augmented.
    pub fn permuted(&self) -> Self {
        let [train, test] = [&self.train, &self.test].map(Table::permuted);
        Self { train, test, loss: self.loss, augmented: None }
    }

    /// Sequences of a generated task; `counts` are the sizes of the training and the test split.
    pub fn of_sequences(
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
        // An even seed for training, the next odd one for testing.
        let train = table(task.generate(length, counts[0], 2 * seed)?);
        let test = table(task.generate(length, counts[1], 2 * seed + 1)?);
        Ok(Self::of_tables(train, test, task.answer().into()))
    }

    /// Gaussian inputs and targets of the sizes of a network, the same for training and testing.
    pub fn made_up(config: &NetworkConfig, rows: usize, seed: u64) -> Self {
        let mut rng = weight_rng(seed.wrapping_add(INPUTS));
        let mut normal = |columns| Initializer::Normal(1.0).draw(rows, columns, &mut rng);
        let inputs = normal(config.example_shape().iter().product());
        let targets = normal(config.outputs());
        let table = || Table { inputs: inputs.clone(), targets: targets.clone(), rows };
        let (train, test) = (table(), table());
        Self { train, test, loss: Loss::MeanSquaredError, augmented: None }
    }

    /// Returns how much there is to learn from.
    pub fn extent(&self) -> Extent {
        let Table { inputs, targets, rows } = &self.train;
        let values = (inputs.len() + targets.len()) / (*rows).max(1);
        Extent { trained: *rows, tested: self.test.rows, values }
    }

    /// Puts the training and the test split on a device; `seed` is that of the augmentation.
    pub fn on_device(&self, device: &Device, seed: u64) -> [Examples<Tensor<2>, Tensor<2>>; 2] {
        let [train, test] = [&self.train, &self.test].map(|table| {
            let tensor = |values: &[f32]| {
                let columns = values.len() / table.rows.max(1);
                Tensor::from_data(TensorData::new(values.to_vec(), [table.rows, columns]), device)
            };
            Examples::new(tensor(&table.inputs), tensor(&table.targets))
        });
        match self.augmented {
            Some(augmented) => [train.varied(move |x, step| augmented.vary(x, seed, step)), test],
            None => [train, test],
        }
    }
}

impl Table {
    fn permuted(&self) -> Self {
        let columns = self.inputs.len() / self.rows.max(1);
        let mut order = BatchOrder::new(PERMUTATION, columns, columns);
        let order = if columns == 0 { &[] } else { order.next_batch() };
        let rows = self.inputs.chunks_exact(columns.max(1));
        let inputs = rows.flat_map(|row| order.iter().map(|from| row[*from as usize])).collect();
        Self { inputs, targets: self.targets.clone(), rows: self.rows }
    }
}

impl Augmented {
    /// Augments the images of a training batch, `[batch, channels × height × width]`.
    fn vary(self, images: Tensor<2>, seed: u64, step: u64) -> Tensor<2> {
        let [batch, size] = images.dims();
        let sources = self.augmentation.sources(batch, self.shape, seed, step);
        let sources = TensorData::new(sources, [batch, size]);
        let sources = Tensor::<2, Int>::from_data(sources, &images.device());
        // Pixels from outside the image are 0, the mean of the standardised images.
        let outside = Tensor::zeros([batch, 1], (&images.device(), images.dtype()));
        Tensor::cat(vec![images, outside], 1).gather(1, sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_datasets::Images;

    #[test]
    fn permuted_inputs_are_the_same_values_in_one_other_order() {
        let table = |inputs: Vec<f32>| Table { inputs, targets: vec![0.0; 2], rows: 2 };
        let ten = |first: u8| (first..first + 10).map(f32::from).collect::<Vec<_>>();
        let permuted = table([ten(0), ten(10)].concat()).permuted().inputs;
        assert_ne!(permuted[..10], ten(0));
        let moved: Vec<f32> = permuted[..10].iter().map(|x| x + 10.0).collect();
        assert_eq!(permuted[10..], moved, "the same order in every row");
        let mut sorted = permuted[..10].to_vec();
        sorted.sort_by(f32::total_cmp);
        assert_eq!(sorted, ten(0));
    }

    #[test]
    fn training_images_move_and_keep_their_labels_and_test_images_stay() {
        let images = |labels: &[u8]| Images {
            shape: [1, 2, 2],
            classes: 2,
            // A label and the sum of its image determine each other.
            pixels: labels.iter().flat_map(|label| [0, 0, 0, 100 * (1 + label)]).collect(),
            labels: labels.to_vec(),
        };
        let splits = ImageSplits { train: images(&[0, 1, 0, 1]), test: images(&[1, 0]) };
        let flipped = Augmentation { crop: 0, flip: true };
        let data = Supervised::of_images(&splits, flipped);
        let device = Device::flex();
        let [plain, untouched] =
            Supervised::of_images(&splits, Augmentation::default()).on_device(&device, 3);
        let vary = |step| {
            let augmented = data.augmented.unwrap();
            augmented.vary(plain.inputs.clone(), 3, step)
        };
        let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
        let (original, first) = (values(plain.inputs.clone()), values(vary(0)));
        for (image, changed) in original.chunks(4).zip(first.chunks(4)) {
            let mirrored = [1, 0, 3, 2].map(|i| image[i]);
            assert!(changed == image || changed == mirrored, "{image:?} became {changed:?}");
        }
        assert!((0..20).any(|step| values(vary(step)) != first), "steps differ");
        let [_, test] = data.on_device(&device, 3);
        assert_eq!(values(test.inputs), values(untouched.inputs));
    }
}
