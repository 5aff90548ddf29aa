//! The norm of all gradients together.

use burn::module::Module;
use burn::tensor::ExecutionError;

use crate::gradients::GradientSource;
use crate::observation::Observation;
use crate::parameters::ParameterPaths;
use crate::quantity::{GradientNorm, Quantity};
use crate::row::NETWORK;
use crate::selection::{Filter, Grouping};

/// Returns the L2 norm of the gradients of all parameters together, 0 if there are none.
///
/// This is the norm that papers and PyTorch's `clip_grad_norm_` mean; Burn's
/// `GradientClippingConfig::Norm` looks at each tensor by itself. The device is waited for once.
///
/// # Errors
///
/// [`ExecutionError`] when the device failed.
pub fn global_norm<M: Module, G: GradientSource>(
    module: &M,
    gradients: &G,
) -> Result<f64, ExecutionError> {
    let quantities = [&GradientNorm as _].into();
    let mut observation =
        Observation::new(0, quantities, GradientNorm.reads(), Grouping::Parameter);
    observation.read_parameters(&mut ParameterPaths::default(), &Filter::all(), module, gradients);
    let rows = observation.rows()?;
    let network = rows.iter().find(|row| &*row.subject == NETWORK);
    Ok(network.map_or(0.0, |row| row.value))
}
