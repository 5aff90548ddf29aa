//! A batch of examples from a file.

use std::ffi::OsStr;
use std::path::Path;

use backdraft_datasets::{Array, DatasetError, Table, read_npz};
use burn::tensor::{Device, Tensor, TensorData};
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

impl Batch {
    /// Reads the arrays `inputs` and `targets` from a `.safetensors` or `.npz` file, or the rows of a
    /// `.csv` file of which the column `target` is to be predicted from the others.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, …]`, the rest being the shape of an example
    /// - targets: `[batch]` or `[batch, targets]`
    ///
    /// # Errors
    ///
    /// [`DatasetError::File`] naming the file and the array or column.
    pub fn read(path: &Path, target: Option<&str>) -> Result<Self, DatasetError> {
        let [inputs, targets] = match path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => from_safetensors(path)?,
            Some("npz") => read_npz(path, NAMES)?,
            Some("csv") => {
                let target = target.ok_or_else(|| {
                    refuse(path, "is a table: tell what to predict, such as `--target label`")
                })?;
                from_table(Table::read_csv(path, target)?)
            }
            _ => {
                let reason = "is no batch: one is read from .safetensors, .npz or .csv";
                return Err(refuse(path, reason));
            }
        };
        let split = |array: Array, name: &str| {
            let rows = array.shape.first().copied().unwrap_or(0);
            if rows == 0 || array.values.is_empty() {
                let shape = array.shape;
                return Err(refuse(
                    path,
                    format!("holds no examples: `{name}` has shape {shape:?}"),
                ));
            }
            Ok(Rows { columns: array.values.len() / rows, rows, values: array.values })
        };
        let shape = inputs.shape.iter().skip(1).copied().collect();
        let (inputs, targets) = (split(inputs, NAMES[0])?, split(targets, NAMES[1])?);
        if inputs.rows != targets.rows {
            let (inputs, targets) = (inputs.rows, targets.rows);
            return Err(refuse(path, format!("holds {inputs} inputs but {targets} targets")));
        }
        Ok(Self { inputs, targets, shape })
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

/// The names of the two arrays, in the order in which readers return them.
const NAMES: [&str; 2] = ["inputs", "targets"];

fn refuse(path: &Path, reason: impl AsRef<str>) -> DatasetError {
    DatasetError::file(path, reason)
}

fn from_table(table: Table) -> [Array; 2] {
    let (rows, targets) = (table.len(), table.targets.to_values());
    let inputs = Array { shape: vec![rows, table.features.len()], values: table.inputs };
    [inputs, Array { shape: vec![rows], values: targets }]
}

fn from_safetensors(path: &Path) -> Result<[Array; 2], DatasetError> {
    let bytes =
        std::fs::read(path).map_err(|error| refuse(path, format!("cannot be read: {error}")))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| refuse(path, format!("is no safetensors file: {error}")))?;
    let read = |name: &str| {
        let view = file.tensor(name).map_err(|_| {
            let names = file.names().join(", ");
            refuse(path, format!("has no tensor `{name}`; it holds {names}"))
        })?;
        let values = widened(&view).ok_or_else(|| {
            let dtype = view.dtype();
            refuse(path, format!("has `{name}` of {dtype:?}; use 32- or 64-bit numbers"))
        })?;
        Ok(Array { values, shape: view.shape().to_vec() })
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
