//! Trainings, and the rows that they leave.

use std::ops::Range;

use backdraft_hooks::{GradientHook, QUANTITIES, QuantityName, Row, Schedule, Taps, read_back};
use burn::module::{Module, ModuleDisplay, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, ExecutionError, Tensor, TensorData};

use crate::data::Task;
use crate::fault::Fault;
use crate::program::{
    BurnLstm, BurnTransformer, Classifier, Convolutional, EncoderDecoder, HeadFirst, Program,
    Recurrent, Towers,
};
use crate::surgery::{change, draw};

/// The step at which a fault of one step shows.
const FAULTY_STEP: u64 = 41;
const BATCH: usize = 32;

/// A training whose trouble is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Training {
    /// What is trained.
    pub program: Program,
    /// What is wrong with it.
    pub fault: Fault,
    /// Determines weights, data and optimiser; odd ones have no taps.
    pub seed: u64,
    /// The number of steps.
    pub steps: u64,
}

impl Training {
    /// Returns every program with every fault that it can have, and as many healthy trainings.
    pub fn all(seeds: Range<u64>) -> Vec<Self> {
        let mut trainings = Vec::new();
        for (seed, program) in seeds.flat_map(|seed| Program::ALL.iter().map(move |p| (seed, *p))) {
            let sick = Fault::ALL[1..].iter().copied().filter(|fault| program.can_have(*fault));
            for (number, fault) in sick.enumerate() {
                let training = |fault, seed| Self { program, fault, seed, steps: 60 };
                trainings.push(training(fault, seed));
                trainings.push(training(Fault::None, 1_000 * (number as u64 + 1) + seed));
            }
        }
        trainings
    }

    /// Tells whether activations are tapped.
    pub fn is_tapped(&self) -> bool {
        self.seed.is_multiple_of(2)
            || matches!(self.fault, Fault::ForgetsOverTime | Fault::ExplodesOverTime)
    }

    /// Runs the training and returns what was measured at every step, with the loss.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] when the device failed.
    pub fn rows(&self, device: &Device) -> Result<Vec<Row>, ExecutionError> {
        match self.program {
            Program::HeadFirst => self.run::<HeadFirst>(device),
            Program::Towers => self.run::<Towers>(device),
            Program::EncoderDecoder => self.run::<EncoderDecoder>(device),
            Program::BurnLstm => self.run::<BurnLstm>(device),
            Program::BurnTransformer => self.run::<BurnTransformer>(device),
            Program::Convolutional => self.run::<Convolutional>(device),
            Program::Recurrent => self.run::<Recurrent>(device),
        }
    }

    fn is_adam(&self) -> bool {
        // Adam's first step shows a rate that is too high in any program.
        (self.seed / 2).is_multiple_of(2) || self.fault == Fault::RateTooHigh
    }

    fn rate(&self) -> f64 {
        let healthy = if self.is_adam() { 1e-3 } else { 1e-2 };
        match self.fault {
            Fault::RateTooHigh => 1e3 * healthy,
            Fault::RateTooLow => 1e-6 * healthy,
            _ => healthy,
        }
    }

    fn run<C: Classifier>(&self, device: &Device) -> Result<Vec<Row>, ExecutionError> {
        let device = device.clone().autodiff();
        let mut model = self.model::<C>(&device);
        let mut optimizer: ModuleOptimizer =
            if self.is_adam() { AdamConfig::new().init() } else { SgdConfig::new().init() };
        let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
        let mut task = Task::new(self.seed);
        let loss_of = CrossEntropyLossConfig::new().init(&device);
        let mut rows: Vec<Row> = Vec::new();
        for step in 0..self.steps {
            let is_faulty = step == FAULTY_STEP;
            if is_faulty && self.fault == Fault::NanWeight {
                model = self.with_nan(model);
            }
            let (inputs, classes) = task.batch(BATCH, &device);
            let inputs = match self.fault {
                Fault::NanInput if is_faulty => inputs * f32::NAN,
                Fault::BadBatch if is_faulty => inputs * -1e4,
                _ => inputs,
            };
            let mut taps = if self.is_tapped() { hook.taps(step) } else { Taps::off() };
            let logits = model.module.logits(inputs, &mut taps);
            let logits = if self.fault == Fault::ConstantLoss { logits * 0.0 } else { logits };
            let loss = loss_of.forward(logits, classes);
            let mut gradients = loss.backward();
            let observation = hook.observe_with_taps(step, &model, &gradients, &taps);
            let loss = read_back(vec![loss.without_autodiff()])?;
            let loss = loss.iter().flat_map(TensorData::iter::<f64>).next().unwrap_or(f64::NAN);
            rows.push(Row::of_network(step, QuantityName::LOSS, loss));
            let mut step_gradients = GradientsParams::from_module(&mut gradients, &model);
            if self.fault == Fault::ClippedAway {
                step_gradients = clipped(&model, step_gradients, step, &mut rows)?;
            }
            model = optimizer.step(self.rate(), model, step_gradients);
            if let Some(observation) = observation {
                rows.extend(observation.rows_after_step(&model)?);
            }
            if !loss.is_finite() {
                break;
            }
        }
        Ok(rows)
    }

