//! The embedded handwritten digits.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::error::DatasetError;

const NAME: &str = "the embedded digits";
const EMBEDDED: &[u8] = include_bytes!("../data/digits.csv.gz");

/// Real handwritten digits, 8 × 8, with grey levels from 0 to 16.
///
/// The file does not identify the writers, so digits of one writer can be in both parts of a split.
///
/// # Reference
///
/// E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
/// Repository, 1998; CC BY 4.0.
#[derive(Clone, Debug, PartialEq)]
pub struct Digits {
    /// Grey levels, 64 per image, row by row.
    pub images: Vec<u8>,
    /// The digit of each image.
    pub labels: Vec<u8>,
}

impl Digits {
    /// Height and width of an image.
    pub const SIDE: usize = 8;
    /// Largest grey level.
    pub const WHITE: u8 = 16;
    const PIXELS: usize = Self::SIDE * Self::SIDE;

    /// Decodes the embedded file, which has 1,797 images.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the embedded file is damaged.
    pub fn load() -> Result<Self, DatasetError> {
        let mut text = String::new();
        GzDecoder::new(EMBEDDED)
            .read_to_string(&mut text)
            .map_err(|error| DatasetError::Compression { name: NAME, reason: error.to_string() })?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, DatasetError> {
        let mut digits = Self { images: Vec::new(), labels: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let refuse = |reason: String| DatasetError::Row { name: NAME, row: index + 1, reason };
            let values: Result<Vec<u8>, _> = line.split(',').map(str::parse).collect();
            let values = values.map_err(|error| refuse(error.to_string()))?;
            match values.split_last() {
                Some((label, pixels)) if pixels.len() == Self::PIXELS => {
                    if *label > 9 || pixels.iter().any(|pixel| *pixel > Self::WHITE) {
                        return Err(refuse("a value is out of range".to_owned()));
                    }
                    digits.images.extend_from_slice(pixels);
                    digits.labels.push(*label);
                }
                _ => return Err(refuse(format!("{} values instead of 65", values.len()))),
            }
        }
        Ok(digits)
    }

    /// Returns the images with a border of zeros, `side × side` values each, row by row.
    ///
    /// # Panics
    ///
    /// Panics if `side` is smaller than [`Digits::SIDE`].
    pub fn padded(&self, side: usize) -> Vec<f32> {
        assert!(side >= Self::SIDE, "an image cannot be padded to less than its size");
        let border = (side - Self::SIDE) / 2;
        let mut padded = vec![0.0; self.labels.len() * side * side];
        for (image, target) in
            self.images.chunks_exact(Self::PIXELS).zip(padded.chunks_exact_mut(side * side))
        {
            for (row, pixels) in image.chunks_exact(Self::SIDE).enumerate() {
                let start = (row + border) * side + border;
                for (value, pixel) in target[start..].iter_mut().zip(pixels) {
                    *value = f32::from(*pixel);
                }
            }
        }
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_holds_every_digit() {
        let digits = Digits::load().unwrap();
        assert_eq!((digits.labels.len(), digits.images.len()), (1_797, 1_797 * 64));
        for digit in 0..10 {
            let count = digits.labels.iter().filter(|label| **label == digit).count();
            assert!((174..=183).contains(&count), "{count} times {digit}");
        }
    }

    #[test]
    fn padding_centres_the_image() {
        let digits = Digits { images: (1..=64).map(|i| i % 17).collect(), labels: vec![3] };
        let padded = digits.padded(10);
        assert!(padded[..10].iter().chain(&padded[90..]).all(|value| *value == 0.0));
        assert_eq!(padded[11..19], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!((padded[10], padded[19]), (0.0, 0.0));
    }

    #[test]
    fn damaged_rows_are_refused_with_their_number() {
        let row = ["1"; 65].join(",");
        assert!(Digits::parse(&row).is_ok());
        let error = Digits::parse(&format!("{row}\n1,2,3")).unwrap_err();
        assert_eq!(error.to_string(), "row 2 of the embedded digits: 3 values instead of 65");
        assert!(Digits::parse(&row.replacen('1', "x", 1)).is_err());
        assert!(Digits::parse(&row.replacen('1', "17", 1)).is_err());
    }
}
