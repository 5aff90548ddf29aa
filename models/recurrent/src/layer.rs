//! One recurrent layer.

use std::ops::Range;

use backdraft_hooks::Taps;
use backdraft_layers::dense;
use backdraft_spec::Cell;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::equations::Equations;
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
    #[module(skip)]
    pub(crate) equations: Equations,
}

/// The state of a layer between two time steps; each `[batch, hidden]`.
#[derive(Clone, Debug)]
pub(crate) struct LayerState {
    /// h.
    pub(crate) hidden: Tensor<2>,
    /// c, for the cells that have it.
    pub(crate) memory: Option<Tensor<2>>,
}

/// How a layer is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass<'a> {
    /// Name of the layer for taps.
    pub(crate) name: &'a str,
    pub(crate) path: Path,
    /// Steps of each row that count; rows keep their state in the others. Empty if all count.
    pub(crate) active: &'a [Range<usize>],
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
        self.run(input, None, Pass { name, path, active: &[] }, taps).0
    }

    /// As [`forward`](Self::forward), from `start` or zeros; returns an LSTM's last memory too.
    pub(crate) fn run(
        &self,
        input: Tensor<3>,
        start: Option<LayerState>,
        pass: Pass<'_>,
        taps: &mut Taps,
    ) -> (Tensor<3>, Option<Tensor<2>>) {
        let [time, batch, inputs] = input.dims();
        let input = input.reshape([time * batch, inputs]);
        let projected = match pass.path {
            Path::Fastest => dense(&self.input, None, input),
            Path::Plain => self.input.forward(input),
        };
        let wide = projected.dims()[1];
        let projected = projected.reshape([time, batch, wide]);
        if pass.path == Path::Fastest
            && let Some(output) = self.run_kernel(&projected, start.as_ref(), pass, taps)
        {
            return output;
        }
        plain::run(self, projected, start, pass.active, pass.name, taps)
    }

    #[cfg(feature = "flex")]
    fn run_kernel(
        &self,
        projected: &Tensor<3>,
        start: Option<&LayerState>,
        Pass { name, active, .. }: Pass<'_>,
        taps: &mut Taps,
    ) -> Option<(Tensor<3>, Option<Tensor<2>>)> {
        use crate::kernel::{Cell, Extras, Probes, run};

        let cell = Cell::of(self.cell).filter(|_| self.equations == Equations::default())?;
        let weight = self.hidden.weight.val();
        let [time, batch, wide] = projected.dims();
        let device = projected.device();
        let zeros = || Tensor::zeros([wide], (&device, projected.dtype()));
        let bias = self.hidden.bias.as_ref().map_or_else(zeros, |bias| bias.val());
        let shape = [time, batch, weight.dims()[0]];
        let probe = || taps.probe(shape, &device);
        let probes = probe().zip(probe()).map(|(state, memory)| Probes { state, memory });
        let extras = Extras { probes, start, active };
        let output = run(cell, projected, &weight, &bias, &extras)?;
        if let Some(Probes { state, memory }) = extras.probes {
            if let Some(memories) = output.memories {
                taps.tap_probed(format_args!("{name}.cell"), memories, memory);
            }
            taps.tap_probed(name, output.states.clone(), state);
        }
        Some((output.states, output.last_memory))
    }

    #[cfg(not(feature = "flex"))]
    fn run_kernel(
        &self,
        _: &Tensor<3>,
        _: Option<&LayerState>,
        _: Pass<'_>,
        _: &mut Taps,
    ) -> Option<(Tensor<3>, Option<Tensor<2>>)> {
        None
    }
}