    fn model<C: Classifier>(&self, device: &Device) -> Model<C> {
        let unused = (self.fault == Fault::Unused).then(|| Param::from_data([0.5f32; 3], device));
        let module = draw(C::new(device), self.seed, C::GAIN);
        let is_recurrent = self.program == Program::Recurrent;
        let middle = self.program.middle();
        let module = change(module, |path, values| {
            if is_recurrent && path == "hidden.weight" {
                // Close to the identity, so that it remembers.
                values.scale(0.1);
                let width = values.shape[0];
                (0..width).for_each(|unit| values.numbers[unit * width + unit] += 0.9);
            }
            let is_bias = path.ends_with("bias");
            let is_weight = path.ends_with("weight");
            if is_bias {
                values.fill(0.0);
            }
            match self.fault {
                Fault::ZeroWeights if is_weight => values.fill(0.0),
                Fault::ConstantWeights if is_weight || is_bias => values.fill(0.01),
                Fault::SmallWeights if is_weight && !path.contains("head") => values.scale(0.1),
                Fault::LargeWeights if is_weight && !path.contains("head") => values.scale(8.0),
                Fault::SickLayer if path == format!("{middle}.weight") => values.scale(1e-6),
                Fault::DeadBias if path == format!("{middle}.bias") => values.fill(-1e3),
                Fault::ForgetsOverTime if path == "hidden.weight" => values.scale(0.25),
                Fault::ExplodesOverTime if path == "hidden.weight" => values.scale(2.0),
                _ => {}
            }
        });
        Model { module, unused }
    }

    fn with_nan<C: Classifier>(&self, model: Model<C>) -> Model<C> {
        let (mut is_done, middle) = (false, format!("module.{}", self.program.middle()));
        change(model, |path, values| {
            if !is_done && path.starts_with(&middle) && path.ends_with("weight") {
                values.numbers[0] = f32::NAN;
                is_done = true;
            }
        })
    }
}

/// A classifier, and perhaps a parameter that nothing uses.
#[derive(Module, Debug)]
struct Model<C: Module + ModuleDisplay> {
    module: C,
    unused: Option<Param<Tensor<1>>>,
}

/// Clips the gradients to a norm of 1e-4 and records both norms.
fn clipped<M: Module>(
    model: &M,
    gradients: GradientsParams,
    step: u64,
    rows: &mut Vec<Row>,
) -> Result<GradientsParams, ExecutionError> {
    const BOUND: f64 = 1e-4;
    let norm = backdraft_hooks::global_norm(model, &gradients)?;
    let factor = (BOUND / norm).min(1.0);
    rows.push(Row::of_network(step, QuantityName::GLOBAL_GRADIENT_NORM, norm));
    rows.push(Row::of_network(step, QuantityName::CLIPPED_GRADIENT_NORM, factor * norm));
    Ok(scaled(model, gradients, factor))
}

fn scaled<M: Module>(model: &M, gradients: GradientsParams, factor: f64) -> GradientsParams {
    struct Scale {
        gradients: GradientsParams,
        factor: f64,
    }

    impl burn::module::ModuleVisitor for Scale {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.remove::<D>(parameter.id) {
                self.gradients.register(parameter.id, gradient * self.factor);
            }
        }
    }

    let mut scale = Scale { gradients, factor };
    model.visit(&mut scale);
    scale.gradients
}
