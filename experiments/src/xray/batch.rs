//! A batch of examples from a file.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use npyz::npz::NpzArchive;
use npyz::{DType, NpyFile, TypeChar};
use safetensors::tensor::Dtype;
use safetensors::{SafeTensors, tensor::TensorView};

/// Inputs and targets of some examples, in 64-bit floats whatever the file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    inputs: Rows,
    targets: Rows,
    shape: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rows {
    values: Vec<f64>,
    rows: usize,
    columns: usize,
}

/// Why a batch could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The file cannot be opened.
    #[error("the batch in {path} cannot be read")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file does not hold a batch.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is missing or does not fit.
        reason: String,
    },
}

impl Batch {
    /// Reads the arrays `inputs` and `targets` from a `.safetensors` or `.npz` file.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, …]`, the rest being the shape of an example
    /// - targets: `[batch]` or `[batch, targets]`
    ///
    /// # Errors
    ///
    /// [`BatchError`] naming the file and the array.
    pub fn read(path: &Path) -> Result<Self, BatchError> {
        let arrays = match path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => from_safetensors(path)?,
            Some("npz") => from_npz(path)?,
            _ => {
                return Err(content(
                    path,
                    "a batch is read from .safetensors or .npz, not from this",
                ));
            }
        };
        let [(inputs, shape), (targets, target_shape)] = arrays;
        let split = |values: Vec<f64>, shape: &[usize], name: &str| {
            let rows = shape.first().copied().unwrap_or(0);
            if rows == 0 {
                return Err(content(
                    path,
                    format!("`{name}` of shape {shape:?} holds no examples"),
                ));
            }
            Ok(Rows { columns: values.len() / rows, rows, values })
        };
        let inputs = split(inputs, &shape, "inputs")?;
        let targets = split(targets, &target_shape, "targets")?;
        if inputs.rows != targets.rows {
            let (inputs, targets) = (inputs.rows, targets.rows);
            let reason = format!("there are {inputs} inputs but {targets} targets");
            return Err(content(path, reason));
        }
        Ok(Self { inputs, targets, shape: shape[1..].to_vec() })
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.inputs.rows
    }

    /// Tells whether there are no examples; there always are, a batch without is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the shape of an example.
    pub fn example_shape(&self) -> &[usize] {
        &self.shape
    }

    /// Returns the number of targets of an example.
    pub fn targets_each(&self) -> usize {
        self.targets.columns
    }

    /// Returns the targets, example by example.
    pub fn target_values(&self) -> &[f64] {
        &self.targets.values
    }

    /// Puts the inputs on a device, shape `[batch, elements]`.
    pub fn inputs(&self, device: &Device) -> Tensor<2> {
        self.inputs.to_tensor(device)
    }

    /// Puts the targets on a device, shape `[batch, targets]`.
    pub fn targets(&self, device: &Device) -> Tensor<2> {
        self.targets.to_tensor(device)
    }
}

impl Rows {
    fn to_tensor(&self, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(self.values.clone(), [self.rows, self.columns]), device)
    }
}

type Array = (Vec<f64>, Vec<usize>);

/// The names of the two arrays, in the order in which readers return them.
const NAMES: [&str; 2] = ["inputs", "targets"];

fn content(path: &Path, reason: impl Into<String>) -> BatchError {
    BatchError::Content { path: path.to_owned(), reason: reason.into() }
}

fn from_safetensors(path: &Path) -> Result<[Array; 2], BatchError> {
    let bytes =
        std::fs::read(path).map_err(|source| BatchError::Io { path: path.to_owned(), source })?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| content(path, format!("this is no safetensors file: {error}")))?;
    let read = |name: &str| {
        let view = file.tensor(name).map_err(|_| {
            let names = file.names().join(", ");
            content(path, format!("there is no tensor `{name}`; the file holds {names}"))
        })?;
        let values = widened(&view).ok_or_else(|| {
            content(path, format!("`{name}` holds {:?}; use 32- or 64-bit numbers", view.dtype()))
        })?;
        Ok((values, view.shape().to_vec()))
    };
    Ok([read(NAMES[0])?, read(NAMES[1])?])
}

fn widened(view: &TensorView<'_>) -> Option<Vec<f64>> {
    fn chunks<const N: usize>(bytes: &[u8], value: fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect()
    }
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F32 => chunks(bytes, |b| f64::from(f32::from_le_bytes(b))),
        Dtype::F64 => chunks(bytes, f64::from_le_bytes),
        Dtype::I32 => chunks(bytes, |b| f64::from(i32::from_le_bytes(b))),
        Dtype::I64 => chunks(bytes, |b| i64::from_le_bytes(b) as f64),
        Dtype::U8 => chunks(bytes, |[b]| f64::from(b)),
        _ => return None,
    })
}

fn from_npz(path: &Path) -> Result<[Array; 2], BatchError> {
    let io = |source| BatchError::Io { path: path.to_owned(), source };
    let mut archive = NpzArchive::new(File::open(path).map_err(io)?)
        .map_err(|error| content(path, format!("this is no npz file: {error}")))?;
    let names = archive.array_names().collect::<Vec<_>>().join(", ");
    let mut read = |name: &str| {
        let array = archive.by_name(name).map_err(|error| content(path, error.to_string()))?;
        let Some(array) = array else {
            return Err(content(
                path,
                format!("there is no array `{name}`; the file holds {names}"),
            ));
        };
        let shape = array.shape().iter().map(|size| *size as usize).collect();
        if array.order() != npyz::Order::C {
            let hint = "save it with numpy.ascontiguousarray";
            return Err(content(path, format!("`{name}` is in column-major order: {hint}")));
        }
        let dtype = array.dtype();
        let values = numbers(array, &dtype).ok_or_else(|| {
            let reason = format!("`{name}` of {} cannot be read as numbers", dtype.descr());
            content(path, reason)
        })?;
        Ok((values, shape))
    };
    Ok([read(NAMES[0])?, read(NAMES[1])?])
}

/// Reads an array of the usual number types; `None` for others or a truncated file.
fn numbers<R: Read>(array: NpyFile<R>, dtype: &DType) -> Option<Vec<f64>> {
    let DType::Plain(plain) = dtype else { return None };
    match (plain.type_char(), plain.size_field()) {
        (TypeChar::Float, 8) => array.into_vec::<f64>().ok(),
        (TypeChar::Float, 4) => array.into_vec::<f32>().ok().map(wide),
        (TypeChar::Int, 4) => array.into_vec::<i32>().ok().map(wide),
        (TypeChar::Int, 8) => {
            array.into_vec::<i64>().ok().map(|values| values.iter().map(|v| *v as f64).collect())
        }
        (TypeChar::Uint, 1) => array.into_vec::<u8>().ok().map(wide),
        (TypeChar::Bool, 1) => {
            let values = array.into_vec::<bool>().ok()?;
            Some(values.iter().map(|value| f64::from(u8::from(*value))).collect())
        }
        _ => None,
    }
}

fn wide<T: Into<f64>>(values: Vec<T>) -> Vec<f64> {
    values.into_iter().map(Into::into).collect()
}
