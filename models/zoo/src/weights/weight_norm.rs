//! Weight normalisation (Salimans & Kingma, 2016), folded into plain weights: w = g v / ‖v‖.

use std::collections::HashMap;

use burn::tensor::{Bytes, DType, TensorData};
use safetensors::Dtype;

use super::file::FileTensor;

/// Replaces every pair of magnitude and direction by the weight that they are. Returns how many there were.
///
/// Both of PyTorch's forms are known: `weight_g` with `weight_v`, and
/// `parametrizations.weight.original0` with `original1`.
pub(super) fn fold(tensors: &mut Vec<FileTensor>) -> Result<usize, String> {
    let places: HashMap<&str, usize> =
        tensors.iter().enumerate().map(|(at, tensor)| (tensor.name.as_str(), at)).collect();
    let mut pairs = Vec::new();
    for (direction, tensor) in tensors.iter().enumerate() {
        let Some((weight, magnitude)) = parts(&tensor.name) else { continue };
        if let Some(magnitude) = places.get(magnitude.as_str()) {
            pairs.push((weight, *magnitude, direction));
        }
    }
    let mut is_folded = vec![false; tensors.len()];
    let mut weights = Vec::new();
    for (name, magnitude, direction) in &pairs {
        weights.push(folded(name, &tensors[*magnitude], &tensors[*direction])?);
        is_folded[*magnitude] = true;
        is_folded[*direction] = true;
    }
    let mut is_folded = is_folded.into_iter();
    tensors.retain(|_| is_folded.next() == Some(false));
    tensors.append(&mut weights);
    Ok(pairs.len())
}

/// Returns the names of the weight and of its magnitude if `direction` can be that of a direction.
fn parts(direction: &str) -> Option<(String, String)> {
    if let Some(weight) = direction.strip_suffix("_v") {
        return Some((weight.to_owned(), format!("{weight}_g")));
    }
    let path = direction.strip_suffix(".original1")?;
    let (module, weight) = path.rsplit_once("parametrizations.")?;
    Some((format!("{module}{weight}"), format!("{path}.original0")))
}

fn folded(
    name: &str,
    magnitude: &FileTensor,
    direction: &FileTensor,
) -> Result<FileTensor, String> {
    let (g, v) = (values(magnitude)?, values(direction)?);
    let index = slices(&magnitude.shape, &direction.shape).ok_or_else(|| {
        let (g, v) = (&magnitude.shape, &direction.shape);
        format!("`{name}` is weight-normed, but its magnitude of shape {g:?} does not fit {v:?}")
    })?;
    let mut squares = vec![0.0; g.len()];
    v.iter().zip(&index).for_each(|(value, slice)| squares[*slice] += value * value);
    let weight = v.iter().zip(&index).map(|(value, slice)| {
        // A direction of zero has none, as in PyTorch, which divides by it.
        value * g[*slice] / squares[*slice].sqrt()
    });
    Ok(FileTensor {
        name: name.to_owned(),
        dtype: Dtype::F64,
        shape: direction.shape.clone(),
        bytes: weight.flat_map(f64::to_le_bytes).collect(),
    })
}

/// Returns, for each element of the direction, the element of the magnitude that scales it.
fn slices(magnitude: &[usize], direction: &[usize]) -> Option<Vec<usize>> {
    let count: usize = direction.iter().product();
    if magnitude.iter().product::<usize>() == 1 {
        return Some(vec![0; count]);
    }
    let is_fit = |(g, v): (&usize, &usize)| *g == 1 || g == v;
    if magnitude.len() != direction.len() || !magnitude.iter().zip(direction).all(is_fit) {
        return None;
    }
    let slice = |mut element: usize| {
        let (mut slice, mut stride) = (0, 1);
        for (g, v) in magnitude.iter().zip(direction).rev() {
            let at = element % v;
            element /= v;
            if *g > 1 {
                slice += at * stride;
                stride *= g;
            }
        }
        slice
    };
    Some((0..count).map(slice).collect())
}

fn values(tensor: &FileTensor) -> Result<Vec<f64>, String> {
    let dtype = match tensor.dtype {
        Dtype::F64 => DType::F64,
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        other => return Err(format!("`{}` has type {other:?}, no float", tensor.name)),
    };
    let bytes = Bytes::from_bytes_vec(tensor.bytes.clone());
    let data = TensorData::from_bytes(bytes, tensor.shape.clone(), dtype);
    Ok(data.iter::<f64>().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[usize], values: &[f64]) -> FileTensor {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        FileTensor { name: name.to_owned(), dtype: Dtype::F64, shape: shape.to_vec(), bytes }
    }

    #[test]
    fn both_forms_become_the_weight_that_pytorch_computes() {
        for (g, v) in [
            ("a.weight_g", "a.weight_v"),
            ("a.parametrizations.weight.original0", "a.parametrizations.weight.original1"),
        ] {
            let mut tensors = vec![
                tensor("a.bias", &[2], &[0.5, 0.25]),
                tensor(g, &[2, 1], &[10.0, 2.0]),
                tensor(v, &[2, 2], &[3.0, 4.0, 0.0, -7.0]),
            ];
            assert_eq!(fold(&mut tensors), Ok(1));
            let names: Vec<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
            assert_eq!(names, ["a.bias", "a.weight"]);
            assert_eq!(values(&tensors[1]).unwrap(), [6.0, 8.0, 0.0, -2.0]);
        }
        let mut over_columns = vec![
            tensor("weight_g", &[1, 2], &[5.0, 1.0]),
            tensor("weight_v", &[2, 2], &[3.0, 1.0, 4.0, 0.0]),
        ];
        fold(&mut over_columns).unwrap();
        assert_eq!(values(&over_columns[0]).unwrap(), [3.0, 1.0, 4.0, 0.0]);
        let mut alone = vec![tensor("weight_v", &[1], &[1.0])];
        assert_eq!(fold(&mut alone), Ok(0));
    }
}
