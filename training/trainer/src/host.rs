//! Tensors in host memory, which can be read without waiting for a device.

use burn::tensor::{Device, Tensor};

/// Tells whether tensors of `device` are in host memory.
pub(crate) fn is_host(device: &Device) -> bool {
    #[cfg(feature = "flex")]
    if *device == Device::flex() {
        return true;
    }
    #[cfg(feature = "ndarray")]
    if is_ndarray(device) {
        return true;
    }
    let _ = device;
    false
}

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "the back end is offered although upstream deprecates it")]
fn is_ndarray(device: &Device) -> bool {
    *device == Device::ndarray()
}

/// Tells whether every element is finite; `None` if the tensor is not in host memory.
pub(crate) fn is_finite<const D: usize>(tensor: Tensor<D>) -> Option<bool> {
    #[cfg(feature = "flex")]
    let tensor = if tensor.device() == Device::flex() {
        let primitive = tensor.try_into_primitive::<burn::backend::Flex>().ok()?;
        if let Some(values) = primitive.as_slice::<f32>() {
            return Some(are_finite(values));
        }
        if let Some(values) = primitive.as_slice::<f64>() {
            return Some(values.iter().all(|value| value.is_finite()));
        }
        Tensor::<D>::from_primitive::<burn::backend::Flex>(primitive)
    } else {
        tensor
    };
    // Tensors of other types or with gaps are copied.
    is_host(&tensor.device()).then(|| tensor.into_data().iter::<f64>().all(f64::is_finite))
}

/// The same without branches, so that it compiles to vector instructions: it runs in every training
/// step.
#[cfg(feature = "flex")]
fn are_finite(values: &[f32]) -> bool {
    const MAGNITUDE: u32 = 0x7fff_ffff;
    // The bits of a magnitude are ordered like its value, with infinity and NaN last.
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let largest = values
                .iter()
                .fold(0, |largest, value| (value.to_bits() & MAGNITUDE).cast_signed().max(largest));
            largest < f32::INFINITY.to_bits().cast_signed()
        },
    )
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use burn::tensor::FloatDType;

    #[test]
    fn one_element_that_is_not_finite_is_found_wherever_it_is_in_every_type_and_layout() {
        let device = Device::flex();
        let types = [FloatDType::F64, FloatDType::F32, FloatDType::F16, FloatDType::BF16];
        for dtype in types {
            for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1e-8, -65_504.0] {
                for at in [0, 7, 39, 40] {
                    let mut values = [-3.5f32; 41];
                    values[at] = bad;
                    let tensor = Tensor::<1>::from_floats(values, &device).cast(dtype);
                    assert_eq!(
                        is_finite(tensor.clone()),
                        Some(bad.is_finite()),
                        "{dtype:?} {bad} {at}"
                    );
                    let columns = tensor.expand([3, 41]).transpose();
                    assert_eq!(is_finite(columns), Some(bad.is_finite()), "{dtype:?} {bad} {at}");
                }
            }
        }
    }

    #[test]
    fn what_a_view_leaves_out_does_not_count() {
        let tensor = Tensor::<1>::from_floats([f32::NAN, 1.0, 2.0, f32::NAN], &Device::flex());
        assert_eq!(is_finite(tensor.clone().narrow(0, 1, 2)), Some(true));
        assert_eq!(is_finite(tensor.clone()), Some(false));
    }
}
