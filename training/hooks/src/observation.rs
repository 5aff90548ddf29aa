//! One observation: reductions queued on the device, read back once and turned into rows.

use std::fmt;
use std::sync::Arc;

use backdraft_rows::{Row, Subject};
use burn::module::{Module, Param, ParamId};
use burn::tensor::container::TensorContainer;
use burn::tensor::{ExecutionError, Gradients, Tensor};

use crate::gradients::GradientSource;
use crate::parameters::{ParameterPaths, ParameterVisitor};
use crate::quantity::{Measured, Quantity, Reads, Values};
use crate::reader::{Reader, Readings, SummaryTicket};
use crate::selection::{Filter, Grouping};
use crate::tap_tickets::{TapTickets, by_subject};
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
    /// The parameters before the step, kept only if updates are measured.
    before: TensorContainer<ParamId>,
}

struct ParameterTickets {
    id: ParamId,
    path: Subject,
    gradient: Option<SummaryTicket>,
    weight: Option<SummaryTicket>,
    update: Option<SummaryTicket>,
    is_missing: bool,
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
            before: TensorContainer::new(),
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
        Ok(rows.rows)
    }

    /// Measures what the optimiser changed between the observed module and `module`, then returns
    /// the rows.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] when the device failed.
    pub fn rows_after_step<M: Module>(mut self, module: &M) -> Result<Vec<Row>, ExecutionError> {
        if self.reads.update.is_some() {
            let mut paths = ParameterPaths::default();
            paths.walk(module, &Filter::all(), &mut ReadUpdates { observation: &mut self });
        }
        self.rows()
    }
}

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
        let Observation { reads, reader, parameters, before, .. } = self.observation;
        let wanted = reads.gradient.is_some() || reads.presence;
        let gradient = if wanted { self.gradients.gradient(parameter) } else { None };
        let is_missing = gradient.is_none();
        let weight = || parameter.val().without_autodiff();
        if reads.update.is_some() {
            before.register(parameter.id, weight());
        }
        parameters.push(ParameterTickets {
            id: parameter.id,
            path: path.clone(),
            gradient: reads.gradient.zip(gradient).map(|(detail, g)| reader.summary(g, detail)),
            weight: reads.weight.map(|detail| reader.summary(weight(), detail)),
            update: None,
            is_missing,
        });
    }
}

struct ReadUpdates<'a> {
    observation: &'a mut Observation,
}

impl ParameterVisitor for ReadUpdates<'_> {
    fn visit<const D: usize>(&mut self, _: &Subject, parameter: &Param<Tensor<D>>) {
        let Observation { reads, reader, parameters, before, .. } = self.observation;
        let Some(before) = before.remove::<Tensor<D>>(&parameter.id) else {
            return;
        };
        let after = parameter.val().without_autodiff();
        let tickets = parameters.iter_mut().find(|tickets| tickets.id == parameter.id);
        if let Some((tickets, detail)) = tickets.zip(reads.update) {
            tickets.update = Some(reader.difference(after, before, detail));
        }
    }
}

impl ParameterTickets {
    fn measured(&self, readings: &Readings, presence: bool) -> Measured {
        let read = |ticket: Option<SummaryTicket>| ticket.map(|t| readings.summary(t).clone());
        Measured {
            gradient: read(self.gradient),
            weight: read(self.weight),
            update: read(self.update),
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
