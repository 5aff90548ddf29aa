//! The loop of a training, and the rows that it leaves.

use backdraft_hooks::{
    GradientHook, QUANTITIES, QuantityName, Row, Schedule, Taps, global_norm, read_back,
};
use burn::module::{Module, ModuleDisplay, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData};

use crate::data::{CLASSES, FEATURES, Numbers, Task};
use crate::error::Error;
use crate::fault::Fault;
use crate::program::{
    BurnLstm, BurnTransformer, Classifier, Convolutional, EncoderDecoder, HeadFirst, Own, Program,
    Recurrent, Towers, zoo,
};
use crate::surgery::{change, detached, draw, half_precision, scaled, swapped, without};
use crate::training::Training;

const BATCH: usize = 32;

/// The bound of a clipping that leaves nothing.
const TIGHT: f64 = 1e-4;

impl Training {
    /// Runs the training and returns what was measured at every step, with the loss.
    ///
    /// # Errors
    ///
    /// [`Error`] when the device failed.
    pub fn rows(&self, device: &Device) -> Result<Vec<Row>, Error> {
        let device = &device.clone().autodiff();
        match self.program {
            Program::HeadFirst => self.run(self.drawn::<HeadFirst>(device), device),
            Program::Towers => self.run(self.drawn::<Towers>(device), device),
            Program::EncoderDecoder => self.run(self.drawn::<EncoderDecoder>(device), device),
            Program::BurnLstm => self.run(self.drawn::<BurnLstm>(device), device),
            Program::BurnTransformer => self.run(self.drawn::<BurnTransformer>(device), device),
            Program::Convolutional => self.run(self.drawn::<Convolutional>(device), device),
            Program::Recurrent => self.run(self.drawn::<Recurrent>(device), device),
            Program::Zoo(name) => {
                let config = zoo::config(name, self.fault).ok_or(Error::Unknown(name))?;
                self.run(config.try_init(self.seed, device)?, device)
            }
        }
    }

    fn drawn<C: Own>(&self, device: &Device) -> C {
        let is_recurrent = self.program == Program::Recurrent;
        change(draw(C::new(device), self.seed, C::GAIN), |path, values| {
            if is_recurrent && path == "hidden.weight" {
                // Close to the identity, so that it remembers.
                values.scale(0.1);
                let width = values.shape[0];
                (0..width).for_each(|unit| values.numbers[unit * width + unit] += 0.9);
            }
            if path.ends_with("bias") {
                values.fill(0.0);
            }
        })
    }

    fn run<C: Classifier>(&self, module: C, device: &Device) -> Result<Vec<Row>, Error> {
        let mut model = self.model(module, device);
        let mut optimizer = self.optimizer();
        let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
        let mut batches = Batches::new(self, device);
        let loss_of = CrossEntropyLossConfig::new().init(device);
        let mut rows: Vec<Row> = Vec::new();
        for step in 0..self.steps {
            if step == self.faulty_step() {
                model = self.hurt(model);
            }
            let (inputs, classes) = batches.next(step);
            let mut taps = if self.is_tapped() { hook.taps(step) } else { Taps::off() };
            let logits = if self.fault == Fault::Detached {
                detached(&model.module, self.program.middle()).logits(inputs, &mut taps)
            } else {
                model.module.logits(inputs, &mut taps)
            };
            let logits = if self.fault == Fault::ConstantLoss { logits * 0.0 } else { logits };
            let loss = loss_of.forward(logits, classes) * self.loss_scale();
            let mut gradients = loss.backward();
            let observation = hook.observe_with_taps(step, &model, &gradients, &taps);
            let loss = read_back(vec![loss.without_autodiff().cast(FloatDType::F32)])?;
            let loss = loss.iter().flat_map(TensorData::iter::<f64>).next().unwrap_or(f64::NAN);
            // Who divides the loss for the backward pass looks at the loss, not at its fraction.
            let loss = loss / self.loss_scale().abs();
            rows.push(Row::of_network(step, QuantityName::LOSS, loss));
            let gradients = GradientsParams::from_module(&mut gradients, &model);
            let gradients = self.altered(&model, gradients, step, &mut rows)?;
            model = optimizer.step(self.rate(), model, gradients);
            if let Some(observation) = observation {
                rows.extend(observation.rows_after_step(&model)?);
            }
            if !loss.is_finite() {
                break;
            }
        }
        Ok(rows)
    }

