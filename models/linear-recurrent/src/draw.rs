//! Initialisation of the network.

use backdraft_layers::{InitializerExt, InvalidField, LinearInit, WeightRng, weight_rng};
use burn::module::Param;
use burn::nn::{LayerNormConfig, Linear};
use burn::tensor::{Device, TensorData};
use rand_core::Rng;

use crate::config::{LinearRecurrentConfig, Unit};
use crate::layer::LinearRecurrentLayer;
use crate::network::LinearRecurrent;
use crate::units::{Lru, MinGru, RecurrentUnit};

impl LinearRecurrentConfig {
    /// Creates the network on `device`, with weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, seed: u64, device: &Device) -> Result<LinearRecurrent, InvalidField> {
        self.validate()?;
        let mut rng = weight_rng(seed);
        let linear = self.linear();
        let embedding = linear.init(self.inputs, self.width, &mut rng, device);
        let layers = (0..self.layers).map(|_| self.layer(&mut rng, device)).collect();
        let head = linear.init(self.width, self.outputs, &mut rng, device);
        Ok(LinearRecurrent { embedding, layers, head, readout: self.readout })
    }

    fn linear(&self) -> LinearInit {
        LinearInit { weight: self.initializer, bias_variance: Some(0.0) }
    }

    fn layer(&self, rng: &mut WeightRng, device: &Device) -> LinearRecurrentLayer {
        let (width, state, linear) = (self.width, self.state, self.linear());
        let (unit, seen) = match self.unit {
            Unit::Lru => (RecurrentUnit::Lru(self.lru(rng, device)), width),
            Unit::MinGru => {
                let gate = linear.init(width, state, rng, device);
                let candidate = linear.init(width, state, rng, device);
                (RecurrentUnit::MinGru(MinGru { gate, candidate }), state)
            }
        };
        LinearRecurrentLayer {
            norm: LayerNormConfig::new(width).init(device),
            unit,
            mix: linear.init(seen, width, rng, device),
            has_skip: self.skip,
        }
    }

    /// Draws |λ|² uniformly between the squared radii and the phase up to the largest, so that λ is uniform
    /// over a ring (Orvieto et al. 2023, Lemma 3.2), and γ as √(1 − |λ|²) (eq. 7).
    fn lru(&self, rng: &mut WeightRng, device: &Device) -> Lru {
        let state = self.state;
        let (low, high) = (self.radius_min.powi(2), self.radius_max.powi(2));
        let squares: Vec<f64> = (0..state).map(|_| low + uniform(rng) * (high - low)).collect();
        let phases: Vec<f64> = (0..state).map(|_| self.max_phase * uniform(rng)).collect();
        let vector = |values: Vec<f64>| {
            let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
            Param::from_data(values.as_slice(), device)
        };
        // |λ| = exp(−e^ν), so ν = ln(−ln |λ|² / 2).
        let nu = vector(squares.iter().map(|square| (-square.ln() / 2.0).ln()).collect());
        let theta = vector(phases.iter().map(|phase| phase.ln()).collect());
        let gamma = vector(squares.iter().map(|square| (1.0 - square).ln() / 2.0).collect());
        let direct = vector(vec![1.0; self.width]);
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let mut matrix = |inputs, outputs, scale: f32| {
            let drawn = self.initializer.draw(inputs, outputs, rng);
            let values: Vec<f32> = drawn.into_iter().map(|value| value * scale).collect();
            let weight = Param::from_data(TensorData::new(values, [inputs, outputs]), device);
            Linear { weight, bias: None }
        };
        let (input_re, input_im) =
            (matrix(self.width, state, half), matrix(self.width, state, half));
        let (output_re, output_im) =
            (matrix(state, self.width, 1.0), matrix(state, self.width, 1.0));
        Lru { nu, theta, gamma, input_re, input_im, output_re, output_im, direct }
    }
}

/// A number between 0 and 1, neither of which it is: logarithms of it are finite.
fn uniform(rng: &mut WeightRng) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Number;

    #[test]
    fn the_decays_lie_on_the_ring_and_their_squares_are_uniform() {
        let device = Device::flex();
        let config = LinearRecurrentConfig { state: 2_000, width: 1, ..Default::default() };
        let decay = config.lru(&mut weight_rng(3), &device).decay();
        assert_eq!(decay.steps(), 1);
        let square = decay.re.clone().square() + decay.im.clone().square();
        let squares: Vec<f64> = square.into_data().iter::<f64>().collect();
        let (low, high) = (0.9f64.powi(2), 0.999f64.powi(2));
        assert!(squares.iter().all(|square| (low - 1e-5..high + 1e-5).contains(square)));
        let mean = squares.iter().sum::<f64>() / 2_000.0;
        // Four standard errors of a uniform variable.
        let close = 4.0 * (high - low) / 12f64.sqrt() / 2_000f64.sqrt();
        assert!((mean - (low + high) / 2.0).abs() < close, "{mean}");
    }
}
