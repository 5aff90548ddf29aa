//! A batch of examples from a file.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;

use backdraft_datasets::{Array, DatasetError, Header, Layout, Table, Targets, half, read_npz};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::Dtype;
use safetensors::{SafeTensors, tensor::TensorView};

/// Inputs and targets of some examples, in 64-bit floats whatever the file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    inputs: Rows,
    targets: Rows,
    shape: Vec<usize>,
    /// The words that the targets are the indices of, if they are words.
    classes: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rows {
    values: Vec<f64>,
    rows: usize,
    columns: usize,
}

impl Batch {
    /// Reads the arrays `inputs` and `targets` from a `.safetensors` or `.npz` file.
    ///
    /// # Errors
    ///
    /// As [`read_named`](Self::read_named).
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        Self::read_named(path, NAMES)
    }

    /// Reads inputs and targets from two arrays of a `.safetensors` or `.npz` file. Numbers of any type
    /// are widened.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, …]`, the rest being the shape of an example
    /// - targets: `[batch]` or `[batch, targets]`
    ///
    /// # Errors
    ///
    /// [`DatasetError::File`] naming the file and the array.
    pub fn read_named(path: &Path, names: [&str; 2]) -> Result<Self, DatasetError> {
        let arrays = match path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => from_safetensors(path, names)?,
            Some("npz") => read_npz(path, names)?,
            Some("csv" | "tsv") => {
                let reason = "is a table: tell what to predict, such as `--target label`";
                return Err(refuse(path, reason));
            }
            _ => {
                let reason = "is no batch: one is read from .safetensors, .npz or .csv";
                return Err(refuse(path, reason));
            }
        };
        Self::of(arrays, None).map_err(|reason| refuse(path, reason))
    }

    /// Reads the rows of a `.csv` file, of which the column `target` is to be predicted from the
    /// others.
    ///
    /// # Errors
    ///
    /// [`DatasetError::File`] naming the file, the row and the column.
    pub fn read_csv(path: &Path, target: &str, header: Header) -> Result<Self, DatasetError> {
        Self::read_table(path, target, &Layout { header, ..Layout::default() })
    }

    /// Reads the rows of a `.csv` file that is written in another way, or some of whose columns do not
    /// count.
    ///
    /// # Errors
    ///
    /// [`DatasetError::File`] naming the file, the row and the column.
    pub fn read_table(path: &Path, target: &str, layout: &Layout) -> Result<Self, DatasetError> {
        let extension = path.extension().and_then(OsStr::to_str);
        if !matches!(extension, Some("csv" | "tsv")) {
            let reason = "is no .csv: `--target` names a column of a table";
            return Err(refuse(path, reason));
        }
        let table = Table::read(path, target, layout)?;
        let (rows, targets) = (table.len(), table.targets.to_values());
        let inputs = Array { shape: vec![rows, table.features.len()], values: table.inputs };
        let classes = match table.targets {
            Targets::Values(_) => None,
            Targets::Classes { names, .. } => Some(names),
        };
        let targets = Array { shape: vec![rows], values: targets };
        Self::of([inputs, targets], classes).map_err(|reason| refuse(path, reason))
    }

    fn of([inputs, targets]: [Array; 2], classes: Option<Vec<String>>) -> Result<Self, String> {
        let shape = inputs.shape.iter().skip(1).copied().collect();
        let (inputs, targets) = (Rows::of(inputs, NAMES[0])?, Rows::of(targets, NAMES[1])?);
        if inputs.rows != targets.rows {
            let (inputs, targets) = (inputs.rows, targets.rows);
            return Err(format!("holds {inputs} inputs but {targets} targets"));
        }
        Ok(Self { inputs, targets, shape, classes })
    }

    /// Returns some of the examples.
    ///
    /// # Errors
    ///
    /// A sentence if the batch does not have them.
    pub fn examples(mut self, range: Range<usize>) -> Result<Self, String> {
        let held = self.len();
        if range.is_empty() || range.end > held {
            let Range { start, end } = range;
            return Err(format!("holds {held} examples, of which {start}..{end} cannot be taken"));
        }
        for rows in [&mut self.inputs, &mut self.targets] {
            let columns = rows.columns;
            rows.values.truncate(range.end * columns);
            rows.values.drain(..range.start * columns);
            rows.rows = range.len();
        }
        Ok(self)
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

    /// Returns the inputs, example by example.
    pub fn input_values(&self) -> &[f64] {
        &self.inputs.values
    }

    /// Returns the targets, example by example.
    pub fn target_values(&self) -> &[f64] {
        &self.targets.values
    }

    /// Returns the words that the targets are the indices of; `None` if the file holds numbers.
    pub fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    /// Returns the first value that 32-bit floats cannot hold, by its array and its example from 1.
    pub fn beyond_f32(&self) -> Option<(&'static str, usize, f64)> {
        let parts = NAMES.into_iter().zip([&self.inputs, &self.targets]);
        parts.into_iter().find_map(|(name, rows)| {
            let at = rows.values.iter().position(|value| (*value as f32).is_infinite())?;
            Some((name, at / rows.columns + 1, rows.values[at]))
        })
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
    fn of(array: Array, name: &str) -> Result<Self, String> {
        let Array { shape, values } = array;
        let rows = shape.first().copied().unwrap_or(0);
        if rows == 0 || values.is_empty() {
            return Err(format!("holds no examples: `{name}` has shape {shape:?}"));
        }
        let columns = values.len() / rows;
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(Self { columns, rows, values }),
            Some(at) => {
                let (example, value) = (at / columns + 1, values[at]);
                Err(format!(
                    "holds {value} in example {example} of `{name}`: all values must be finite"
                ))
            }
        }
    }

    fn to_tensor(&self, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(self.values.clone(), [self.rows, self.columns]), device)
    }
}

