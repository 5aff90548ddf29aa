//! Reading and writing weights.

mod file;
mod mismatch;
mod names;
mod weight_norm;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor};
use burn_store::{
    ApplyError, ApplyResult, BurnToPyTorchAdapter, BurnpackStore, FloatCastAdapter, ModuleAdapter,
    ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore,
};
pub use mismatch::Mismatch;

use crate::list::NetworkConfig;
use file::FileTensor;
use names::{Renames, matched, unwrapped, with_prefix};

/// Why weights cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be opened.
    #[error("the weights in {path} cannot be read")]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The extension of the file is unknown.
    #[error(
        "{path}: weights must be a .safetensors file, the .index.json of several, an .npz or Burn's .bpk"
    )]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The arrays of an `.npz` file cannot be read.
    #[error(transparent)]
    Arrays(#[from] backdraft_datasets::DatasetError),
    /// The tensors are not those of the network.
    #[error("{path}: {mismatch}")]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What does not match.
        mismatch: Box<Mismatch>,
    },
    /// The content does not match the format or the network.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What does not match.
        reason: String,
    },
}

/// How the tensors of a file are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// What the names of the network's tensors begin with; found by itself if not told.
    pub prefix: Option<String>,
    /// Regular expressions with their replacements, applied to the names in the file one after the other.
    pub renames: Vec<(String, String)>,
    /// Whether the file may hold more than the network.
    pub is_partial: bool,
}

/// What was found on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// What the names of the network's tensors began with.
    pub prefix: String,
    /// The weights that were normalised and are folded into plain ones.
    pub folded: usize,
    /// The tensors that were left out.
    pub left_out: Vec<String>,
}

/// Loads the weights of a network from a file.
///
/// `.safetensors` files, or several with an index, may have Burn's layout or PyTorch's, where linear weights
/// are transposed and modules may be named as in the [idiomatic twin](NetworkConfig::pytorch_names), below
/// any prefix; `.npz` files have PyTorch's; `.bpk` files are Burn's own. The file must hold exactly the
/// parameters of the network: additional ones are an error too, because they belong to another network.
/// Floats are converted to the type of the network.
///
/// # Errors
///
/// [`WeightsError`], after which the network must not be used.
pub fn load<M: Module>(
    network: &mut M,
    config: &NetworkConfig,
    path: &Path,
) -> Result<(), WeightsError> {
    load_with(network, config, path, &LoadOptions::default()).map(drop)
}

/// Loads the weights of a network from a file whose tensors are named as the options say.
///
/// # Errors
///
/// [`WeightsError`], after which the network must not be used.
pub fn load_with<M: Module>(
    network: &mut M,
    config: &NetworkConfig,
    path: &Path,
    options: &LoadOptions,
) -> Result<Loaded, WeightsError> {
    load_named_with(network, config.pytorch_names(), path, options)
}

/// Loads weights, using `pytorch_names` to map PyTorch's names.
pub(crate) fn load_named<M: Module>(
    network: &mut M,
    pytorch_names: Vec<(String, String)>,
    path: &Path,
) -> Result<(), WeightsError> {
    load_named_with(network, pytorch_names, path, &LoadOptions::default()).map(drop)
}

fn load_named_with<M: Module>(
    network: &mut M,
    pytorch_names: Vec<(String, String)>,
    path: &Path,
    options: &LoadOptions,
) -> Result<Loaded, WeightsError> {
    let content =
        |reason: String| WeightsError::Content { path: path.to_owned(), reason: one_line(&reason) };
    let cast = FloatCastAdapter::to(float_type(network));
    if path.extension().and_then(OsStr::to_str) == Some("bpk") {
        std::fs::File::open(path)
            .map_err(|source| WeightsError::Io { path: path.to_owned(), source })?;
        let store = BurnpackStore::from_file(path).validate(false).allow_partial(true);
        let mut store = store.with_from_adapter(cast);
        let result = network.load_from(&mut store).map_err(|e| content(e.to_string()))?;
        return check(&result, options.is_partial).map_err(content);
    }
    let held = file::read(path)?;
    if held.is_burns {
        let bytes = file::to_safetensors(&held.tensors).map_err(content)?;
        let mut store = in_memory(bytes).with_from_adapter(cast);
        let result = network.load_from(&mut store).map_err(|e| content(e.to_string()))?;
        return check(&result, options.is_partial).map_err(content);
    }
    let (tensors, loaded) = fitted(network, &pytorch_names, path, held.tensors, options)?;
    let bytes = file::to_safetensors(&tensors).map_err(content)?;
    let mut store = in_memory(bytes).with_from_adapter(PyTorchToBurnAdapter.chain(cast));
    let result = network.load_from(&mut store).map_err(|e| content(e.to_string()))?;
    check(&result, false).map_err(content)?;
    Ok(loaded)
}

fn in_memory(bytes: Vec<u8>) -> SafetensorsStore {
    SafetensorsStore::from_bytes(Some(bytes))
        .skip_enum_variants(true)
        .validate(false) // `check` gives a shorter message
        .allow_partial(true)
}

