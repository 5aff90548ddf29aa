//! Tensors by name, from the files of other programs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path};

use backdraft_datasets::read_npz_whole;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::WeightsError;

/// A tensor as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileTensor {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Little-endian, in row-major order.
    pub(super) bytes: Vec<u8>,
}

/// The tensors of a file, and whether Burn wrote it.
pub(super) struct Content {
    pub(super) tensors: Vec<FileTensor>,
    pub(super) is_burns: bool,
}

/// Tells whether a file is one that names the shards of a network.
pub(super) fn is_index(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(".index.json"))
}

/// Reads a `.safetensors` file, the index of several, or an `.npz` archive.
pub(super) fn read(path: &Path) -> Result<Content, WeightsError> {
    if is_index(path) {
        return Ok(Content { tensors: shards(path)?, is_burns: false });
    }
    match path.extension().and_then(OsStr::to_str) {
        Some("safetensors") => one(path),
        Some("npz") => npz(path),
        _ => Err(WeightsError::Format { path: path.to_owned() }),
    }
}

fn content(path: &Path, reason: String) -> WeightsError {
    WeightsError::Content { path: path.to_owned(), reason }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, WeightsError> {
    fs::read(path).map_err(|source| WeightsError::Io { path: path.to_owned(), source })
}

fn one(path: &Path) -> Result<Content, WeightsError> {
    let bytes = bytes_of(path)?;
    let invalid = |error| content(path, format!("not a valid safetensors file: {error}"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(invalid)?;
    let producer = header.metadata().as_ref().and_then(|map| map.get("producer"));
    let is_burns = producer.is_some_and(|producer| producer == "burn");
    let file = SafeTensors::deserialize(&bytes).map_err(invalid)?;
    let owned = |(name, view): (&str, TensorView<'_>)| FileTensor {
        name: name.to_owned(),
        dtype: view.dtype(),
        shape: view.shape().to_vec(),
        bytes: view.data().to_vec(),
    };
    let mut tensors: Vec<FileTensor> = file.iter().map(owned).collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Content { tensors, is_burns })
}

/// The index of a sharded network: which file holds which tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

fn shards(path: &Path) -> Result<Vec<FileTensor>, WeightsError> {
    let index: Index = serde_json::from_slice(&bytes_of(path)?)
        .map_err(|error| content(path, format!("no index of safetensors files: {error}")))?;
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, file) in &index.weight_map {
        by_file.entry(file).or_default().push(name);
    }
    let mut tensors = Vec::new();
    for (file, names) in by_file {
        // What lies elsewhere is none of the network's files.
        let parts: Vec<Component<'_>> = Path::new(file).components().collect();
        if !matches!(parts[..], [Component::Normal(_)]) {
            return Err(content(path, format!("`{file}` is no file beside the index")));
        }
        let mut held = one(&path.with_file_name(file))?.tensors;
        if let Some(absent) = names.iter().find(|name| held.iter().all(|t| t.name != **name)) {
            return Err(content(path, format!("`{file}` does not hold `{absent}`")));
        }
        held.retain(|tensor| names.contains(&tensor.name.as_str()));
        tensors.append(&mut held);
    }
    Ok(tensors)
}

fn npz(path: &Path) -> Result<Content, WeightsError> {
    let arrays = read_npz_whole(path)?;
    let tensors = arrays.into_iter().map(|(name, array)| FileTensor {
        name,
        dtype: Dtype::F64,
        shape: array.shape,
        bytes: array.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    });
    Ok(Content { tensors: tensors.collect(), is_burns: false })
}

/// Writes tensors as a `.safetensors` file in memory.
pub(super) fn to_safetensors(tensors: &[FileTensor]) -> Result<Vec<u8>, String> {
    let views = tensors.iter().map(|tensor| {
        let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes);
        view.map(|view| (tensor.name.as_str(), view)).map_err(|error| error.to_string())
    });
    let views: Vec<_> = views.collect::<Result<_, _>>()?;
    safetensors::serialize(views, None).map_err(|error| error.to_string())
}
