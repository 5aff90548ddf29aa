//! The sequence kernel against the plain path, which Burn differentiates.

use backdraft_hooks::{GradientHook, QUANTITIES, Row, Schedule, Taps};
use backdraft_layers::Initializer;
use backdraft_recurrent::{Cell, Path, Readout, RecurrentConfig};
use burn::tensor::{Device, Tensor, TensorData};

use crate::relative_difference;

const CELLS: [Cell; 4] = [Cell::Rnn, Cell::ReluRnn, Cell::Lstm, Cell::Gru];

fn config(cell: Cell) -> RecurrentConfig {
    RecurrentConfig {
        inputs: 3,
        outputs: 2,
        cell,
        hidden: 12,
        layers: 2,
        recurrent_initializer: Initializer::Orthogonal(0.9),
        ..Default::default()
    }
}

/// `[batch, time, 3]`, each about 1.
fn sequences(batch: usize, time: usize, device: &Device) -> Tensor<3> {
    let value = |i: usize| (i as f32 * 0.71).sin() + 0.3 * (i as f32 * 0.13).cos();
    let values: Vec<f32> = (0..batch * time * 3).map(value).collect();
    Tensor::from_data(TensorData::new(values, [batch, time, 3]), device)
}

/// All rows, and the outputs, for [`sequences`] multiplied by `scale`.
fn measure(
    config: &RecurrentConfig,
    [batch, time]: [usize; 2],
    scale: f64,
    path: Path,
) -> (Vec<Row>, Vec<f64>) {
    let device = Device::flex().autodiff();
    let network = config.try_init(5, &device).unwrap();
    let mut taps = Taps::on();
    let inputs = sequences(batch, time, &device).mul_scalar(scale);
    let outputs = network.forward(inputs, path, &mut taps);
    let gradients = outputs.clone().sin().sum().backward();
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    let rows = hook.observe_with_taps(0, &network, &gradients, &taps).unwrap().rows().unwrap();
    (rows, outputs.into_data().iter::<f64>().collect())
}

#[test]
fn the_kernel_agrees_with_the_plain_path_in_everything() {
    for cell in CELLS {
        // One row, one step; rows that two threads share unevenly; both ends of a sequence read.
        for (batch, time, readout) in
            [(1, 1, Readout::Last), (3, 7, Readout::Every), (37, 40, Readout::Last)]
        {
            let config = RecurrentConfig { readout, ..config(cell) };
            let (fused, outputs) = measure(&config, [batch, time], 1.0, Path::Fastest);
            let (plain, expected) = measure(&config, [batch, time], 1.0, Path::Plain);
            for (output, expected) in outputs.iter().zip(&expected) {
                assert!((output - expected).abs() < 1e-5, "{cell:?}: {output} and {expected}");
            }
            let mut compared = 0;
            for row in fused.iter().filter(|row| row.quantity.as_str().ends_with("_norm")) {
                let twin =
                    |other: &&Row| other.quantity == row.quantity && other.subject == row.subject;
                let twin = plain.iter().find(twin).unwrap();
                let difference = relative_difference(row.value, twin.value);
                assert!(difference < 2e-5, "{cell:?} {batch}×{time}: {row:?} but {}", twin.value);
                compared += 1;
            }
            // Two layers of time steps, an LSTM's cell states too; activations and gradients.
            let tapped = 2 * time * if cell == Cell::Lstm { 2 } else { 1 };
            assert!(compared >= 2 * tapped + 10, "{cell:?}: only {compared}");
        }
    }
}

/// Gates and states that inputs of 1e4 saturate: what is left of a gradient differs by rounding of 1, so
/// that it is compared with the largest of its kind.
#[test]
fn saturated_cells_have_the_gradients_of_the_plain_path() {
    for cell in CELLS {
        // A ReLU passes the size of its inputs on to the loss, whose sine then rounds.
        let scale = if cell == Cell::ReluRnn { 1e2 } else { 1e4 };
        let (fused, _) = measure(&config(cell), [5, 7], scale, Path::Fastest);
        let (plain, _) = measure(&config(cell), [5, 7], scale, Path::Plain);
        for row in fused.iter().filter(|row| row.quantity.as_str().ends_with("_norm")) {
            let twin =
                |other: &&Row| other.quantity == row.quantity && other.subject == row.subject;
            let twin = plain.iter().find(twin).unwrap();
            let alike = plain.iter().filter(|other| other.quantity == row.quantity);
            let largest = alike.map(|other| other.value).fold(0.0, f64::max);
            let difference = (row.value - twin.value).abs() / largest;
            assert!(difference < 2e-5, "{cell:?}: {row:?} but {}", twin.value);
        }
    }
}

#[test]
fn sequences_can_be_scored_without_autodiff() {
    for cell in CELLS {
        let score = |device: Device, path| {
            let network = config(cell).try_init(5, &device).unwrap();
            let outputs = network.forward(sequences(4, 9, &device), path, &mut Taps::off());
            outputs.into_data().iter::<f64>().collect::<Vec<_>>()
        };
        let trained = score(Device::flex().autodiff(), Path::Fastest);
        assert_eq!(score(Device::flex(), Path::Fastest), trained, "{cell:?}");
    }
}

/// What threads have a share in must not depend on how many there are: a row's numbers are its own.
#[test]
fn a_row_does_not_depend_on_the_others() {
    for cell in CELLS {
        let device = Device::flex();
        let network = config(cell).try_init(5, &device).unwrap();
        let all = sequences(64, 200, &device);
        let outputs = network.forward(all.clone(), Path::Fastest, &mut Taps::off());
        let last = network.forward(all.narrow(0, 63, 1), Path::Fastest, &mut Taps::off());
        let difference = (outputs.narrow(0, 63, 1) - last).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-6, "{cell:?}: {difference}");
    }
}
