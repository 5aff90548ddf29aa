//! One recurrent layer.

use backdraft_hooks::Taps;
use backdraft_layers::dense;
use backdraft_spec::Cell;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::plain;
use crate::variant::Variant;

/// How the recurrence is computed. The results agree to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Path {
    /// With the sequence kernel, where it supports the back end.
    #[default]
    Fastest,
    /// Step by step with Burn's operations.
    Plain,
}

/// A recurrent layer, created by [`RecurrentConfig`](crate::RecurrentConfig).
#[derive(Module, Debug)]
pub struct RecurrentLayer {
    /// W and b, applied to the input; weight `[inputs, gates × hidden]`.
    pub input: Linear,
    /// U and b', applied to the previous state; weight `[hidden, gates × hidden]`.
    pub hidden: Linear,
    /// Additional parameters of an LSTM variant.
    pub variant: Option<Variant>,
    #[module(skip)]
    pub(crate) cell: Cell,
}

impl RecurrentLayer {
    /// Computes the states of all time steps, starting from zeros.
    ///
    /// Taps see the state after each step as `name@t` and an LSTM's cell state as `name.cell@t`.
    ///
    /// # Shapes
    ///
    /// - input: `[time, batch, inputs]`, at least one time step
    /// - output: `[time, batch, hidden]`
    pub fn forward(&self, input: Tensor<3>, name: &str, path: Path, taps: &mut Taps) -> Tensor<3> {
        let [time, batch, inputs] = input.dims();
        let input = input.reshape([time * batch, inputs]);
        let projected = match path {
            Path::Fastest => dense(&self.input, None, input),
            Path::Plain => self.input.forward(input),
        };
        let wide = projected.dims()[1];
        let projected = projected.reshape([time, batch, wide]);
        if path == Path::Fastest
            && let Some(states) = self.run_kernel(&projected, name, taps)
        {
            return states;
        }
        plain::run(self, projected, name, taps)
    }

    #[cfg(feature = "flex")]
    fn run_kernel(&self, projected: &Tensor<3>, name: &str, taps: &mut Taps) -> Option<Tensor<3>> {
        use crate::kernel::{Cell, Probes, run};

        let cell = Cell::of(self.cell)?;
        let weight = self.hidden.weight.val();
        let bias = self.hidden.bias.as_ref()?.val();
        let [time, batch, _] = projected.dims();
        let shape = [time, batch, weight.dims()[0]];
        let probe = || taps.probe(shape, &projected.device());
        let probes = probe().zip(probe()).map(|(state, memory)| Probes { state, memory });
        let output = run(cell, projected, &weight, &bias, probes.as_ref())?;
        if let Some(Probes { state, memory }) = probes {
            if let Some(memories) = output.memories {
                taps.tap_probed(format_args!("{name}.cell"), memories, memory);
            }
            taps.tap_probed(name, output.states.clone(), state);
        }
        Some(output.states)
    }

    #[cfg(not(feature = "flex"))]
    fn run_kernel(&self, _: &Tensor<3>, _: &str, _: &mut Taps) -> Option<Tensor<3>> {
        None
    }
}
