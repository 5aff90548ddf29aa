//! A linear recurrence with one factor, in two parametrisations.

use backdraft_layers::{Initializer, InitializerExt, weight_rng};
use backdraft_theory::{exponential_sensitivity, factor_sensitivity};
use burn::tensor::Tensor;

/// How the factor λ of h_t = λ h_(t−1) + γ x_t is parametrised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// λ itself; γ = 1.
    Direct,
    /// ν with λ = exp(−exp ν); γ = √(1 − λ²), so that h keeps the variance of x.
    Exponential,
}

impl Form {
    pub(super) const ALL: [Self; 2] = [Self::Direct, Self::Exponential];

    /// Returns the level of the factor `form`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Exponential => "exponential",
        }
    }

    /// Returns theory's E (∂h/∂θ)² for white input.
    pub(super) fn sensitivity(self, lambda: f64) -> f64 {
        match self {
            Self::Direct => factor_sensitivity(lambda),
            Self::Exponential => exponential_sensitivity(lambda),
        }
    }

    /// Returns the parameter θ of this λ.
    pub(super) fn parameter(self, lambda: f64) -> f64 {
        match self {
            Self::Direct => lambda,
            Self::Exponential => (-lambda.ln()).ln(),
        }
    }

    /// Returns λ, γ and their derivatives with respect to θ.
    fn factors(self, parameter: f64) -> [f64; 4] {
        match self {
            Self::Direct => [parameter, 1.0, 1.0, 0.0],
            Self::Exponential => {
                let rate = parameter.exp();
                let lambda = (-rate).exp();
                let gain = (1.0 - lambda * lambda).sqrt();
                let slope = -rate * lambda;
                [lambda, gain, slope, -lambda / gain * slope]
            }
        }
    }

    /// Returns λ of a parameter.
    pub(super) fn lambda(self, parameter: f64) -> f64 {
        self.factors(parameter)[0]
    }

    /// Returns λ and γ of parameters on a device, differentiably.
    pub(super) fn on_device(self, parameter: Tensor<1>) -> [Tensor<1>; 2] {
        match self {
            Self::Direct => [parameter.clone(), parameter.ones_like()],
            Self::Exponential => {
                let lambda = parameter.exp().neg().exp();
                [lambda.clone(), lambda.square().neg().add_scalar(1.0).sqrt()]
            }
        }
    }

    /// Calls `visit` with h and ∂h/∂θ after every input, from h = 0.
    fn run(self, parameter: f64, inputs: &[f32], mut visit: impl FnMut(usize, f64, f64)) {
        let [lambda, gain, lambda_slope, gain_slope] = self.factors(parameter);
        let (mut state, mut slope) = (0.0, 0.0);
        for (time, input) in inputs.iter().enumerate() {
            let input = f64::from(*input);
            slope = lambda * slope + lambda_slope * state + gain_slope * input;
            state = lambda * state + gain * input;
            visit(time, state, slope);
        }
    }
}

/// Sequences of white noise with the states of a recurrence whose λ is to be found.
pub(super) struct Lesson {
    form: Form,
    inputs: Vec<Vec<f32>>,
    targets: Vec<Vec<f64>>,
    power: f64,
}

impl Lesson {
    pub(super) fn new(form: Form, lambda: f64, sequences: usize, length: usize, seed: u64) -> Self {
        let drawn = Initializer::Normal(1.0).draw(sequences, length, &mut weight_rng(seed));
        let inputs: Vec<Vec<f32>> = drawn.chunks_exact(length).map(<[f32]>::to_vec).collect();
        let states = |inputs: &Vec<f32>| {
            let mut states = Vec::with_capacity(inputs.len());
            form.run(form.parameter(lambda), inputs, |_, state, _| states.push(state));
            states
        };
        let targets: Vec<Vec<f64>> = inputs.iter().map(states).collect();
        let power = targets.iter().flatten().map(|state| state * state).sum();
        Self { form, inputs, targets, power }
    }

    /// Returns the derivative of ½ Σ (h − h*)² / Σ h*² with respect to θ.
    fn gradient(&self, parameter: f64) -> f64 {
        let mut sum = 0.0;
        for (inputs, targets) in self.inputs.iter().zip(&self.targets) {
            self.form.run(parameter, inputs, |time, state, slope| {
                sum += (state - targets[time]) * slope;
            });
        }
        sum / self.power
    }

    /// Takes steps of gradient descent from `lambda` and returns the λ it ends at; not finite if it
    /// diverged.
    pub(super) fn learn(&self, lambda: f64, rate: f64, steps: u64) -> f64 {
        let mut parameter = self.form.parameter(lambda);
        for _ in 0..steps {
            parameter -= rate * self.gradient(parameter);
            if !parameter.is_finite() {
                break;
            }
        }
        self.form.lambda(parameter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for form in Form::ALL {
            let lesson = Lesson::new(form, 0.9, 3, 40, 1);
            let loss = |parameter: f64| {
                let mut sum = 0.0;
                for (inputs, targets) in lesson.inputs.iter().zip(&lesson.targets) {
                    form.run(parameter, inputs, |time, state, _| {
                        sum += 0.5 * (state - targets[time]).powi(2);
                    });
                }
                sum / lesson.power
            };
            let (at, step) = (form.parameter(0.7), 1e-5);
            let difference = (loss(at + step) - loss(at - step)) / (2.0 * step);
            let gradient = lesson.gradient(at);
            assert!(
                (gradient / difference - 1.0).abs() < 1e-6,
                "{form:?}: {gradient} {difference}"
            );
        }
    }

    #[test]
    fn the_parameter_of_a_factor_gives_it_back_and_a_good_rate_finds_it() {
        for form in Form::ALL {
            assert!((form.lambda(form.parameter(0.99)) - 0.99).abs() < 1e-12);
            let found = Lesson::new(form, 0.5, 8, 100, 1).learn(0.25, 0.3, 300);
            assert!((found - 0.5).abs() < 1e-3, "{form:?}: {found}");
        }
        let diverged = Lesson::new(Form::Direct, 0.99, 8, 400, 1).learn(0.985, 1.0, 300);
        assert!(!diverged.is_finite() || diverged.abs() > 1.0, "{diverged}");
    }
}
