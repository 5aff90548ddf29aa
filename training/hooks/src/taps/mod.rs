//! Taps: places in a model's forward pass where activations can be measured.

mod ambient;
mod layers;
mod seen;
mod tapped;

use std::fmt::{self, Display};

use backdraft_rows::Subject;
use burn::tensor::{DType, Device, Gradients, Tensor};

use crate::attention::SeenAttention;
use crate::nonlinearity::Nonlinearity;

pub use ambient::{backward, with_taps};
pub(crate) use seen::TapName;
pub use seen::TappedActivation;
pub use tapped::Tapped;

use seen::{GradientOf, by_unit, flat};

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
///
/// A layer wrapped in [`Tapped`] taps its output without such an argument; see
/// [`collect`](Self::collect).
#[derive(Default)]
pub struct Taps {
    tapped: Option<Vec<TappedActivation>>,
    attention: Vec<(TapName, SeenAttention)>,
    /// Backward passes so far, if gradients are accumulated over several.
    pass: usize,
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taps")
            .field("tapped", &self.tapped)
            .field("attention", &self.attention.len())
            .field("pass", &self.pass)
            .finish()
    }
}

impl Taps {
    /// Creates taps that do nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Creates taps that keep what passes through them during one forward pass.
    pub fn on() -> Self {
        Self { tapped: Some(Vec::new()), ..Self::default() }
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
    ///   for rank 3, `[batch, time, units]`). [`tap_units`](Self::tap_units) takes other layouts.
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
        self.tap_units(name, nonlinearity, default_unit_axis(D), activation)
    }

    /// Taps an activation whose units are on `unit_axis`, such as 1 for the `[batch, channels, time]` of a
    /// `Conv1d`. The dead share counts units; for the output of no particular non-linearity, pass
    /// [`Nonlinearity::Other`].
    ///
    /// # Panics
    ///
    /// Panics if the activation has no axis `unit_axis`.
    pub fn tap_units<const D: usize>(
        &mut self,
        name: impl Display,
        nonlinearity: Nonlinearity,
        unit_axis: usize,
        activation: Tensor<D>,
    ) -> Tensor<D> {
        if !self.is_on() {
            return activation;
        }
        let name = TapName::Told(Subject::from(name.to_string()));
        self.remember(name, nonlinearity, unit_axis, activation)
    }

