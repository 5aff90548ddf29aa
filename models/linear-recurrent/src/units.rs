//! The recurrent units.

use backdraft_hooks::Taps;
use backdraft_layers::sigmoid;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::number::Complex;
use crate::scan::scan;

/// One of the units.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a network has a handful of layers")]
pub enum RecurrentUnit {
    /// A linear recurrent unit.
    Lru(Lru),
    /// A minGRU.
    MinGru(MinGru),
}

impl RecurrentUnit {
    /// Computes the unit's outputs at all time steps, starting from zeros.
    ///
    /// Taps see the state after each step as `name@t`; a complex one as its real parts, then its imaginary
    /// ones.
    ///
    /// # Shapes
    ///
    /// - input: `[time, batch, width]`
    /// - output: `[time, batch, width]` of an LRU, `[time, batch, state]` of a minGRU
    pub fn forward(&self, input: Tensor<3>, name: &str, taps: &mut Taps) -> Tensor<3> {
        match self {
            Self::Lru(unit) => unit.forward(input, name, taps),
            Self::MinGru(unit) => unit.forward(input, name, taps),
        }
    }
}

/// The linear recurrent unit: h_t = λ h_{t−1} + γ B x_t and y_t = Re(C h_t) + D x_t, with a complex
/// λ = exp(−e^ν + i e^θ) for each unit, which is stable whatever is learned.
///
/// # Reference
///
/// Orvieto et al. 2023, Resurrecting recurrent neural networks for long sequences, § 3.
#[derive(Module, Debug)]
pub struct Lru {
    /// ν, `[state]`.
    pub nu: Param<Tensor<1>>,
    /// θ, `[state]`.
    pub theta: Param<Tensor<1>>,
    /// ln γ, `[state]`.
    pub gamma: Param<Tensor<1>>,
    /// Re B, `[width, state]`.
    pub input_re: Linear,
    /// Im B.
    pub input_im: Linear,
    /// Re C, `[state, width]`.
    pub output_re: Linear,
    /// Im C.
    pub output_im: Linear,
    /// D, `[width]`.
    pub direct: Param<Tensor<1>>,
}

impl Lru {
    /// Returns λ, each part `[1, 1, state]`.
    pub fn decay(&self) -> Complex {
        let (size, angle) = (self.nu.val().exp().neg().exp(), self.theta.val().exp());
        let part = |part: Tensor<1>| (size.clone() * part).unsqueeze::<3>();
        Complex { re: part(angle.clone().cos()), im: part(angle.clone().sin()) }
    }

    fn forward(&self, input: Tensor<3>, name: &str, taps: &mut Taps) -> Tensor<3> {
        let gamma = self.gamma.val().exp().unsqueeze::<3>();
        let into = |linear: &Linear| linear.forward(input.clone()) * gamma.clone();
        let (re, im) = (into(&self.input_re), into(&self.input_im));
        let [time, batch, units] = re.dims();
        let probe = probe(&re, [time, batch, 2 * units], taps);
        let (re, im) = match &probe {
            None => (re, im),
            Some(probe) => {
                let part = |from: usize| probe.clone().narrow(2, from, units);
                (re + part(0), im + part(units))
            }
        };
        let states = scan(&self.decay(), &Complex { re, im });
        if let Some(probe) = probe {
            let both = Tensor::cat(vec![states.re.clone(), states.im.clone()], 2);
            taps.tap_probed(name, both, probe);
        }
        let output = self.output_re.forward(states.re) - self.output_im.forward(states.im);
        output + input * self.direct.val().unsqueeze()
    }
}

/// The minimal gated recurrent unit: h_t = (1 − z_t) h_{t−1} + z_t h̃_t, whose gate z_t = σ(W_z x_t + b_z) and
/// candidate h̃_t = W_h x_t + b_h do not see the state.
///
/// # Reference
///
/// Feng et al. 2024, Were RNNs all we needed?, § 3.1.
#[derive(Module, Debug)]
pub struct MinGru {
    /// W_z and b_z; weight `[width, state]`.
    pub gate: Linear,
    /// W_h and b_h; weight `[width, state]`.
    pub candidate: Linear,
}

impl MinGru {
    fn forward(&self, input: Tensor<3>, name: &str, taps: &mut Taps) -> Tensor<3> {
        let gate = sigmoid(self.gate.forward(input.clone()));
        let drive = gate.clone() * self.candidate.forward(input);
        let probe = probe(&drive, drive.dims(), taps);
        let drive = match &probe {
            Some(probe) => drive + probe.clone(),
            None => drive,
        };
        let states = scan(&gate.neg().add_scalar(1.0), &drive);
        if let Some(probe) = probe {
            taps.tap_probed(name, states.clone(), probe);
        }
        states
    }
}

/// Returns zeros to add to what drives the states; `None` if the taps are off.
///
/// The drive enters a state as it is, so the gradient of these zeros is the whole ∂L/∂h_t, with what comes
/// back from later steps.
fn probe(drive: &Tensor<3>, shape: [usize; 3], taps: &Taps) -> Option<Tensor<3>> {
    taps.is_on().then(|| {
        let device = drive.device();
        let zeros = Tensor::zeros(shape, (&device, drive.dtype()));
        if device.is_autodiff() { zeros.require_grad() } else { zeros }
    })
}
