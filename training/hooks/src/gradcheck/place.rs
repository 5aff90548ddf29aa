//! Where a check runs.

use burn::tensor::{DType, Device, FloatDType, Int, Tensor};

/// The device and the float type of a check. What a loss needs besides the module is put there.
#[derive(Clone, Debug)]
pub struct Place {
    device: Device,
    dtype: DType,
}

impl Place {
    pub(super) fn new(device: Device, dtype: DType) -> Self {
        Self { device, dtype }
    }

    /// Returns the tensor on the device and in the float type of the check.
    pub fn put<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        self.on_device(tensor).cast(self.float())
    }

    /// Returns a tensor of whole numbers on the device of the check.
    pub fn put_int<const D: usize>(&self, tensor: Tensor<D, Int>) -> Tensor<D, Int> {
        let inner = self.device.clone().without_autodiff();
        tensor.without_autodiff().to_device(&inner).autodiff()
    }

    /// The device of the check, with autodiff.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The float type of the check.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    pub(super) fn float(&self) -> FloatDType {
        if self.dtype == DType::F64 { FloatDType::F64 } else { FloatDType::F32 }
    }

    pub(super) fn on_device<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        let inner = self.device.clone().without_autodiff();
        tensor.without_autodiff().to_device(&inner).autodiff()
    }
}
