//! Weight initialisers, drawn on the host.

use backdraft_spec::Initializer;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

use crate::orthogonal::orthogonal;
use crate::rng::WeightRng;

/// The distribution of the elements.
enum Elements {
    Constant(f64),
    /// Standard deviation.
    Normal(f64),
    /// Bound on either side.
    Uniform(f64),
}

/// The weights that an [`Initializer`] draws.
pub trait InitializerExt: Copy {
    /// Draws a weight matrix, row by row.
    ///
    /// # Shapes
    ///
    /// - output: `[fan_in, fan_out]`, the layout of Burn's `Linear`
    fn draw(self, fan_in: usize, fan_out: usize, rng: &mut WeightRng) -> Vec<f32>;

    /// Draws the filters of a convolution, one output channel after the other. The fan-in counts
    /// all weights into an output, the fan-out all weights from an input. As a matrix, the filters
    /// have one row per output.
    ///
    /// `Identity` puts its ones at the centre of the filters, so that channels pass through
    /// unchanged.
    ///
    /// # Shapes
    ///
    /// - output: `[outputs, inputs, side, side]`
    fn draw_filters(
        self,
        inputs: usize,
        outputs: usize,
        side: usize,
        rng: &mut WeightRng,
    ) -> Vec<f32>;
}

impl InitializerExt for Initializer {
    fn draw(self, fan_in: usize, fan_out: usize, rng: &mut WeightRng) -> Vec<f32> {
        if let Self::Orthogonal(gain) = self {
            let matrix = orthogonal(fan_in, fan_out, rng);
            return matrix.into_iter().map(|x| (gain * x) as f32).collect();
        }
        if let Self::Identity(gain) = self {
            let element = |i: usize| if i / fan_out == i % fan_out { gain as f32 } else { 0.0 };
            return (0..fan_in * fan_out).map(element).collect();
        }
        let elements = elements(self, fan_in, fan_out);
        (0..fan_in * fan_out).map(|_| elements.draw(rng) as f32).collect()
    }

    fn draw_filters(
        self,
        inputs: usize,
        outputs: usize,
        side: usize,
        rng: &mut WeightRng,
    ) -> Vec<f32> {
        let area = side * side;
        let (fan_in, fan_out) = (inputs * area, outputs * area);
        match self {
            Self::Orthogonal(gain) => {
                let matrix = orthogonal(outputs, fan_in, rng);
                matrix.into_iter().map(|x| (gain * x) as f32).collect()
            }
            Self::Identity(gain) => {
                let element = |i: usize| {
                    let (output, input, tap) = (i / fan_in, i % fan_in / area, i % area);
                    if output == input && tap == area / 2 { gain as f32 } else { 0.0 }
                };
                (0..outputs * fan_in).map(element).collect()
            }
            _ => {
                let elements = elements(self, fan_in, fan_out);
                (0..outputs * fan_in).map(|_| elements.draw(rng) as f32).collect()
            }
        }
    }
}

fn elements(initializer: Initializer, fan_in: usize, fan_out: usize) -> Elements {
    let standard_deviation = initializer.weight_variance(fan_in, fan_out).sqrt();
    match initializer {
        Initializer::Zeros => Elements::Constant(0.0),
        Initializer::Constant(value) => Elements::Constant(value),
        Initializer::Uniform(_)
        | Initializer::XavierUniform
        | Initializer::HeUniform
        | Initializer::LecunUniform
        | Initializer::BurnDefault => Elements::Uniform(standard_deviation * 3f64.sqrt()),
        _ => Elements::Normal(standard_deviation),
    }
}

impl Elements {
    fn draw(&self, rng: &mut WeightRng) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Normal(standard_deviation) => {
                let z: f64 = StandardNormal.sample(rng);
                standard_deviation * z
            }
            Self::Uniform(bound) => {
                let u: f64 = StandardUniform.sample(rng);
                bound * (2.0 * u - 1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::weight_rng;

    const DRAWN: &[Initializer] = &[
        Initializer::Normal(0.3),
        Initializer::Uniform(0.5),
        Initializer::XavierNormal,
        Initializer::XavierUniform,
        Initializer::HeNormal,
        Initializer::HeUniform,
        Initializer::LecunNormal,
        Initializer::LecunUniform,
        Initializer::BurnDefault,
        Initializer::MeanField(1.7),
        Initializer::Orthogonal(1.3),
    ];

    #[test]
    fn drawn_weights_have_the_documented_variance_and_no_mean() {
        let (fan_in, fan_out) = (120, 80);
        for initializer in DRAWN {
            let weights = initializer.draw(fan_in, fan_out, &mut weight_rng(7));
            let count = weights.len() as f64;
            let mean = weights.iter().map(|w| f64::from(*w)).sum::<f64>() / count;
            let square = weights.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / count;
            let expected = initializer.weight_variance(fan_in, fan_out);
            // Over 9,600 Gaussian draws, the sample variance has a standard error of 1.4 %, the
            // mean one of 1 % of the standard deviation. Allow four of each.
            assert!((square / expected - 1.0).abs() < 0.06, "{initializer:?}: {square}");
            assert!(mean.abs() < 0.045 * expected.sqrt(), "{initializer:?}: mean {mean}");
        }
    }

    #[test]
    fn filters_count_every_weight_that_reaches_an_output() {
        let filters = Initializer::HeNormal.draw_filters(16, 32, 3, &mut weight_rng(7));
        let square = filters.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>();
        let expected = 2.0 / (16.0 * 9.0);
        assert!((square / filters.len() as f64 / expected - 1.0).abs() < 0.08, "as above");
        let identity = Initializer::Identity(1.0).draw_filters(2, 2, 3, &mut weight_rng(7));
        let ones: Vec<usize> = (0..36).filter(|i| identity[*i] == 1.0).collect();
        assert_eq!(ones, [4, 31], "the centres of filter 0 on input 0 and filter 1 on input 1");
        let rows = Initializer::Orthogonal(2.0).draw_filters(4, 3, 3, &mut weight_rng(7));
        let norm: f64 = rows[..36].iter().map(|w| f64::from(*w).powi(2)).sum();
        assert!((norm - 4.0).abs() < 1e-5, "{norm}");
    }

    #[test]
    fn the_same_seed_draws_the_same_weights_and_another_does_not() {
        let draw = |seed| Initializer::XavierUniform.draw(10, 10, &mut weight_rng(seed));
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn a_seed_means_these_weights_for_ever() {
        let weights = Initializer::LecunNormal.draw(2, 2, &mut weight_rng(42));
        assert_eq!(weights, GOLDEN, "changing the generator changes every published figure");
    }

    /// The first weights of seed 42 in the first release.
    const GOLDEN: [f32; 4] = [0.4377574, -0.6316067, -0.03434504, 1.3520187];
}