    /// Taps an activation at one time step of a sequence. The subject is `name@time_step`.
    pub fn tap_step<const D: usize>(
        &mut self,
        name: impl Display,
        time_step: usize,
        activation: Tensor<D>,
    ) -> Tensor<D> {
        if !self.is_on() {
            return activation;
        }
        let name = TapName::Told(Subject::at_step(name, time_step));
        self.remember(name, Nonlinearity::Other, default_unit_axis(D), activation)
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
            let gradient = move |gradients: &Gradients| {
                let gradient = probe.grad(gradients)?.narrow(0, time_step, 1);
                Some(flat(gradient))
            };
            tapped.push(TappedActivation {
                name: TapName::Told(Subject::at_step(&name, time_step)),
                nonlinearity: Nonlinearity::Other,
                activation: by_unit(activation.clone().narrow(0, time_step, 1), 2),
                gradient: GradientOf::Leaf(Box::new(gradient)),
                pass: self.pass,
                tokens: None,
            });
        }
    }

    /// Taps the logits of an attention: its scaled scores before the softmax, masked ones being −∞. They
    /// are returned unchanged. The subject of a head's entropy is `name.heads.0` and so on.
    ///
    /// # Shapes
    ///
    /// - logits: `[batch, heads, queries, keys]`
    pub fn tap_attention(&mut self, name: impl Display, logits: Tensor<4>) -> Tensor<4> {
        if self.is_on() {
            let name = TapName::Told(Subject::from(name.to_string()));
            let seen = SeenAttention::Logits(logits.clone().without_autodiff());
            self.attention.push((name, seen));
        }
        logits
    }

    pub(crate) fn attention(&self) -> &[(TapName, SeenAttention)] {
        &self.attention
    }

    /// Returns what was tapped, in the order of the forward pass; empty when off.
    pub fn tapped(&self) -> &[TappedActivation] {
        self.tapped.as_deref().unwrap_or_default()
    }

    /// Takes the tapped activations' gradients out of a backward pass, so that the same taps can go
    /// through another.
    ///
    /// Call it after each backward pass whose gradients are accumulated, and hand the taps to
    /// [`observe_with_taps`](crate::GradientHook::observe_with_taps) with the accumulated gradients. The
    /// activations of all passes are then measured as if they were those of one batch; a unit is dead if
    /// it is zero in all of them. Until the observation, the taps keep the activations of every pass.
    ///
    /// ```
    /// use backdraft_hooks::{GradientHook, QUANTITIES, Schedule};
    /// use burn::module::Module;
    /// use burn::nn::LinearConfig;
    /// use burn::optim::{GradientsAccumulator, GradientsParams};
    /// use burn::tensor::{Device, Distribution, Tensor};
    ///
    /// let device = Device::flex().autodiff();
    /// let model = LinearConfig::new(8, 1).init(&device);
    /// let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    /// let mut accumulator = GradientsAccumulator::new();
    /// let mut taps = hook.taps(0);
    /// for _ in 0..4 {
    ///     let x = Tensor::<2>::random([16, 8], Distribution::Default, &device);
    ///     let output = taps.tap("output", model.forward(x));
    ///     let gradients = output.square().mean().backward();
    ///     taps.accumulate(&gradients);
    ///     accumulator.accumulate(&model, GradientsParams::from_grads(gradients, &model));
    /// }
    /// let gradients = accumulator.grads();
    /// let rows = hook.observe_with_taps(0, &model, &gradients, &taps).unwrap().rows().unwrap();
    /// assert!(rows.iter().any(|row| row.subject == "output"));
    /// ```
    pub fn accumulate(&mut self, gradients: &Gradients) {
        let Some(tapped) = &mut self.tapped else {
            return;
        };
        for seen in tapped.iter_mut().rev().take_while(|seen| seen.pass == self.pass) {
            seen.gradient = GradientOf::Read(seen.gradient(gradients).map(Box::new));
        }
        self.pass += 1;
    }

    /// Ends the pass of what was tapped without its gradients, if nobody took them.
    #[cfg(feature = "burn-train")]
    pub(crate) fn end_pass(&mut self) {
        let pass = self.pass;
        let open = self.tapped.iter_mut().flatten().rev().take_while(|seen| seen.pass == pass);
        let mut is_open = false;
        for seen in open {
            seen.gradient = GradientOf::Read(None);
            is_open = true;
        }
        self.pass += usize::from(is_open);
    }

    fn remember<const D: usize>(
        &mut self,
        name: TapName,
        nonlinearity: Nonlinearity,
        unit_axis: usize,
        activation: Tensor<D>,
    ) -> Tensor<D> {
        let Some(tapped) = &mut self.tapped else {
            return activation;
        };
        let dims = activation.dims();
        let leaf = leaf(dims, &activation.device(), activation.dtype());
        let output = activation.clone() + leaf.clone();
        tapped.push(TappedActivation {
            name,
            nonlinearity,
            activation: by_unit(activation.without_autodiff(), unit_axis),
            gradient: GradientOf::Leaf(Box::new(move |gradients| leaf.grad(gradients).map(flat))),
            pass: self.pass,
            tokens: (D == 3 && unit_axis == 2).then(|| dims[1]),
        });
        output
    }
}

/// Zeros whose gradient is kept if `device` has autodiff.
fn leaf<const D: usize>(shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
    let zeros = Tensor::zeros(shape, (device, dtype));
    if device.is_autodiff() { zeros.require_grad() } else { zeros }
}

/// The axis of the units where nobody says it.
const fn default_unit_axis(rank: usize) -> usize {
    match rank {
        1 => 0,
        3 => 2, // [batch, time, units]
        _ => 1, // [batch, units] or [batch, channels, …]
    }
}
