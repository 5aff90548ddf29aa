#![doc = include_str!("../README.md")]

mod augmentation;
mod bounded;
mod cifar;
mod digits;
mod error;
mod examples;
#[cfg(feature = "fetch")]
mod fetch;
mod idx;
mod image_set;
mod images;
mod npz;
mod rng;
mod sequences;
mod split;
mod standardise;
mod table;
mod task;
mod teacher;

pub use augmentation::Augmentation;
pub use cifar::read_cifar;
pub use digits::Digits;
pub use error::DatasetError;
pub use examples::{Example, Examples};
#[cfg(feature = "fetch")]
pub use fetch::{Progress, Remote};
pub use idx::read_idx;
pub use image_set::{DATA_VARIABLE, ImageSet, Places};
pub use images::{ImageSplits, Images};
pub use npz::{Array, half, read_npz, read_npz_whole};
pub use sequences::{Answer, SequenceTask, Sequences};
pub use split::{TrainTest, stratified_indices, stratified_split};
pub use standardise::Standardisation;
pub use table::{Header, Layout, Table, Targets};
pub use task::BinaryTask;
pub use teacher::TeacherConfig;