/// The names of the two arrays, in the order in which readers return them.
const NAMES: [&str; 2] = ["inputs", "targets"];

fn refuse(path: &Path, reason: impl AsRef<str>) -> DatasetError {
    DatasetError::file(path, reason)
}

fn from_safetensors(path: &Path, names: [&str; 2]) -> Result<[Array; 2], DatasetError> {
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
            refuse(
                path,
                format!(
                    "has `{name}` of {dtype:?}; use floats of 16 to 64 bits, integers or booleans"
                ),
            )
        })?;
        Ok(Array { values, shape: view.shape().to_vec() })
    };
    Ok([read(names[0])?, read(names[1])?])
}

fn widened(view: &TensorView<'_>) -> Option<Vec<f64>> {
    fn chunks<const N: usize>(bytes: &[u8], value: fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect()
    }
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F32 => chunks(bytes, |b| f64::from(f32::from_le_bytes(b))),
        Dtype::F64 => chunks(bytes, f64::from_le_bytes),
        Dtype::F16 => chunks(bytes, |b| half(u16::from_le_bytes(b))),
        Dtype::BF16 => {
            chunks(bytes, |b| f64::from(f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)))
        }
        Dtype::I8 => chunks(bytes, |b| f64::from(i8::from_le_bytes(b))),
        Dtype::I16 => chunks(bytes, |b| f64::from(i16::from_le_bytes(b))),
        Dtype::U16 => chunks(bytes, |b| f64::from(u16::from_le_bytes(b))),
        Dtype::U32 => chunks(bytes, |b| f64::from(u32::from_le_bytes(b))),
        Dtype::U64 => chunks(bytes, |b| u64::from_le_bytes(b) as f64),
        Dtype::BOOL => chunks(bytes, |[b]| f64::from(u8::from(b != 0))),
        Dtype::I32 => chunks(bytes, |b| f64::from(i32::from_le_bytes(b))),
        Dtype::I64 => chunks(bytes, |b| i64::from_le_bytes(b) as f64),
        Dtype::U8 => chunks(bytes, |[b]| f64::from(b)),
        _ => return None,
    })
}
