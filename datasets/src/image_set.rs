//! Sets of images by name: the only list.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cifar::read_cifar;
use crate::digits::Digits;
use crate::error::DatasetError;
use crate::idx::read_idx;
use crate::images::{ImageSplits, Images};

/// A set of images that experiments can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ImageSet {
    /// The embedded digits: 8 × 8, the last fifth for testing.
    #[serde(rename = "digits")]
    Digits,
    /// Clothing, 28 × 28 (Xiao, Rasul & Vollgraf 2017).
    #[serde(rename = "fashion-mnist")]
    FashionMnist,
    /// Handwritten digits, 28 × 28 (LeCun et al. 1998).
    #[serde(rename = "mnist")]
    Mnist,
    /// Handwritten digits, 28 × 28, four times as many (Cohen et al. 2017).
    #[serde(rename = "emnist-digits")]
    EmnistDigits,
    /// Photographs in 10 classes, 3 × 32 × 32 (Krizhevsky 2009).
    #[serde(rename = "cifar-10")]
    Cifar10,
    /// Photographs in 100 classes, 3 × 32 × 32 (Krizhevsky 2009).
    #[serde(rename = "cifar-100")]
    Cifar100,
}

/// The folders that are searched for data sets, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places(Vec<PathBuf>);

/// The environment variable that names a folder of data sets.
pub const DATA_VARIABLE: &str = "BACKDRAFT_DATA";

impl Places {
    /// Returns the given folder alone; without one, the folder in the environment variable
    /// [`DATA_VARIABLE`], then the user's and the system's folders of data sets.
    pub fn new(folder: Option<&Path>) -> Self {
        if let Some(folder) = folder {
            return Self(vec![folder.to_owned()]);
        }
        let variable = std::env::var_os(DATA_VARIABLE).filter(|folder| !folder.is_empty());
        let home =
            std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/backdraft/data"));
        let system = ["/usr/local/share/datasets", "/usr/share/datasets"].map(PathBuf::from);
        Self(variable.map(PathBuf::from).into_iter().chain(home).chain(system).collect())
    }

    /// Returns the folder for new data sets: the first.
    pub fn first(&self) -> &Path {
        self.0.first().map_or(Path::new("."), PathBuf::as_path)
    }
}

impl ImageSet {
    /// Every set.
    pub const ALL: &[Self] = &[
        Self::Digits,
        Self::FashionMnist,
        Self::Mnist,
        Self::EmnistDigits,
        Self::Cifar10,
        Self::Cifar100,
    ];

