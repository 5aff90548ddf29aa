//! One observation: reductions queued on the device, read back once and turned into rows.

use std::fmt;
use std::sync::Arc;

use backdraft_rows::{Row, Subject};
use burn::module::{Module, Param, ParamId};
use burn::optim::ModuleOptimizer;
use burn::tensor::container::TensorContainer;
use burn::tensor::{ExecutionError, Gradients, Tensor};

use crate::gradients::GradientSource;
use crate::optimizer_state::{MomentConstants, MomentSummary, OptimizerStateError, moments};
use crate::parameters::{ParameterPaths, ParameterVisitor};
use crate::quantity::{Measured, Quantity, Reads, Values};
use crate::reader::{Reader, Readings, SpreadTicket, SummaryTicket, wide};
use crate::selection::{Filter, Grouping};
use crate::summary::Detail;
use crate::tap_tickets::{AttentionTickets, TapTickets, attention, by_subject};
use crate::taps::Taps;

/// An observation whose reductions are queued; nothing has been waited for.
///
/// [`rows`](Self::rows) completes it. If an update is measured, call
/// [`rows_after_step`](Self::rows_after_step) with the module that the optimiser returned instead.
pub struct Observation {
    step: u64,
    quantities: Arc<[&'static dyn Quantity]>,
    reads: Reads,
    grouping: Grouping,
    reader: Reader,
    parameters: Vec<ParameterTickets>,
    taps: Vec<TapTickets>,
    attention: Vec<AttentionTickets>,
    /// The parameters before the step, kept only if updates are measured.
    before: TensorContainer<ParamId>,
    /// The gradients, kept only if steps are compared with them.
    gradients: TensorContainer<ParamId>,
}

struct ParameterTickets {
    id: ParamId,
    path: Subject,
    gradient: Option<SummaryTicket>,
    weight: Option<SummaryTicket>,
    update: Option<SummaryTicket>,
    spread: Option<SpreadTicket>,
    alignment: Option<Alignment>,
    moments: Option<MomentSummary>,
    is_missing: bool,
}

/// Summaries of the step, of the gradient and of their products, each scaled by its largest element.
#[derive(Clone, Copy)]
struct Alignment {
    step: SummaryTicket,
    gradient: SummaryTicket,
    products: SummaryTicket,
}

impl Observation {
    pub(crate) fn new(
        step: u64,
        quantities: Arc<[&'static dyn Quantity]>,
        reads: Reads,
        grouping: Grouping,
    ) -> Self {
        Self {
            step,
            quantities,
            reads,
            grouping,
            reader: Reader::default(),
            parameters: Vec::new(),
            taps: Vec::new(),
            attention: Vec::new(),
            before: TensorContainer::new(),
            gradients: TensorContainer::new(),
        }
    }

    pub(crate) fn read_parameters<M: Module, G: GradientSource>(
        &mut self,
        paths: &mut ParameterPaths,
        filter: &Filter,
        module: &M,
        gradients: &G,
    ) {
        self.parameters.reserve(paths.len());
        self.reader.reserve(paths.len());
        paths.walk(module, filter, &mut ReadParameters { observation: self, gradients });
    }

    /// Reads what was tapped; `gradients` are those of the last backward pass unless it was accumulated.
    pub(crate) fn read_taps(
        &mut self,
        taps: &Taps,
        gradients: Option<&Gradients>,
        filter: &Filter,
        paths: &ParameterPaths,
    ) {
        for group in by_subject(taps, filter, paths) {
            self.taps.push(group.read(self.reads, gradients, &mut self.reader));
        }
        if self.reads.attention {
            self.attention = attention(taps, filter, paths, &mut self.reader);
        }
    }

    /// Waits for the device once and returns the rows: parameters in depth order, the network,
    /// then taps in the order of the forward pass.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] when the device failed.
    pub fn rows(self) -> Result<Vec<Row>, ExecutionError> {
        let readings = self.reader.finish()?;
        let subjects = self.parameters.len() + self.taps.len() + 1;
        let mut rows = RowWriter {
            step: self.step,
            quantities: &self.quantities,
            rows: Vec::with_capacity(subjects * self.quantities.len()),
        };
        let mut network = Measured::default();
        let mut groups: Vec<(Subject, Measured)> = Vec::new();
        for tickets in &self.parameters {
            let measured = tickets.measured(&readings, self.reads.presence);
            network.merge_parameter(&measured);
            if self.grouping == Grouping::Parameter {
                rows.write(&tickets.path, &measured);
                continue;
            }
            let key = self.grouping.key(tickets.path.path());
            match groups.iter_mut().find(|(name, _)| *name == key) {
                Some((_, group)) => group.merge_parameter(&measured),
                None => groups.push((key.into(), measured)),
            }
        }
        groups.iter().for_each(|(name, group)| rows.write(name, group));
        network.is_missing = None;
        rows.write(&Subject::NETWORK, &network);
        for tickets in &self.taps {
            rows.write(tickets.subject(), &tickets.measured(&readings));
        }
        for tickets in &self.attention {
            for (subject, measured) in tickets.measured(&readings) {
                rows.write(&subject, &measured);
            }
        }
        Ok(rows.rows)
    }

    /// Measures what the optimiser changed between the observed module and `module`, then returns
    /// the rows.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] when the device failed.
    pub fn rows_after_step<M: Module>(mut self, module: &M) -> Result<Vec<Row>, ExecutionError> {
        if self.reads.update.is_some() || self.reads.alignment {
            let mut paths = ParameterPaths::default();
            paths.walk(module, &Filter::all(), &mut ReadUpdates { observation: &mut self });
        }
        self.rows()
    }

    /// Tells whether a quantity reads the optimiser's moments, as
    /// [`rows_after_optimizer`](Self::rows_after_optimizer) does.
    pub fn reads_moments(&self) -> bool {
        self.reads.moments
    }

    /// Measures what the optimiser changed and, if a quantity reads them, the moments in its state after
    /// the step, then returns the rows. Reading moments copies the whole state to the host, so observe them
    /// rarely. An optimiser without moments has no rows of them.
    ///
    /// ```
    /// use backdraft_hooks::{GradientHook, MomentConstants, OPTIMIZER, QuantityName, Schedule};
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::optim::{AdamConfig, GradientsParams};
    /// use burn::tensor::{Device, Tensor};
    ///
    /// let device = Device::flex().autodiff();
    /// let model: Linear = LinearConfig::new(8, 1).init(&device);
    /// let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    /// let constants = MomentConstants { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
    /// let mut hook = GradientHook::new(OPTIMIZER, Schedule::Every(100));
    ///
    /// let gradients = model.forward(Tensor::<2>::ones([4, 8], &device)).sum().backward();
    /// let observation = hook.observe(0, &model, &gradients).unwrap();
    /// let gradients = GradientsParams::from_grads(gradients, &model);
    /// let model = optimizer.step(1e-3, model, gradients);
    /// let rows = observation.rows_after_optimizer(&model, &optimizer, constants).unwrap();
    /// let ratio = rows.iter().find(|row| row.quantity == QuantityName::MOMENT_RATIO).unwrap();
    /// assert!((ratio.value - 1.0).abs() < 1e-3, "after one step, m̂ is the gradient and v̂ its square");
    /// ```
    ///
    /// # Errors
    ///
    /// [`ObservationError`] when the device failed or the state cannot be read.
    pub fn rows_after_optimizer<M: Module>(
        mut self,
        module: &M,
        optimizer: &ModuleOptimizer,
        constants: MomentConstants,
    ) -> Result<Vec<Row>, ObservationError> {
        if self.reads.moments {
            let mut found = moments(optimizer, constants).map_err(ObservationError::Optimizer)?;
            for tickets in &mut self.parameters {
                tickets.moments = found.remove(&tickets.id);
            }
        }
        self.rows_after_step(module).map_err(ObservationError::Device)
    }
}

/// Why an observation has no rows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ObservationError {
    /// The device failed.
    Device(ExecutionError),
    /// The optimiser's state could not be read.
    Optimizer(OptimizerStateError),
}

impl fmt::Display for ObservationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(error) => write!(f, "the device failed during an observation: {error:?}"),
            Self::Optimizer(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ObservationError {}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observation")
            .field("step", &self.step)
            .field("quantities", &self.quantities)
            .field("parameters", &self.parameters.len())
            .field("taps", &self.taps.len())
            .finish_non_exhaustive()
    }
}

