//! A task that every program learns, and numbers drawn on the host.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Numbers of an example; programs view them as a vector, an image of 8 × 8 or 16 time steps of 4.
pub(crate) const FEATURES: usize = 64;
/// Classes of the task.
pub(crate) const CLASSES: usize = 4;

/// Pseudo-random numbers by a linear congruential generator, the same everywhere (Knuth's MMIX).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        let mut numbers = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03);
        for _ in 0..4 {
            numbers.uniform();
        }
        numbers
    }

    /// Returns a number in [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a number with mean 0 and variance 1: a sum of uniform ones.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Draws batches: an example is the prototype of its class with noise.
pub(crate) struct Task {
    prototypes: Vec<Vec<f64>>,
    numbers: Numbers,
}

impl Task {
    pub(crate) fn new(seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let mut prototype = || (0..FEATURES).map(|_| numbers.normal()).collect();
        let prototypes = (0..CLASSES).map(|_| prototype()).collect();
        Self { prototypes, numbers }
    }

    /// Returns inputs `[examples, FEATURES]` and classes `[examples]`.
    pub(crate) fn batch(
        &mut self,
        examples: usize,
        device: &Device,
    ) -> (Tensor<2>, Tensor<1, Int>) {
        let (mut inputs, mut classes) = (Vec::new(), Vec::new());
        for _ in 0..examples {
            let class = (self.numbers.uniform() * CLASSES as f64) as usize;
            let numbers = &mut self.numbers;
            inputs.extend(self.prototypes[class].iter().map(|x| (x + numbers.normal()) as f32));
            classes.push(class as i32);
        }
        let inputs = TensorData::new(inputs, [examples, FEATURES]);
        let classes = TensorData::new(classes, [examples]);
        (Tensor::from_data(inputs, device), Tensor::from_data(classes, device))
    }
}
