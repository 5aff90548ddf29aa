//! Arrays in NumPy's archives.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use npyz::npz::{array_name_from_file_name, file_name_from_array_name};
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};
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
    let mut archive = opened(path)?;
    let held = held(&archive).join(", ");
    let mut arrays = names.map(|_| Array { values: vec![], shape: vec![] });
    for (name, array) in names.into_iter().zip(&mut arrays) {
        let found = of_name(&mut archive, name);
        let found = found.map_err(|reason| DatasetError::file(path, reason))?;
        *array = found.ok_or_else(|| {
            DatasetError::file(path, format!("has no array `{name}`; it holds {held}"))
        })?;
    }
    Ok(arrays)
}

/// Reads every array of an `.npz` file, with its name. Together they may take 1 GiB.
///
/// # Errors
///
/// [`DatasetError::File`] naming the array that does not hold numbers.
pub fn read_npz_whole(path: &Path) -> Result<Vec<(String, Array)>, DatasetError> {
    let mut archive = opened(path)?;
    let (mut arrays, mut total) = (Vec::new(), 0);
    for name in held(&archive) {
        let found = of_name(&mut archive, &name);
        let found = found.map_err(|reason| DatasetError::file(path, reason))?;
        let Some(array) = found else { continue };
        total += array.values.len() as u64;
        if total > LARGEST / size_of::<f64>() as u64 {
            return Err(DatasetError::file(path, "holds arrays of more than 1 GiB together"));
        }
        arrays.push((name, array));
    }
    Ok(arrays)
}

type Archive = ZipArchive<BufReader<File>>;

fn opened(path: &Path) -> Result<Archive, DatasetError> {
    let refuse = |reason: String| DatasetError::file(path, reason);
    let file = File::open(path).map_err(|error| refuse(format!("cannot be opened: {error}")))?;
    ZipArchive::new(BufReader::new(file))
        .map_err(|error| refuse(format!("is no npz file: {error}")))
}

/// Returns the names of the arrays.
fn held(archive: &Archive) -> Vec<String> {
    let names = archive.file_names().filter_map(Result::ok);
    names.filter_map(|name| array_name_from_file_name(&name).map(str::to_owned)).collect()
}

fn of_name(archive: &mut Archive, name: &str) -> Result<Option<Array>, String> {
    let found = match archive.by_name(&file_name_from_array_name(name)) {
        Err(ZipError::FileNotFound) => return Ok(None),
        found => found.map_err(|error| format!("`{name}`: {error}"))?,
    };
    read(found).map(Some).map_err(|reason| format!("`{name}` {reason}"))
}

fn read(mut file: impl Read) -> Result<Array, String> {
    let header =
        NpyHeader::from_reader(&mut file).map_err(|error| format!("is no array: {error}"))?;
    let dtype = header.dtype();
    let unreadable = || format!("of type {} cannot be read as numbers", dtype.descr());
    let DType::Plain(plain) = &dtype else { return Err(unreadable()) };
    let number = Number::of(plain.type_char(), plain.size_field()).ok_or_else(unreadable)?;
    // What the header declares is allocated only once the file has it.
    let count = header.shape().iter().try_fold(1u64, |count, size| count.checked_mul(*size));
    let too_large = || format!("of shape {:?} takes more than 1 GiB", header.shape());
    let count = count.filter(|count| *count <= LARGEST / 8).ok_or_else(too_large)?;
    let mut bytes = Vec::new();
    let expected = count * number.size as u64;
    file.take(expected).read_to_end(&mut bytes).map_err(|error| format!("is damaged: {error}"))?;
    if (bytes.len() as u64) < expected {
        return Err(unreadable());
    }
    if plain.endianness() == Endianness::Big {
        bytes.chunks_exact_mut(number.size).for_each(<[u8]>::reverse);
    }
    let values: Vec<f64> = bytes.chunks_exact(number.size).filter_map(number.value).collect();
    let shape: Vec<usize> = header.shape().iter().map(|size| *size as usize).collect();
    let values = match header.order() {
        Order::C => values,
        Order::Fortran => row_major(&values, &shape),
    };
    Ok(Array { values, shape })
}

/// Reorders numbers that lie column by column.
fn row_major(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let place = |mut element: usize| {
        // From the last axis on, which changes fastest here and slowest there.
        let mut indices = vec![0; shape.len()];
        for (index, size) in indices.iter_mut().zip(shape).rev() {
            *index = element % size;
            element /= size;
        }
        indices.iter().zip(shape).rev().fold(0, |place, (index, size)| place * size + index)
    };
    (0..values.len()).filter_map(|element| values.get(place(element)).copied()).collect()
}

/// How a number lies in memory, little-endian.
struct Number {
    size: usize,
    value: fn(&[u8]) -> Option<f64>,
}

impl Number {
    fn of(kind: TypeChar, size: u64) -> Option<Self> {
        let value: fn(&[u8]) -> Option<f64> = match (kind, size) {
            (TypeChar::Float, 8) => |b| Some(f64::from_le_bytes(b.try_into().ok()?)),
            (TypeChar::Float, 4) => |b| Some(f64::from(f32::from_le_bytes(b.try_into().ok()?))),
            (TypeChar::Float, 2) => |b| Some(half(u16::from_le_bytes(b.try_into().ok()?))),
            (TypeChar::Int, 8) => |b| Some(i64::from_le_bytes(b.try_into().ok()?) as f64),
            (TypeChar::Int, 4) => |b| Some(f64::from(i32::from_le_bytes(b.try_into().ok()?))),
            (TypeChar::Int, 2) => |b| Some(f64::from(i16::from_le_bytes(b.try_into().ok()?))),
            (TypeChar::Int, 1) => |b| Some(f64::from(i8::from_le_bytes(b.try_into().ok()?))),
            (TypeChar::Uint, 8) => |b| Some(u64::from_le_bytes(b.try_into().ok()?) as f64),
            (TypeChar::Uint, 4) => |b| Some(f64::from(u32::from_le_bytes(b.try_into().ok()?))),
            (TypeChar::Uint, 2) => |b| Some(f64::from(u16::from_le_bytes(b.try_into().ok()?))),
            (TypeChar::Uint, 1) => |b| b.first().map(|byte| f64::from(*byte)),
            (TypeChar::Bool, 1) => |b| b.first().map(|byte| f64::from(u8::from(*byte != 0))),
            _ => return None,
        };
        Some(Self { size: size as usize, value })
    }
}

/// Widens a float of 16 bits (IEEE 754 binary16).
pub fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_16_bits_are_widened_and_columns_become_rows() {
        let bits = [0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x3555];
        let values = [1.0, -2.0, 5.960464477539063e-8, 65504.0, f64::INFINITY, 0.333251953125];
        assert_eq!(bits.map(half), values);
        assert!(half(0x7e00).is_nan());
        assert_eq!(row_major(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0], &[2, 3]), [1., 2., 3., 4., 5., 6.]);
        let cube = [0., 4., 2., 6., 1., 5., 3., 7.];
        assert_eq!(row_major(&cube, &[2, 2, 2]), [0., 1., 2., 3., 4., 5., 6., 7.]);
    }
}
