//! Reading and writing weights.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor};
use burn_store::{
    ApplyError, ApplyResult, BurnpackStore, FloatCastAdapter, KeyRemapper, ModuleAdapter,
    ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore,
};
use safetensors::SafeTensors;

use crate::list::NetworkConfig;

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
    #[error("{path}: weights must be a .safetensors file or Burn's .bpk")]
    Format {
        /// The file.
        path: PathBuf,
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

/// Loads the weights of a network from a file.
///
/// `.safetensors` files may have Burn's layout or PyTorch's, where linear weights are transposed
/// and modules may be named as in the [idiomatic twin](NetworkConfig::pytorch_names); `.bpk` files
/// are Burn's own. The file must hold exactly the parameters of the network: additional ones are an
/// error too, because they belong to another network. Floats are converted to the type of the
/// network.
///
/// # Errors
///
/// [`WeightsError`], after which the network must not be used.
pub fn load<M: Module>(
    network: &mut M,
    config: &NetworkConfig,
    path: &Path,
) -> Result<(), WeightsError> {
    load_named(network, config.pytorch_names(), path)
}

/// Loads weights, using `pytorch_names` to map PyTorch's names.
pub(crate) fn load_named<M: Module>(
    network: &mut M,
    pytorch_names: Vec<(String, String)>,
    path: &Path,
) -> Result<(), WeightsError> {
    let content =
        |reason: String| WeightsError::Content { path: path.to_owned(), reason: one_line(&reason) };
    let cast = FloatCastAdapter::to(float_type(network));
    match path.extension().and_then(OsStr::to_str) {
        Some("safetensors") => {
            let bytes = std::fs::read(path)
                .map_err(|source| WeightsError::Io { path: path.to_owned(), source })?;
            let (_, header) = SafeTensors::read_metadata(&bytes)
                .map_err(|error| content(format!("not a valid safetensors file: {error}")))?;
            let producer = header.metadata().as_ref().and_then(|map| map.get("producer"));
            let is_burns = producer.is_some_and(|producer| producer == "burn");
            let mut store = SafetensorsStore::from_bytes(Some(bytes))
                .skip_enum_variants(true)
                .validate(false) // `check` gives a shorter message
                .allow_partial(true);
            if is_burns {
                store = store.with_from_adapter(cast);
            } else {
                let names = KeyRemapper::from_patterns(pytorch_names)
                    .map_err(|error| content(error.to_string()))?;
                store = store.with_from_adapter(PyTorchToBurnAdapter.chain(cast)).remap(names);
            }
            let result = network.load_from(&mut store).map_err(|e| content(e.to_string()))?;
            check(&result).map_err(content)
        }
        Some("bpk") => {
            std::fs::File::open(path)
                .map_err(|source| WeightsError::Io { path: path.to_owned(), source })?;
            let store = BurnpackStore::from_file(path).validate(false).allow_partial(true);
            let mut store = store.with_from_adapter(cast);
            let result = network.load_from(&mut store).map_err(|e| content(e.to_string()))?;
            check(&result).map_err(content)
        }
        _ => Err(WeightsError::Format { path: path.to_owned() }),
    }
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
fn check(result: &ApplyResult) -> Result<(), String> {
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
    if missing.is_empty() && unused.is_empty() {
        return Ok(());
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
