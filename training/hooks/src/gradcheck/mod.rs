//! Checks of a module's gradients, for a test.

mod compared;
mod derivative;
mod fault;
mod moved;
mod place;

use std::fmt;

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{DType, Device, Gradients, Tensor};

pub use derivative::Derivative;
pub use fault::{GradientFault, GradientFaults};
pub use place::Place;

use derivative::{Slopes, slopes};
use moved::{prepared, unmoved, untied};

/// Checks every gradient of a module against finite differences in `f64`, in one call.
///
/// `loss` runs the module forward. What it needs besides the module, such as inputs and targets, it
/// [puts](Place::put) where the check runs. See [`GradientCheck`] for all that is checked, and for `f32`,
/// a second device and optimisers.
///
/// ```
/// use backdraft_hooks::gradcheck;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Distribution, Tensor};
///
/// let device = Device::flex();
/// let model: Linear = LinearConfig::new(3, 2).init(&device);
/// let x = Tensor::<2>::random([4, 3], Distribution::Default, &device);
/// gradcheck(&model, |model, at| model.forward(at.put(x.clone())).square().mean()).unwrap();
/// ```
///
/// If the loss panics in `f64`, as it does with Burn's recurrent layers, which make tensors in the device's
/// default type, the check runs in `f32`.
///
/// # Errors
///
/// [`GradientFaults`]: what is wrong, parameter by parameter.
pub fn gradcheck<M, L>(model: &M, loss: L) -> Result<Vec<Derivative>, GradientFaults>
where
    M: Module,
    L: Fn(&M, &Place) -> Tensor<1>,
{
    GradientCheck::new().run(model, loss)
}

/// A check of a module's gradients, to be [run](Self::run) in a test.
///
/// It finds
///
/// - a loss that is not finite, not the same when it is computed twice, or does not depend on a trained
///   parameter;
/// - parameters that the loss does not reach, and those whose gradient is not finite or exactly zero;
/// - gradients that differ from finite differences: for each parameter, the derivative along a direction in
///   which every element moves, as a central difference at several distances. The error allowed is a share
///   of the gradient's norm plus the rounding error of the two losses, and a derivative that rounding hides
///   is a fault of its own, not a success;
/// - parameters that a step of the optimiser leaves where they were, and shared ones that are no longer the
///   same in all places after it: Burn's optimisers change a parameter that is cloned into two places only in
///   the first;
/// - with a second device, losses and gradients that differ between the two.
///
/// Frozen parameters are not checked. Learned parameters are moved away from where they start, because some
/// start at zero, which hides the gradients behind them, or at the kink of an activation;
/// [`as_it_is`](Self::as_it_is) leaves them.
#[must_use = "nothing is checked until it runs"]
pub struct GradientCheck {
    /// `None`: `f64` if the loss runs in it.
    dtype: Option<DType>,
    is_moved: bool,
    optimizer: ModuleOptimizer,
    rate: f64,
    second: Option<Device>,
    tolerance: Option<f64>,
}

impl Default for GradientCheck {
    fn default() -> Self {
        Self::new()
    }
}

impl GradientCheck {
    /// Creates a check on the module's device, in `f64` if the loss runs in it and else in `f32`, with Adam at a rate of 1e-3.
    pub fn new() -> Self {
        Self {
            dtype: None,
            is_moved: true,
            optimizer: AdamConfig::new().init(),
            rate: 1e-3,
            second: None,
            tolerance: None,
        }
    }

    /// Checks in `f32`, for devices and kernels without `f64`. The bounds are those of `f32`: a percent of
    /// the gradient instead of a hundred-thousandth.
    pub fn in_f32(self) -> Self {
        Self { dtype: Some(DType::F32), ..self }
    }

    /// Checks in `f64`, and panics if the loss cannot be computed in it.
    pub fn in_f64(self) -> Self {
        Self { dtype: Some(DType::F64), ..self }
    }

    /// Leaves the parameters where they are.
    pub fn as_it_is(self) -> Self {
        Self { is_moved: false, ..self }
    }

    /// Has `optimizer` take the step that must move every parameter.
    pub fn with_optimizer(self, optimizer: ModuleOptimizer, rate: f64) -> Self {
        Self { optimizer, rate, ..self }
    }