/// Gives the tensors of a file the names of the network, if they are its parameters.
fn fitted<M: Module>(
    network: &M,
    pytorch_names: &[(String, String)],
    path: &Path,
    mut tensors: Vec<FileTensor>,
    options: &LoadOptions,
) -> Result<(Vec<FileTensor>, Loaded), WeightsError> {
    let content = |reason: String| WeightsError::Content { path: path.to_owned(), reason };
    let theirs = Renames::new(pytorch_names).map_err(content)?;
    let users = Renames::new(&options.renames).map_err(|error| content(one_line(&error)))?;
    // PyTorch's count of batches in batch normalisation is no parameter.
    tensors.retain(|tensor| !tensor.name.ends_with("num_batches_tracked"));
    tensors.iter_mut().for_each(|t| t.name = unwrapped(&users.apply(&t.name)));
    let folded = weight_norm::fold(&mut tensors).map_err(content)?;
    let expected: Vec<(String, Vec<usize>)> = network
        .collect(None, Some(Box::new(BurnToPyTorchAdapter)), true)
        .into_iter()
        .map(|tensor| (tensor.name, tensor.shape.iter().copied().collect()))
        .collect();
    let wanted: HashSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<String> = tensors.iter().map(|tensor| tensor.name.clone()).collect();
    let found = match &options.prefix {
        Some(prefix) => with_prefix(&names, prefix, &theirs),
        None => matched(&names, &wanted, &theirs).map_err(|[one, other]| {
            content(format!(
                "it holds several such networks, below `{one}` and `{other}`: choose with `--prefix`"
            ))
        })?,
    };
    let mut loaded = Loaded { prefix: found.prefix, folded, left_out: Vec::new() };
    let (mut mismatch, mut taken) = (Mismatch::default(), Vec::new());
    for (mut tensor, name) in tensors.into_iter().zip(found.names) {
        match name {
            Some(name) if wanted.contains(name.as_str()) => {
                tensor.name = name;
                taken.push(tensor);
            }
            // What does not have the prefix that the user gives is not meant.
            None if options.prefix.is_some() => loaded.left_out.push(tensor.name),
            _ if options.is_partial => {
                mismatch.extra.push((tensor.name.clone(), tensor.shape));
                loaded.left_out.push(tensor.name);
            }
            _ => mismatch.extra.push((tensor.name, tensor.shape)),
        }
    }
    for (name, shape) in expected {
        match taken.iter().find(|tensor| tensor.name == name) {
            None => mismatch.missing.push((name, shape)),
            Some(tensor) if tensor.shape != shape => {
                mismatch.reshaped.push((name, shape, tensor.shape.clone()));
            }
            Some(_) => {}
        }
    }
    let is_allowed = options.is_partial || mismatch.extra.is_empty();
    if mismatch.missing.is_empty() && mismatch.reshaped.is_empty() && is_allowed {
        return Ok((taken, loaded));
    }
    Err(WeightsError::Mismatch { path: path.to_owned(), mismatch: Box::new(mismatch) })
}

/// Saves the weights of a network in Burn's layout, as `.safetensors` or `.bpk`.
///
/// # Errors
///
/// [`WeightsError`] if the extension is unknown or the file cannot be written.
pub fn save<M: Module>(network: &M, path: &Path) -> Result<(), WeightsError> {
    let content =
        |reason: String| WeightsError::Content { path: path.to_owned(), reason: one_line(&reason) };
    match path.extension().and_then(OsStr::to_str) {
        Some("safetensors") => {
            let store = SafetensorsStore::from_file(path).skip_enum_variants(true);
            network.save_into(&mut store.overwrite(true)).map_err(|e| content(e.to_string()))
        }
        Some("bpk") => {
            let store = BurnpackStore::from_file(path);
            network.save_into(&mut store.overwrite(true)).map_err(|e| content(e.to_string()))
        }
        _ => Err(WeightsError::Format { path: path.to_owned() }),
    }
}

/// Returns the float type of a network, which is the same for all parameters.
fn float_type<M: Module>(network: &M) -> DType {
    struct OfFloats(DType);

    impl ModuleVisitor for OfFloats {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            self.0 = parameter.val().dtype();
        }
    }

    let mut floats = OfFloats(DType::F32);
    network.visit(&mut floats);
    floats.0
}

/// Checks that every parameter came from the file and that nothing is left over, except PyTorch's
/// count of batches in batch normalisation.
fn check(result: &ApplyResult, is_partial: bool) -> Result<Loaded, String> {
    match result.errors.first() {
        None => {}
        Some(ApplyError::ShapeMismatch { path, expected, found }) => {
            return Err(format!(
                "`{path}` has shape {:?} in the file but {:?} in the network: these are weights of \
                 another configuration",
                found.to_vec(),
                expected.to_vec()
            ));
        }
        Some(error) => return Err(error.to_string()),
    }
    let missing: Vec<&str> = result.missing.iter().map(|(path, _)| path.as_str()).collect();
    let is_foreign = |name: &&str| !name.ends_with("num_batches_tracked");
    let unused: Vec<&str> = result.unused.iter().map(String::as_str).filter(is_foreign).collect();
    let tell = |names: &[&str]| match names {
        [] => "none".to_owned(),
        [name] => format!("`{name}`"),
        [name, others @ ..] => format!("`{name}` and {} more", others.len()),
    };
    if missing.is_empty() && (unused.is_empty() || is_partial) {
        let left_out = unused.into_iter().map(str::to_owned).collect();
        return Ok(Loaded { left_out, ..Loaded::default() });
    }
    Err(format!(
        "these are weights of another configuration: the network lacks values for {}, the file has \
         unknown tensors {}",
        tell(&missing),
        tell(&unused)
    ))
}

/// Flattens Burn's framed error report into one line.
fn one_line(report: &str) -> String {
    let words = report.split(|c: char| c.is_whitespace() || "│┌└├─".contains(c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