    /// Returns the name in configurations, which is also that of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::FashionMnist => "fashion-mnist",
            Self::Mnist => "mnist",
            Self::EmnistDigits => "emnist-digits",
            Self::Cifar10 => "cifar-10",
            Self::Cifar100 => "cifar-100",
        }
    }

    /// Returns the number of classes.
    pub fn classes(self) -> usize {
        if self == Self::Cifar100 { 100 } else { 10 }
    }

    /// Tells how to get the files.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Digits => "it is embedded",
            Self::FashionMnist => {
                "install Debian's package `dataset-fashion-mnist`, run `backdraft data fetch \
                 fashion-mnist`, or put the four files of github.com/zalandoresearch/fashion-mnist \
                 into a folder `fashion-mnist`"
            }
            Self::Mnist => {
                "run `backdraft data fetch mnist`, or put its four IDX files into a folder `mnist`"
            }
            Self::EmnistDigits => {
                "unpack the four files emnist-digits-… of gzip.zip of \
                 www.nist.gov/itl/products-and-services/emnist-dataset into a folder `emnist-digits`"
            }
            Self::Cifar10 => {
                "run `backdraft data fetch cifar-10`, or unpack cifar-10-binary.tar.gz of \
                 www.cs.toronto.edu/~kriz/cifar.html and name the folder `cifar-10`"
            }
            Self::Cifar100 => {
                "run `backdraft data fetch cifar-100`, or unpack cifar-100-binary.tar.gz of \
                 www.cs.toronto.edu/~kriz/cifar.html and name the folder `cifar-100`"
            }
        }
    }

    /// Returns the folder that holds the set's files, the first of `places` that has all of them, or
    /// a subfolder of it with the set's name; `None` for the embedded digits.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Missing`] with the folders that were searched.
    pub fn find(self, places: &Places) -> Result<Option<PathBuf>, DatasetError> {
        let files = self.files();
        if files.is_empty() {
            return Ok(None);
        }
        let candidates = places.0.iter().flat_map(|place| [place.join(self.name()), place.clone()]);
        let mut candidates = candidates.filter(|folder| self.is_in(folder));
        candidates.next().map(Some).ok_or_else(|| {
            let places: Vec<String> = places.0.iter().map(|p| p.display().to_string()).collect();
            let (name, remedy) = (self.name(), self.remedy());
            DatasetError::Missing { name, places: places.join(", "), remedy }
        })
    }

    /// Loads the set.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if its files are missing or damaged.
    pub fn load(self, places: &Places) -> Result<ImageSplits, DatasetError> {
        let Some(folder) = self.find(places)? else {
            return digits();
        };
        let paths: Vec<PathBuf> = self
            .files()
            .iter()
            .map(|file| existing(&folder, file).unwrap_or_else(|| folder.join(file)))
            .collect();
        let classes = self.classes();
        match self {
            Self::Digits | Self::FashionMnist | Self::Mnist | Self::EmnistDigits => {
                Ok(ImageSplits {
                    train: read_idx(&paths[0], &paths[1], classes)?,
                    test: read_idx(&paths[2], &paths[3], classes)?,
                })
            }
            Self::Cifar10 => Ok(ImageSplits {
                train: read_cifar(&paths[..5], 1, classes)?,
                test: read_cifar(&paths[5..], 1, classes)?,
            }),
            Self::Cifar100 => Ok(ImageSplits {
                train: read_cifar(&paths[..1], 2, classes)?,
                test: read_cifar(&paths[1..], 2, classes)?,
            }),
        }
    }

    /// Tells whether a folder has all files of the set.
    pub(crate) fn is_in(self, folder: &Path) -> bool {
        self.files().iter().all(|file| existing(folder, file).is_some())
    }

    /// Returns the names of the files, which may also end in `.gz`; training files come first.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            Self::Digits => &[],
            Self::FashionMnist | Self::Mnist => &[
                "train-images-idx3-ubyte",
                "train-labels-idx1-ubyte",
                "t10k-images-idx3-ubyte",
                "t10k-labels-idx1-ubyte",
            ],
            Self::EmnistDigits => &[
                "emnist-digits-train-images-idx3-ubyte",
                "emnist-digits-train-labels-idx1-ubyte",
                "emnist-digits-test-images-idx3-ubyte",
                "emnist-digits-test-labels-idx1-ubyte",
            ],
            Self::Cifar10 => &[
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
                "test_batch.bin",
            ],
            Self::Cifar100 => &["train.bin", "test.bin"],
        }
    }
}

/// Returns the path of a file, compressed or not, if it is there.
fn existing(folder: &Path, file: &str) -> Option<PathBuf> {
    let paths = [folder.join(file), folder.join(format!("{file}.gz"))];
    paths.into_iter().find(|path| path.exists())
}

fn digits() -> Result<ImageSplits, DatasetError> {
    let digits = Digits::load()?;
    // 16 grey levels become 0 to 240.
    let pixels = digits.images.iter().map(|level| level * 15).collect();
    let all = Images {
        shape: [1, Digits::SIDE, Digits::SIDE],
        classes: 10,
        pixels,
        labels: digits.labels,
    };
    let train = all.first(all.len() * 4 / 5);
    let size = Digits::SIDE * Digits::SIDE;
    let test = Images {
        pixels: all.pixels[train.len() * size..].to_vec(),
        labels: all.labels[train.len()..].to_vec(),
        ..all
    };
    Ok(ImageSplits { train, test })
}
