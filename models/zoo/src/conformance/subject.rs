//! The network under test.

use backdraft_layers::{Architecture, InvalidField};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};

/// A configuration with the devices to check it on.
pub(super) struct Subject<'a, A> {
    pub(super) config: &'a A,
    pub(super) devices: &'a [Device],
}

/// The seed of the network under test.
pub(super) const SEED: u64 = 11;

impl<A: Architecture> Subject<'_, A> {
    pub(super) fn device(&self) -> Result<&Device, String> {
        self.devices.first().ok_or_else(|| "there is no device to check on".to_owned())
    }

    pub(super) fn network(&self, seed: u64, device: &Device) -> Result<A::Network, String> {
        self.config.try_init(seed, device).map_err(|error: InvalidField| error.to_string())
    }

    /// Returns deterministic examples in ±1, `[batch, elements]`.
    pub(super) fn examples(&self, batch: usize, device: &Device) -> Tensor<2> {
        let elements: usize = self.config.example_shape().iter().product();
        let value = |i: usize| ((i * i + 3 * i) as f64 * 0.37).sin();
        let values: Vec<f64> = (0..batch * elements).map(value).collect();
        Tensor::from_data(TensorData::new(values, [batch, elements]), device)
    }
}

/// Perturbs every learned parameter and converts floats to `dtype`. Some parameters start at zero
/// on purpose, which would hide the gradients behind them.
pub(super) struct Shaken {
    pub(super) dtype: DType,
    pub(super) count: usize,
}

impl ModuleMapper for Shaken {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.count += 1;
        let (dtype, salt) = (self.dtype, self.count as f64);
        let is_learned = parameter.is_require_grad();
        parameter.map(|value| {
            let (shape, device) = (value.shape(), value.device());
            let value = value.cast(dtype);
            if !is_learned {
                return value;
            }
            let noise = |i: usize| 0.3 * (((i + 1) as f64) * (1.3 + 0.01 * salt) + salt).sin();
            let noise: Vec<f64> = (0..shape.num_elements()).map(noise).collect();
            let noise = Tensor::from_data(TensorData::new(noise, shape), (&device, dtype));
            learned(value + noise)
        })
    }
}

/// Turns a computed value into that of a parameter.
pub(super) fn learned<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    if value.device().is_autodiff() { value.detach().require_grad() } else { value }
}

/// Returns the network with every learned parameter perturbed.
pub(super) fn shaken<M: Module>(network: M, dtype: DType) -> M {
    network.map(&mut Shaken { dtype, count: 0 })
}
