//! Recurrent layers in place of Burn's own.

mod burn_weights;
mod gru;
mod lstm;
mod rnn;
mod settings;
mod stack;
mod state;

pub use burn_weights::UnsupportedLayer;
pub use gru::{Gru, GruConfig};
pub use lstm::{Lstm, LstmConfig};
pub use rnn::{Rnn, RnnConfig};
pub use stack::Stack;
pub use state::State;

/// Gives a module around a [`Stack`] its forward passes.
macro_rules! forward_passes {
    ($layer:ty, $state:ty) => {
        impl $layer {
            /// Computes the states of all time steps, starting from `state` or zeros, and returns
            /// them with the state after the last step.
            ///
            /// Each layer and direction has a state, in the order layer 0, layer 0 reversed, layer 1, …
            /// To train on one chunk of a long sequence after the other, pass the state on, detached.
            ///
            /// # Shapes
            ///
            /// With as many features as `hidden`, twice that for both directions:
            ///
            /// - input: `[batch, time, inputs]`, or `[time, batch, inputs]` if not `batch_first`
            /// - state: `[layers × directions, batch, hidden]`
            /// - output: `[batch, time, features]`, or `[time, batch, features]`
            ///
            /// # Panics
            ///
            /// Panics if there is no time step or a shape does not match.
            pub fn forward(
                &self,
                input: burn::tensor::Tensor<3>,
                state: Option<$state>,
            ) -> (burn::tensor::Tensor<3>, $state) {
                let mut taps = backdraft_hooks::Taps::off();
                self.stack.forward(input, state, None, crate::Path::Fastest, &mut taps)
            }

            /// As [`forward`](Self::forward), for sequences of different lengths in one batch.
            ///
            /// Each result is that of the sequence alone: outputs after its end are 0, its state is
            /// the one after its last step, and a reverse direction starts there. The padding of
            /// the input has no effect, whatever it is.
            ///
            /// # Panics
            ///
            /// Also panics if there is not one length for each sequence, none longer than the input.
            pub fn forward_lengths(
                &self,
                input: burn::tensor::Tensor<3>,
                lengths: &[usize],
                state: Option<$state>,
            ) -> (burn::tensor::Tensor<3>, $state) {
                let mut taps = backdraft_hooks::Taps::off();
                self.stack.forward(input, state, Some(lengths), crate::Path::Fastest, &mut taps)
            }

            /// As [`forward`](Self::forward) or [`forward_lengths`](Self::forward_lengths), with the
            /// states of every time step tapped and the computation chosen.
            ///
            /// Taps see the state of layer l at time step t as `layers.l@t`, and an LSTM's cell
            /// state as `layers.l.cell@t`; those of the reverse direction as `reverse.l@t`. For
            /// layers that read from the end, t counts from the end.
            ///
            /// # Panics
            ///
            /// As the others.
            pub fn forward_tapped(
                &self,
                input: burn::tensor::Tensor<3>,
                lengths: Option<&[usize]>,
                state: Option<$state>,
                path: crate::Path,
                taps: &mut backdraft_hooks::Taps,
            ) -> (burn::tensor::Tensor<3>, $state) {
                self.stack.forward(input, state, lengths, path, taps)
            }
        }
    };
}
pub(crate) use forward_passes;
