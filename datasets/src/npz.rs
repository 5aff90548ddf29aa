//! Arrays in NumPy's archives.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use npyz::npz::{array_name_from_file_name, file_name_from_array_name};
use npyz::{DType, NpyFile, TypeChar};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::bounded::LARGEST;
use crate::error::DatasetError;

/// Numbers with their shape, as 64-bit floats whatever the type in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The numbers, in row-major order.
    pub values: Vec<f64>,
    /// The sizes of the axes.
    pub shape: Vec<usize>,
}

/// Reads arrays by name from an `.npz` file.
///
/// # Errors
///
/// [`DatasetError::File`] naming the array that is missing or does not hold numbers.
pub fn read_npz<const N: usize>(path: &Path, names: [&str; N]) -> Result<[Array; N], DatasetError> {
    let refuse = |reason: String| DatasetError::file(path, reason);
    let file = File::open(path).map_err(|error| refuse(format!("cannot be opened: {error}")))?;
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| refuse(format!("is no npz file: {error}")))?;
    let names_held = archive.file_names().filter_map(Result::ok);
    let held: Vec<String> =
        names_held.filter_map(|name| array_name_from_file_name(&name).map(str::to_owned)).collect();
    let held = held.join(", ");
    let mut arrays = names.map(|_| Array { values: vec![], shape: vec![] });
    for (name, array) in names.into_iter().zip(&mut arrays) {
        let found = match archive.by_name(&file_name_from_array_name(name)) {
            Err(ZipError::FileNotFound) => {
                return Err(refuse(format!("has no array `{name}`; it holds {held}")));
            }
            found => found.map_err(|error| refuse(format!("`{name}`: {error}")))?,
        };
        let found = NpyFile::new(found).map_err(|error| refuse(format!("`{name}`: {error}")))?;
        *array = read(found).map_err(|reason| refuse(format!("`{name}` {reason}")))?;
    }
    Ok(arrays)
}

fn read<R: Read>(array: NpyFile<R>) -> Result<Array, String> {
    if array.order() != npyz::Order::C {
        let hint = "save it with numpy.ascontiguousarray";
        return Err(format!("is in column-major order: {hint}"));
    }
    // The reader allocates whatever the header declares.
    let count = array.shape().iter().try_fold(1u64, |count, size| count.checked_mul(*size));
    if count.is_none_or(|count| count > LARGEST / size_of::<f64>() as u64) {
        return Err(format!("of shape {:?} takes more than 1 GiB", array.shape()));
    }
    let shape = array.shape().iter().map(|size| *size as usize).collect();
    let dtype = array.dtype();
    let values = numbers(array, &dtype)
        .ok_or_else(|| format!("of type {} cannot be read as numbers", dtype.descr()))?;
    Ok(Array { values, shape })
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
