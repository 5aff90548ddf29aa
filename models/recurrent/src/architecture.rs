//! Recurrent networks as an architecture of the zoo.

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, Initializer, InvalidField, Network, TaskShape};
use backdraft_spec::{Cell, Readout};
use burn::tensor::{Device, Tensor};

use crate::config::RecurrentConfig;
use crate::layer::Path;
use crate::network::Recurrent;

impl Architecture for RecurrentConfig {
    type Network = Recurrent;

    const NAME: &'static str = "recurrent";

    const ABOUT: &'static str = "RNN (Elman 1990; with ReLU and identity weights Le et al. 2015), LSTM (Hochreiter & \
         Schmidhuber 1997, forget gate Gers et al. 2000, forget bias 1 Jozefowicz et al. 2015, chrono \
         initialisation Tallec & Ollivier 2018; coupled gates Greff et al. 2017, peepholes Gers & \
         Schmidhuber 2000, layer-normalised Ba et al. 2016) or GRU (Cho et al. 2014, with the reset \
         gate applied after the product, as in PyTorch). Stacked, in one direction or both (Schuster & \
         Paliwal 1997), with a linear head. Input and recurrent biases are separate, as in PyTorch";

    fn presets() -> Vec<(&'static str, Self)> {
        let of = |cell| Self { cell, ..Self::default() };
        let identity = Self {
            recurrent_initializer: Initializer::Identity(1.0),
            initializer: Initializer::Normal(0.001),
            ..of(Cell::ReluRnn)
        };
        vec![
            ("rnn", of(Cell::Rnn)),
            ("irnn", identity),
            ("lstm", of(Cell::Lstm)),
            ("lstm-chrono", Self { chrono_length: 100, ..of(Cell::Lstm) }),
            ("lstm-coupled", of(Cell::CoupledLstm)),
            ("lstm-peephole", of(Cell::PeepholeLstm)),
            ("lstm-layer-norm", of(Cell::LayerNormLstm)),
            ("lstm-bidirectional", Self { bidirectional: true, ..of(Cell::Lstm) }),
            ("gru", of(Cell::Gru)),
        ]
    }

    fn validate(&self) -> Result<(), InvalidField> {
        self.validate()
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<Recurrent, InvalidField> {
        self.try_init(seed, device)
    }

    fn example_shape(&self) -> Vec<usize> {
        vec![self.length, self.inputs]
    }

    /// Any number of time steps is accepted, but a readout at every step fixes it.
    fn accepts(&self, example_shape: &[usize]) -> bool {
        let elements: usize = example_shape.iter().product();
        match self.readout {
            Readout::Last => elements > 0 && elements.is_multiple_of(self.inputs),
            Readout::Every => elements == self.length * self.inputs,
        }
    }

    fn outputs(&self) -> usize {
        match self.readout {
            Readout::Last => self.outputs,
            Readout::Every => self.length * self.outputs,
        }
    }

    fn fitted(&self, task: &TaskShape) -> Option<Self> {
        let [length, inputs] = task.sequence_shape()?;
        let readout = if task.is_every_step { Readout::Every } else { Readout::Last };
        Some(Self { length, inputs, outputs: task.outputs, readout, ..self.clone() })
    }

    fn num_learned(&self) -> usize {
        self.num_learned()
    }

    fn num_activations(&self) -> f64 {
        let of_gate = match self.cell {
            // These go step by step through Burn's operations. Measured on `flex`, with gradients: 6 to 10.
            Cell::CoupledLstm | Cell::PeepholeLstm | Cell::LayerNormLstm => 5,
            // Measured in the kernel, with gradients: 3.4 to 4.6.
            Cell::Rnn | Cell::ReluRnn | Cell::Lstm | Cell::Gru => 3,
        };
        let directions = 1 + usize::from(self.bidirectional);
        let of_step = of_gate * self.cell.gates() * self.layers * directions * self.hidden;
        self.length as f64 * of_step as f64 + Architecture::outputs(self) as f64
    }

    fn miniature(&self) -> Self {
        let (hidden, layers, length) = (self.hidden.min(5), self.layers.min(2), self.length.min(7));
        Self { hidden, layers, length, ..self.clone() }
    }

    /// The twin has an `nn.RNN`, `nn.LSTM` or `nn.GRU` under any name, and a linear layer `fc`.
    fn pytorch_names(&self) -> Vec<(String, String)> {
        let of = |theirs: &str, ours: &str| {
            [("", "layers"), ("_reverse", "reverse")].map(|(suffix, direction)| {
                let pattern = format!(r"^(?:[A-Za-z_]\w*\.)?{theirs}_l(\d+){suffix}$");
                (pattern, format!("{direction}.${{1}}.{ours}"))
            })
        };
        let layers = [
            of("weight_ih", "input.weight"),
            of("bias_ih", "input.bias"),
            of("weight_hh", "hidden.weight"),
            of("bias_hh", "hidden.bias"),
        ];
        let head = (r"^fc\.(\w+)$".to_owned(), "head.$1".to_owned());
        layers.into_iter().flatten().chain([head]).collect()
    }
}

impl Network for Recurrent {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, elements] = examples.dims();
        let inputs = self.layers[0].input.weight.dims()[0];
        let sequences = examples.reshape([batch, elements / inputs, inputs]);
        let outputs = self.forward(sequences, Path::Fastest, taps);
        let [_, steps, width] = outputs.dims();
        outputs.reshape([batch, steps * width])
    }
}
