//! Random changes of training images that keep their class.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::rng::{Purpose, below, rng};

/// Moves and mirrors images.
///
/// | field | default | meaning |
/// |---|---|---|
/// | `crop` | 0 | an image is moved by up to so many pixels in each direction; what comes in is 0 |
/// | `flip` | false | half of the images are mirrored left to right |
///
/// With `crop = 4, flip = true` it is what He et al. 2016, § 4.2, train with on CIFAR: 4 pixels are
/// padded on each side and a crop of the old size is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Most pixels that an image is moved by.
    pub crop: usize,
    /// Whether images are mirrored.
    pub flip: bool,
}

impl Augmentation {
    /// Tells whether images stay as they are.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Draws from where each pixel of a training batch comes: its index among the elements of its
    /// image, or one past the last for a pixel that comes in from outside. A pick by index on the
    /// device does the rest.
    ///
    /// What is drawn depends on seed and step alone.
    ///
    /// # Shapes
    ///
    /// - `shape`: channels, height and width
    /// - output: `[images, channels × height × width]`
    pub fn sources(self, images: usize, shape: [usize; 3], seed: u64, step: u64) -> Vec<i32> {
        let mut rng = rng(seed, Purpose::Augmentation);
        // 2^32 blocks of 64 bytes for a step: more than any batch takes.
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
                    // Below zero wraps to a number that is no row and no column.
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
        // Standard deviation of a count is 31; five of those.
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