    /// Compares losses and gradients with those of another device, in `f32` unless it has `f64`.
    pub fn with_second_device(self, device: Device) -> Self {
        Self { second: Some(device), ..self }
    }

    /// Allows a derivative to be wrong by this share of its gradient's norm: 1e-5 in `f64` and 1e-2 in
    /// `f32` by default.
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance: Some(tolerance), ..self }
    }

    /// Runs all checks and returns the derivatives that were compared, one for each parameter.
    ///
    /// # Errors
    ///
    /// [`GradientFaults`]: what is wrong, parameter by parameter.
    ///
    /// # Panics
    ///
    /// Panics as `loss` does, for example if it mixes float types: use [`Place::put`].
    pub fn run<M, L>(mut self, model: &M, loss: L) -> Result<Vec<Derivative>, GradientFaults>
    where
        M: Module,
        L: Fn(&M, &Place) -> Tensor<1>,
    {
        let Some(device) = model.devices().into_iter().next() else {
            return Err(GradientFault::NothingToTrain.into());
        };
        let device = device.autodiff();
        let dtype = self.dtype.unwrap_or_else(|| widest(model, &loss, &device));
        let place = Place::new(device, dtype);
        let model = prepared(model, &place, self.is_moved);
        let gradients = first_pass(&model, &loss, &place)?;
        let mut faults = Vec::new();
        let Slopes { derivatives, faults: wrong } =
            slopes(&model, &gradients, &|model| loss(model, &place), dtype, self.tolerance(dtype));
        faults.extend(wrong);
        if let Some(second) = self.second.take() {
            faults.extend(compared::differences(&model, &gradients, &loss, &place, second));
        }
        let step = GradientsParams::from_grads(gradients, &model);
        let stepped = self.optimizer.step(self.rate, model.clone(), step);
        let is_known = |path: &str| faults.iter().any(|fault| fault.parameter() == Some(path));
        let left = unmoved(&model, &stepped).into_iter().filter(|path| !is_known(path.as_str()));
        let left: Vec<_> = left.map(|parameter| GradientFault::Unmoved { parameter }).collect();
        faults.extend(left);
        let untied = untied(&stepped).into_iter();
        faults.extend(untied.map(|parameter| GradientFault::Untied { parameter }));
        if faults.is_empty() { Ok(derivatives) } else { Err(GradientFaults(faults)) }
    }

    fn tolerance(&self, dtype: DType) -> f64 {
        let default = if dtype == DType::F64 { 1e-5 } else { 1e-2 };
        self.tolerance.unwrap_or(default)
    }
}

impl fmt::Debug for GradientCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GradientCheck")
            .field("dtype", &self.dtype)
            .field("is_moved", &self.is_moved)
            .field("rate", &self.rate)
            .field("second", &self.second)
            .finish_non_exhaustive()
    }
}

/// `f64` if the device has it and the loss runs in it. Burn's recurrent layers do not: they make tensors in
/// the device's default type, and Burn panics where types mix.
fn widest<M, L>(model: &M, loss: &L, device: &Device) -> DType
where
    M: Module,
    L: Fn(&M, &Place) -> Tensor<1>,
{
    if !device.supports_dtype(DType::F64) {
        return DType::F32;
    }
    let place = Place::new(device.clone(), DType::F64);
    let model = prepared(model, &place, false);
    let run = || drop(loss(&model, &place));
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(()) => DType::F64,
        Err(_) => DType::F32, // a panic that is not about types comes again
    }
}

/// Checks the loss itself and returns its gradients.
fn first_pass<M, L>(model: &M, loss: &L, place: &Place) -> Result<Gradients, GradientFault>
where
    M: Module,
    L: Fn(&M, &Place) -> Tensor<1>,
{
    let tracked = loss(model, place);
    if !tracked.is_tracked() {
        return Err(GradientFault::NothingToTrain);
    }
    let [first, second] = [tracked.clone(), loss(model, place)].map(derivative::scalar);
    if !first.is_finite() {
        return Err(GradientFault::Loss { loss: first });
    }
    if first != second {
        return Err(GradientFault::Random { first, second });
    }
    Ok(tracked.backward())
}