    /// Returns the module with the faults that are there from the start.
    fn model<C: Classifier>(&self, module: C, device: &Device) -> Model<C> {
        let unused = (self.fault == Fault::Unused).then(|| Param::from_data([0.5f32; 3], device));
        let module = change(module, |path, values| {
            let is_weight = values.shape.len() > 1 && path != "position";
            let is_bias = values.shape.len() == 1 && path.contains("bias");
            let is_hidden = !path.contains("head");
            let is_middle = is_within(path, self.program.middle());
            match self.fault {
                Fault::ZeroWeights if is_weight => values.fill(0.0),
                Fault::ConstantWeights if is_weight || is_bias => values.fill(0.01),
                Fault::SmallWeights if is_weight && is_hidden => values.scale(0.1),
                Fault::LargeWeights if is_weight && is_hidden => values.scale(8.0),
                Fault::SickLayer if is_weight && is_middle => values.scale(1e-6),
                Fault::DeadBias if is_bias && is_middle => values.fill(-1e3),
                Fault::TiedUnits if is_weight && is_middle => values.tie_units(),
                Fault::ForgetsOverTime if path == "hidden.weight" => values.scale(0.25),
                Fault::ExplodesOverTime if path == "hidden.weight" => values.scale(2.0),
                _ => {}
            }
        });
        let model = Model { module, unused };
        if self.fault == Fault::HalfPrecision { half_precision(model) } else { model }
    }

    /// Puts in what goes wrong at one step.
    fn hurt<C: Classifier>(&self, model: Model<C>) -> Model<C> {
        let middle = format!("module.{}", self.program.middle());
        let mut is_done = false;
        match self.fault {
            Fault::NanWeight => change(model, |path, values| {
                if !is_done && is_within(path, &middle) && values.shape.len() > 1 {
                    values.numbers[0] = f32::NAN;
                    is_done = true;
                }
            }),
            Fault::Swapped => swapped(model, &middle, &format!("module.{}", self.program.other())),
            _ => model,
        }
    }

    /// Changes the gradients that the optimiser gets.
    fn altered<C: Classifier>(
        &self,
        model: &Model<C>,
        gradients: GradientsParams,
        step: u64,
        rows: &mut Vec<Row>,
    ) -> Result<GradientsParams, Error> {
        match self.fault {
            Fault::ClippedAway => {
                let norm = global_norm(model, &gradients)?;
                let factor = (TIGHT / norm).min(1.0);
                rows.push(Row::of_network(step, QuantityName::GLOBAL_GRADIENT_NORM, norm));
                rows.push(Row::of_network(
                    step,
                    QuantityName::CLIPPED_GRADIENT_NORM,
                    factor * norm,
                ));
                Ok(scaled(model, gradients, factor))
            }
            Fault::LeftOut => {
                Ok(without(model, gradients, &format!("module.{}", self.program.middle())))
            }
            _ => Ok(gradients),
        }
    }
}

/// Tells whether a parameter is of a layer.
pub(crate) fn is_within(path: &str, layer: &str) -> bool {
    let rest = path.strip_prefix(layer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A classifier, and perhaps a parameter that nothing uses.
#[derive(Module, Debug)]
struct Model<C: Module + ModuleDisplay> {
    module: C,
    unused: Option<Param<Tensor<1>>>,
}

/// The batches of a training, with what is wrong with them.
struct Batches<'a> {
    training: &'a Training,
    task: Task,
    labels: Numbers,
    device: &'a Device,
}

impl<'a> Batches<'a> {
    fn new(training: &'a Training, device: &'a Device) -> Self {
        let labels = Numbers::new(training.seed ^ 0x5eed);
        Self { training, task: Task::new(training.seed), labels, device }
    }

    fn next(&mut self, step: u64) -> (Tensor<2>, Tensor<1, Int>) {
        let (inputs, classes) = self.task.batch(BATCH, self.device);
        let is_faulty = step == self.training.faulty_step();
        match self.training.fault {
            Fault::NanInput if is_faulty => (inputs * f32::NAN, classes),
            Fault::BadBatch if is_faulty => (inputs * -1e4, classes),
            Fault::InputsTooLarge => (inputs * 1e3, classes),
            Fault::InputsTooSmall => (inputs * 1e-6, classes),
            Fault::HalfPrecision => (inputs.cast(FloatDType::F16), classes),
            Fault::ShuffledLabels => {
                let label = |_| (self.labels.uniform() * CLASSES as f64) as i32;
                let labels: Vec<i32> = (0..BATCH).map(label).collect();
                (inputs, Tensor::from_data(TensorData::new(labels, [BATCH]), self.device))
            }
            Fault::TimeTooLong => {
                let silence = [BATCH, (zoo::LONG - 16) * FEATURES / 16];
                let silence = Tensor::zeros(silence, (self.device, DType::F32));
                (Tensor::cat(vec![inputs, silence], 1), classes)
            }
            _ => (inputs, classes),
        }
    }
}
