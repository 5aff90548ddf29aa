//! Taps: places in a model's forward pass where activations can be measured.

use std::fmt::{self, Display};

use backdraft_rows::Subject;
use burn::tensor::{DType, Device, Gradients, Tensor};

use crate::nonlinearity::Nonlinearity;

/// Passes activations through and, when on, keeps them and their gradients.
///
/// A model's forward pass takes `taps: &mut Taps` and sends the activations of interest through it.
/// When off, the usual state, a tap returns its argument and costs nothing. When on, it adds a leaf
/// of zeros that requires a gradient. After the backward pass, the gradient of that leaf is ∂L/∂a,
/// the gradient of the loss with respect to the activation, which autodiff would otherwise discard
/// because `a` is not a leaf.
///
/// ```
/// use backdraft_hooks::Taps;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex().autodiff();
/// let weight = Tensor::<1>::from_floats([2.0, 3.0], &device).require_grad();
/// let mut taps = Taps::on();
/// let hidden = taps.tap("hidden", weight * 10.0);
/// let gradients = hidden.square().sum().backward();
///
/// let gradient = taps.tapped()[0].gradient(&gradients).expect("the loss depends on it");
/// assert_eq!(gradient.into_data().to_vec::<f32>().unwrap(), [40.0, 60.0]); // 2 a
/// ```
#[derive(Debug, Default)]
pub struct Taps {
    tapped: Option<Vec<Tapped>>,
}

/// What one tap saw in one forward pass.
pub struct Tapped {
    subject: Subject,
    nonlinearity: Nonlinearity,
    activation: Tensor<3>,
    gradient: Box<FindGradient>,
}

/// Finds ∂L/∂a, flattened. It is a closure so that one list can hold taps of any rank.
type FindGradient = dyn Fn(&Gradients) -> Option<Tensor<1>> + Send;

impl Taps {
    /// Creates taps that do nothing.
    pub fn off() -> Self {
        Self { tapped: None }
    }

    /// Creates taps that keep what passes through them during one forward pass.
    pub fn on() -> Self {
        Self { tapped: Some(Vec::new()) }
    }

    /// Tells whether the taps keep anything.
    pub fn is_on(&self) -> bool {
        self.tapped.is_some()
    }

    /// Taps an activation as `name`, which is formatted only when the taps are on.
    ///
    /// # Shapes
    ///
    /// - activation: any shape of rank 1 to 8, returned unchanged; axis 1 is the units of the layer (axis 2
    ///   for rank 3, `[batch, time, units]`)
    pub fn tap<const D: usize>(&mut self, name: impl Display, activation: Tensor<D>) -> Tensor<D> {
        self.tap_output(name, Nonlinearity::Other, activation)
    }

    /// Taps the output of a non-linearity, so that its saturated or dead share can be measured.
    pub fn tap_output<const D: usize>(
        &mut self,
        name: impl Display,
        nonlinearity: Nonlinearity,
        activation: Tensor<D>,
    ) -> Tensor<D> {
        let Some(tapped) = &mut self.tapped else {
            return activation;
        };
        remember(tapped, Subject::from(name.to_string()), nonlinearity, activation)
    }

    /// Taps an activation at one time step of a sequence. The subject is `name@time_step`.
    pub fn tap_step<const D: usize>(
        &mut self,
        name: impl Display,
        time_step: usize,
        activation: Tensor<D>,
    ) -> Tensor<D> {
        let Some(tapped) = &mut self.tapped else {
            return activation;
        };
        let subject = Subject::at_step(name, time_step);
        remember(tapped, subject, Nonlinearity::Other, activation)
    }

    /// Returns a leaf of zeros in `f32` for a kernel that computes ∂L/∂a of a whole sequence in its
    /// own backward pass and registers it as the gradient of this leaf; `None` when off.
    ///
    /// # Shapes
    ///
    /// - output: `[time, batch, units]`
    pub fn probe(&self, shape: [usize; 3], device: &Device) -> Option<Tensor<3>> {
        self.is_on().then(|| leaf(shape, device, DType::F32))
    }

    /// Taps every time step of a sequence whose gradients a [`probe`](Self::probe) receives. The
    /// subjects are `name@time_step`.
    ///
    /// # Shapes
    ///
    /// - activation, probe: `[time, batch, units]`
    pub fn tap_probed(&mut self, name: impl Display, activation: Tensor<3>, probe: Tensor<3>) {
        let Some(tapped) = &mut self.tapped else {
            return;
        };
        let activation = activation.without_autodiff();
        for time_step in 0..activation.dims()[0] {
            let probe = probe.clone();
            tapped.push(Tapped {
                subject: Subject::at_step(&name, time_step),
                nonlinearity: Nonlinearity::Other,
                activation: by_unit(activation.clone().narrow(0, time_step, 1)),
                gradient: Box::new(move |gradients| {
                    let gradient = probe.grad(gradients)?.narrow(0, time_step, 1);
                    Some(flat(gradient))
                }),
            });
        }
    }

    /// Returns what was tapped, in the order of the forward pass; empty when off.
    pub fn tapped(&self) -> &[Tapped] {
        self.tapped.as_deref().unwrap_or_default()
    }
}

fn remember<const D: usize>(
    tapped: &mut Vec<Tapped>,
    subject: Subject,
    nonlinearity: Nonlinearity,
    activation: Tensor<D>,
) -> Tensor<D> {
    let leaf = leaf(activation.dims(), &activation.device(), activation.dtype());
    let output = activation.clone() + leaf.clone();
    tapped.push(Tapped {
        subject,
        nonlinearity,
        activation: by_unit(activation.without_autodiff()),
        gradient: Box::new(move |gradients| leaf.grad(gradients).map(flat)),
    });
    output
}

/// Zeros whose gradient is kept if `device` has autodiff.
fn leaf<const D: usize>(shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
    let zeros = Tensor::zeros(shape, (device, dtype));
    if device.is_autodiff() { zeros.require_grad() } else { zeros }
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.shape().num_elements();
    tensor.reshape([count])
}

/// Views an activation as `[outer, units, inner]`, whatever its rank.
fn by_unit<const D: usize>(activation: Tensor<D>) -> Tensor<3> {
    let dims = activation.dims();
    let unit_axis = match D {
        1 => 0,
        3 => 2, // [batch, time, units]
        _ => 1, // [batch, units] or [batch, channels, …]
    };
    let outer = dims[..unit_axis].iter().product::<usize>();
    let inner = dims[unit_axis + 1..].iter().product::<usize>();
    activation.reshape([outer, dims[unit_axis], inner])
}

impl Tapped {
    /// Returns the tap's name, with the time step if it has one.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Returns the non-linearity whose output this is.
    pub fn nonlinearity(&self) -> Nonlinearity {
        self.nonlinearity
    }

    /// Returns the activation without autodiff, shape `[outer, units, inner]`.
    pub fn activation(&self) -> Tensor<3> {
        self.activation.clone()
    }

    /// Returns ∂L/∂a flattened to `[elements]`, or `None` if the loss does not depend on it.
    pub fn gradient(&self, gradients: &Gradients) -> Option<Tensor<1>> {
        (self.gradient)(gradients)
    }
}

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tapped")
            .field("subject", &self.subject)
            .field("shape", &self.activation.dims())
            .finish_non_exhaustive()
    }
}
