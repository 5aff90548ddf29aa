//! Labelled images.

/// Images of one size with their classes, in host memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// Number of classes.
    pub classes: usize,
    /// Values from 0 to 255, `[images, channels, height, width]` row by row.
    pub pixels: Vec<u8>,
    /// The class of each image, from 0.
    pub labels: Vec<u8>,
}

/// Images to train on and images to test on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSplits {
    /// For training.
    pub train: Images,
    /// For testing.
    pub test: Images,
}

impl Images {
    /// Pairs pixels with labels.
    ///
    /// # Errors
    ///
    /// The reason, if the lengths do not match or a label is not a class.
    pub(crate) fn new(
        shape: [usize; 3],
        classes: usize,
        pixels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Result<Self, String> {
        let size: usize = shape.iter().product();
        if size == 0 || labels.len().checked_mul(size) != Some(pixels.len()) {
            let (pixels, labels) = (pixels.len(), labels.len());
            return Err(format!("{pixels} pixels are not {labels} images of {shape:?}"));
        }
        match labels.iter().position(|label| usize::from(*label) >= classes) {
            Some(image) => Err(format!(
                "image {image} has label {}, but there are {classes} classes",
                labels[image]
            )),
            None => Ok(Self { shape, classes, pixels, labels }),
        }
    }

    /// Returns the number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Tells whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the first images, at most `count`.
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.len());
        let size: usize = self.shape.iter().product();
        Self {
            shape: self.shape,
            classes: self.classes,
            pixels: self.pixels[..count * size].to_vec(),
            labels: self.labels[..count].to_vec(),
        }
    }

    /// Returns how many images each class has.
    pub fn balance(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        self.labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
        counts
    }

    /// Returns mean and standard deviation of each channel.
    fn moments(&self) -> Vec<(f64, f64)> {
        let [channels, height, width] = self.shape;
        let area = height * width;
        let count = (self.len() * area).max(1) as f64;
        let mut sums = vec![(0.0f64, 0.0f64); channels];
        for image in self.pixels.chunks_exact(channels * area) {
            for (plane, sum) in image.chunks_exact(area).zip(&mut sums) {
                // Exact, as a plane's sum of squares is far below 2^53.
                sum.0 += plane.iter().map(|p| u64::from(*p)).sum::<u64>() as f64;
                sum.1 += plane.iter().map(|p| u64::from(*p).pow(2)).sum::<u64>() as f64;
            }
        }
        let moments = |(sum, squares): (f64, f64)| {
            let mean = sum / count;
            (mean, (squares / count - mean * mean).max(0.0).sqrt())
        };
        sums.into_iter().map(moments).collect()
    }
}

impl ImageSplits {
    /// Returns the pixels of both splits, standardised so that each channel of the training split has
    /// mean 0 and standard deviation 1: `[images, channels × height × width]` row by row. A constant
    /// channel becomes 0.
    pub fn standardised(&self) -> (Vec<f32>, Vec<f32>) {
        let moments = self.train.moments();
        let [_, height, width] = self.train.shape;
        let apply = |images: &Images| {
            let planes = images.pixels.chunks_exact(height * width).zip(moments.iter().cycle());
            let values = planes.flat_map(|(plane, (mean, deviation))| {
                let factor = if *deviation > 0.0 { deviation.recip() } else { 0.0 };
                plane.iter().map(move |pixel| ((f64::from(*pixel) - mean) * factor) as f32)
            });
            values.collect()
        };
        (apply(&self.train), apply(&self.test))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_standardised_by_the_training_split() {
        let train = Images::new([2, 1, 2], 2, vec![0, 10, 7, 7, 20, 30, 7, 7], vec![0, 1]).unwrap();
        let test = Images::new([2, 1, 2], 2, vec![15, 15, 9, 9], vec![1]).unwrap();
        assert_eq!(train.balance(), [1, 1]);
        let (train, test) = ImageSplits { train, test }.standardised();
        let first: Vec<f32> = [0, 1, 4, 5].map(|i| train[i]).to_vec();
        assert!(first.iter().sum::<f32>().abs() < 1e-6);
        assert!((first.iter().map(|x| x * x).sum::<f32>() / 4.0 - 1.0).abs() < 1e-6);
        assert_eq!(test, [0.0; 4], "the mean, and a channel that was constant");
    }

    #[test]
    fn labels_out_of_range_and_lengths_that_do_not_fit_are_refused() {
        let error = Images::new([1, 1, 1], 10, vec![0, 0], vec![3, 10]).unwrap_err();
        assert!(error.contains("image 1 has label 10"), "{error}");
        assert!(Images::new([1, 2, 2], 10, vec![0; 7], vec![0; 2]).is_err());
    }
}
