//! A layer that taps its own output.

use backdraft_rows::Subject;
use burn::module::{Module, Param, ParamId};
use burn::tensor::Tensor;

use super::ambient::{borrowed, is_on};
use super::seen::TapName;
use crate::attention::SeenAttention;
use crate::nonlinearity::Nonlinearity;
use crate::parameters::{ParameterPaths, ParameterVisitor};
use crate::selection::Filter;
use crate::transparent::transparent_module;

/// A layer whose output is tapped, so that a model is watched by a change of types, not of its forward
/// pass: `Vec<Tapped<Linear>>` in place of `Vec<Linear>`.
///
/// Taps that [`collect`](crate::Taps::collect) a forward pass see the outputs of its tapped layers in their
/// order. A layer is called by its path in the observed module, such as `hidden.3`; one without
/// parameters has no path there and takes a [name](Self::named). Outside of `collect` it costs one look at
/// a thread-local flag.
///
/// The wrapper adds nothing to the paths of parameters, so weights saved with it load without it and the
/// other way round. It has the `forward` of Burn's linear, convolutional, recurrent, attention,
/// normalisation, embedding and activation layers. For a layer of your own, see [`tap`](Self::tap).
///
/// ```
/// use backdraft_hooks::{GradientHook, QUANTITIES, Schedule, Tapped};
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::activation::sigmoid;
/// use burn::tensor::{Device, Tensor};
///
/// #[derive(Module, Debug)]
/// struct Net {
///     hidden: Vec<Tapped<Linear>>, // was: Vec<Linear>
/// }
///
/// impl Net {
///     fn forward(&self, x: Tensor<2>) -> Tensor<2> {
///         self.hidden.iter().fold(x, |x, layer| sigmoid(layer.forward(x)))
///     }
/// }
///
/// let device = Device::flex().autodiff();
/// let layer = || LinearConfig::new(4, 4).init(&device);
/// let net = Net { hidden: (0..3).map(|_| Tapped::new(layer())).collect() };
/// let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
///
/// let mut taps = hook.taps(0);
/// let output = taps.collect(|| net.forward(Tensor::ones([8, 4], &device)));
/// let gradients = output.sum().backward();
/// let rows = hook.observe_with_taps(0, &net, &gradients, &taps).unwrap().rows().unwrap();
/// assert!(rows.iter().any(|row| row.subject == "hidden.2" && row.quantity.as_str() == "activation_norm"));
/// assert!(rows.iter().any(|row| row.subject == "hidden.2.weight"));
/// ```
#[derive(Clone, Debug)]
pub struct Tapped<M> {
    /// The layer.
    pub layer: M,
    name: Option<Subject>,
}

impl<M> Tapped<M> {
    /// Wraps a layer that is called by its path in the observed module, or by its type if it has no
    /// parameters.
    pub fn new(layer: M) -> Self {
        Self { layer, name: None }
    }

    /// Wraps a layer that is called `name`.
    pub fn named(name: impl Into<Subject>, layer: M) -> Self {
        Self { layer, name: Some(name.into()) }
    }
}

impl<M> From<M> for Tapped<M> {
    fn from(layer: M) -> Self {
        Self::new(layer)
    }
}

impl<M: Module> Tapped<M> {
    /// Runs a layer of any type and taps its output. `unit_axis` is the axis of the output's units.
    ///
    /// # Panics
    ///
    /// Panics if the output has no axis `unit_axis`.
    pub fn tap<const D: usize>(
        &self,
        nonlinearity: Nonlinearity,
        unit_axis: usize,
        forward: impl FnOnce(&M) -> Tensor<D>,
    ) -> Tensor<D> {
        let output = forward(&self.layer);
        if !is_on() {
            return output;
        }
        let name = self.tap_name();
        borrowed(|taps| taps.remember(name, nonlinearity, unit_axis, output))
    }

    /// Taps the weights of an attention, `[batch, heads, queries, keys]`.
    pub(super) fn tap_weights(&self, weights: &Tensor<4>) {
        if is_on() {
            let seen = SeenAttention::Weights(weights.clone().without_autodiff());
            let name = self.tap_name();
            borrowed(|taps| taps.attention.push((name, seen)));
        }
    }

    fn tap_name(&self) -> TapName {
        if let Some(name) = &self.name {
            return TapName::Told(name.clone());
        }
        let kind = std::any::type_name::<M>();
        let kind = kind.split('<').next().unwrap_or(kind);
        let otherwise = Subject::from(kind.rsplit("::").next().unwrap_or(kind));
        let mut first = First(None);
        ParameterPaths::default().walk(&self.layer, &Filter::all(), &mut first);
        match first.0 {
            Some((parameter, path)) => TapName::Layer { parameter, path, otherwise },
            None => TapName::Told(otherwise),
        }
    }
}

/// The first parameter and its path.
struct First(Option<(ParamId, Subject)>);

impl ParameterVisitor for First {
    fn visit<const D: usize>(&mut self, path: &Subject, parameter: &Param<Tensor<D>>) {
        self.0.get_or_insert_with(|| (parameter.id, path.clone()));
    }
}

transparent_module!(Tapped, layer, name);