struct ReadParameters<'a, G> {
    observation: &'a mut Observation,
    gradients: &'a G,
}

impl<G: GradientSource> ParameterVisitor for ReadParameters<'_, G> {
    fn visit<const D: usize>(&mut self, path: &Subject, parameter: &Param<Tensor<D>>) {
        // Frozen parameters and running statistics of batch normalisation are not learned.
        if !parameter.is_require_grad() {
            return;
        }
        let Observation { reads, reader, parameters, before, gradients, .. } = self.observation;
        let wanted =
            reads.gradient.is_some() || reads.presence || reads.gradient_spread || reads.alignment;
        let gradient = if wanted { self.gradients.gradient(parameter) } else { None };
        let is_missing = gradient.is_none();
        let weight = || parameter.val().without_autodiff();
        if reads.update.is_some() || reads.alignment {
            before.register(parameter.id, weight());
        }
        let mut spread = None;
        if let Some(gradient) = &gradient {
            spread = reads.gradient_spread.then(|| reader.spread(gradient.clone()));
            if reads.alignment {
                gradients.register(parameter.id, gradient.clone());
            }
        }
        parameters.push(ParameterTickets {
            id: parameter.id,
            path: path.clone(),
            gradient: reads.gradient.zip(gradient).map(|(detail, g)| reader.summary(g, detail)),
            weight: reads.weight.map(|detail| reader.summary(weight(), detail)),
            update: None,
            spread,
            alignment: None,
            moments: None,
            is_missing,
        });
    }
}

