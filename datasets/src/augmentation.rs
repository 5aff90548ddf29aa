//! Random changes of training images that preserve their class.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::rng::{Purpose, below, rng};

/// Shifts and mirrors images at random.
///
/// | field | default | meaning |
/// |---|---|---|
/// | `crop` | 0 | largest shift in pixels, in each direction; pixels from outside are 0 |
/// | `flip` | false | half of the images are mirrored left to right |
///
/// `crop = 4, flip = true` is the augmentation of He et al. 2016, § 4.2, on CIFAR: pad 4 pixels on each
/// side and take a random crop of the original size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Largest shift in pixels.
    pub crop: usize,
    /// Whether images are mirrored.
    pub flip: bool,
}

impl Augmentation {
    /// Tells whether images stay unchanged.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Draws the source of each pixel of a training batch: an index into the elements of its image, or
    /// one past the last for a pixel from outside. Selecting by these indices on the device then varies the
    /// batch.
    ///
    /// The result depends on seed and step alone.
    ///
    /// # Shapes
    ///
    /// - `shape`: channels, height and width
    /// - output: `[images, channels × height × width]`
    pub fn sources(self, images: usize, shape: [usize; 3], seed: u64, step: u64) -> Vec<i32> {
        let mut rng = rng(seed, Purpose::Augmentation);
        // 2^32 blocks of 64 bytes for each step: more than any batch needs.
        rng.set_block_pos(step << 32);
        let size: usize = shape.iter().product();
        let mut sources = Vec::with_capacity(images * size);
        for _ in 0..images {
            let shift = [(); 2].map(|()| below(&mut rng, 2 * self.crop + 1));
            let is_flipped = self.flip && rng.next_u64() % 2 == 1;
            self.extend(&mut sources, shape, shift, is_flipped);
        }
        sources
    }

    /// Appends the sources of one image; `shift` is from 0 to twice the crop.
    fn extend(
        self,
        sources: &mut Vec<i32>,
        [channels, height, width]: [usize; 3],
        [down, right]: [usize; 2],
        is_flipped: bool,
    ) {
        let outside = (channels * height * width) as i32;
        for channel in 0..channels {
            for y in 0..height {
                for x in 0..width {
                    let x = if is_flipped { width - 1 - x } else { x };
                    // A negative number wraps to one beyond all rows and columns.
                    let (y, x) =
                        ((y + down).wrapping_sub(self.crop), (x + right).wrapping_sub(self.crop));
                    let is_inside = y < height && x < width;
                    let source = (channel * height + y.min(height)) * width + x.min(width);
                    sources.push(if is_inside { source as i32 } else { outside });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [2, 3, 4];

    fn image(augmentation: Augmentation, shift: [usize; 2], is_flipped: bool) -> Vec<i32> {
        let mut sources = Vec::new();
        augmentation.extend(&mut sources, SHAPE, shift, is_flipped);
        sources
    }

    #[test]
    fn an_image_stays_moves_or_is_mirrored() {
        let augmentation = Augmentation { crop: 1, flip: true };
        let identity: Vec<i32> = (0..24).collect();
        assert_eq!(image(augmentation, [1, 1], false), identity);
        assert_eq!(image(augmentation, [1, 1], true)[..4], [3, 2, 1, 0]);
        let up_and_left = image(augmentation, [2, 2], false);
        assert_eq!(up_and_left[..12], [5, 6, 7, 24, 9, 10, 11, 24, 24, 24, 24, 24]);
        assert_eq!(up_and_left[12], 17, "the second channel moves with the first");
        assert_eq!(image(augmentation, [0, 0], false)[..6], [24, 24, 24, 24, 24, 0]);
        assert_eq!(Augmentation::default().sources(1, SHAPE, 3, 4), identity);
    }

    #[test]
    fn every_shift_comes_up_equally_often_and_half_are_mirrored() {
        let augmentation = Augmentation { crop: 1, flip: true };
        let mut counts = std::collections::HashMap::new();
        let sources = augmentation.sources(18_000, SHAPE, 5, 0);
        sources.chunks_exact(24).for_each(|image| *counts.entry(image).or_insert(0u32) += 1);
        assert_eq!(counts.len(), 18, "3 × 3 shifts, mirrored or not");
        // The standard deviation of a count is 31; the tolerance is five of them.
        assert!(counts.values().all(|count| count.abs_diff(1_000) < 155), "{counts:?}");
    }

    #[test]
    fn steps_and_seeds_differ_and_repeat() {
        let of = |seed, step| Augmentation { crop: 2, flip: true }.sources(5, SHAPE, seed, step);
        assert_eq!(of(1, 7), of(1, 7));
        assert_ne!(of(1, 7), of(1, 8));
        assert_ne!(of(1, 7), of(2, 7));
    }
}
