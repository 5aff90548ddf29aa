//! Downloads of data sets.

mod remote;
mod unpack;

use std::fs;
use std::path::Path;

pub use remote::{Progress, Remote};

use crate::error::DatasetError;
use crate::image_set::ImageSet;
use remote::failed;

/// Where the files of a set are published.
struct Published {
    /// Address of their folder, with a slash at the end.
    folder: &'static str,
    /// Published name and MD5 of each file.
    files: &'static [(&'static str, &'static str)],
}

impl ImageSet {
    /// Downloads the set into `folder`, from its publisher or from a mirror: the address of a folder with
    /// the same files. Files that exist are kept; an interrupted download resumes.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Download`] if the download fails, [`DatasetError::File`] if the disk does.
    pub fn fetch(
        self,
        folder: &Path,
        mirror: Option<&str>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), DatasetError> {
        let Some(Published { folder: published, files }) = self.published() else {
            return Err(failed(self.name(), self.remedy()));
        };
        fs::create_dir_all(folder)
            .map_err(|error| DatasetError::file(folder, format!("cannot be created: {error}")))?;
        let source = mirror.unwrap_or(published).trim_end_matches('/');
        for (name, md5) in files {
            let remote = Remote { url: format!("{source}/{name}"), md5: (*md5).to_owned() };
            let is_archive = name.ends_with(".tar.gz");
            if is_archive && self.is_in(folder) {
                continue;
            }
            let target = folder.join(name);
            remote.download(&target, progress)?;
            if is_archive {
                unpack::unpack(&target, folder, self.files())?;
                fs::remove_file(&target).map_err(|error| {
                    DatasetError::file(&target, format!("cannot be removed: {error}"))
                })?;
            }
        }
        Ok(())
    }

    fn published(self) -> Option<Published> {
        match self {
            Self::Digits | Self::EmnistDigits => None,
            Self::FashionMnist => Some(Published {
                folder: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                files: &[
                    ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
                    ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
                    ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
                    ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
                ],
            }),
            Self::Mnist => Some(Published {
                folder: "https://ossci-datasets.s3.amazonaws.com/mnist/",
                files: &[
                    ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                    ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
                    ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
                    ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
                ],
            }),
            Self::Cifar10 => Some(Published {
                folder: "https://www.cs.toronto.edu/~kriz/",
                files: &[("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")],
            }),
            Self::Cifar100 => Some(Published {
                folder: "https://www.cs.toronto.edu/~kriz/",
                files: &[("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8")],
            }),
        }
    }
}