struct ReadUpdates<'a> {
    observation: &'a mut Observation,
}

impl ParameterVisitor for ReadUpdates<'_> {
    fn visit<const D: usize>(&mut self, _: &Subject, parameter: &Param<Tensor<D>>) {
        let Observation { reads, reader, parameters, before, gradients, .. } = self.observation;
        let Some(before) = before.remove::<Tensor<D>>(&parameter.id) else {
            return;
        };
        let after = parameter.val().without_autodiff();
        let tickets = parameters.iter_mut().find(|tickets| tickets.id == parameter.id);
        let Some(tickets) = tickets else { return };
        if let Some(gradient) = gradients.remove::<Tensor<D>>(&parameter.id) {
            // Against the gradient, so that a step downhill is positive.
            let step = relative(wide(before.clone()) - wide(after.clone()));
            let gradient = relative(wide(gradient));
            tickets.alignment = Some(Alignment {
                products: reader.summary(step.clone() * gradient.clone(), Detail::Moments),
                step: reader.summary(step, Detail::Norm),
                gradient: reader.summary(gradient, Detail::Norm),
            });
        }
        if let Some(detail) = reads.update {
            tickets.update = Some(reader.difference(after, before, detail));
        }
    }
}

/// Divides a tensor by its largest element, so that products neither overflow nor underflow.
fn relative<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let scale = tensor.clone().abs().max();
    let scale = scale.clone().mask_fill(scale.equal_elem(0.0), 1.0);
    tensor / scale.reshape([1; D])
}

impl Alignment {
    /// The cosine; `None` if there was no step or no gradient.
    fn cosine(self, readings: &Readings) -> Option<f64> {
        let products = readings.summary(self.products);
        let sum = products.scale * products.sum?;
        let norms = readings.summary(self.step).norm() * readings.summary(self.gradient).norm();
        (norms != 0.0).then(|| sum / norms)
    }
}

impl ParameterTickets {
    fn measured(&self, readings: &Readings, presence: bool) -> Measured {
        let read = |ticket: Option<SummaryTicket>| ticket.map(|t| readings.summary(t).clone());
        Measured {
            gradient: read(self.gradient),
            weight: read(self.weight),
            update: read(self.update),
            update_cosine: self.alignment.and_then(|alignment| alignment.cosine(readings)),
            gradient_spread: self.spread.map(|ticket| readings.spread(ticket).clone()),
            moments: self.moments.clone(),
            is_missing: presence.then_some(self.is_missing),
            ..Measured::default()
        }
    }
}

struct RowWriter<'a> {
    step: u64,
    quantities: &'a [&'static dyn Quantity],
    rows: Vec<Row>,
}

impl RowWriter<'_> {
    fn write(&mut self, subject: &Subject, measured: &Measured) {
        for quantity in self.quantities {
            let mut push = |subject, value| {
                self.rows.push(Row { step: self.step, quantity: quantity.name(), subject, value });
            };
            match quantity.values(measured) {
                Values::None => {}
                Values::One(value) => push(subject.clone(), value),
                Values::ByDecade(values) => {
                    for (decade, value) in values {
                        push(subject.bin(decade), value);
                    }
                }
            }
        }
    }
}
