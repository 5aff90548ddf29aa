//! The moments that an optimiser keeps.

use std::collections::BTreeMap;
use std::fmt;

use burn::module::ParamId;
use burn::optim::ModuleOptimizer;
use burn::tensor::TensorData;
use burn_pack::Reader;

/// The constants of Adam and its kin, which Burn's optimisers do not tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentConstants {
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment; of RMSprop, its α.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

/// An optimiser's state could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptimizerStateError(String);

impl fmt::Display for OptimizerStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the optimiser's state cannot be read: {}", self.0)
    }
}

impl std::error::Error for OptimizerStateError {}

/// The state of one parameter, by the last part of Burn's names.
#[derive(Default)]
struct State {
    time: Option<i32>,
    first: Option<Vec<f64>>,
    second: Option<Vec<f64>>,
    /// Of AMSGrad, which divides by it.
    largest_second: Option<Vec<f64>>,
    /// Of RMSprop, which does not correct its bias.
    average: Option<Vec<f64>>,
}

/// Statistics of a parameter's moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MomentSummary {
    count: f64,
    below_epsilon: f64,
    /// Sum and number of |m̂| / √v̂ where √v̂ is not zero.
    ratios: (f64, f64),
    steps: f64,
}

impl MomentSummary {
    /// Returns the share of elements whose √v̂ lies below ε.
    pub fn below_epsilon_share(&self) -> f64 {
        self.below_epsilon / self.count.max(1.0)
    }

    /// Returns the mean of |m̂| / √v̂ over the elements where √v̂ is not zero; 0 if there are none.
    pub fn ratio(&self) -> f64 {
        self.ratios.0 / self.ratios.1.max(1.0)
    }

    /// Returns the mean of 1 / (√v̂ + ε).
    pub fn effective_step(&self) -> f64 {
        self.steps / self.count.max(1.0)
    }

    pub(crate) fn merge(mut self, other: &Self) -> Self {
        self.count += other.count;
        self.below_epsilon += other.below_epsilon;
        self.ratios.0 += other.ratios.0;
        self.ratios.1 += other.ratios.1;
        self.steps += other.steps;
        self
    }
}

/// Reads the moments of every parameter that has any. Copies the optimiser's whole state to the host.
pub(crate) fn moments(
    optimizer: &ModuleOptimizer,
    constants: MomentConstants,
) -> Result<BTreeMap<ParamId, MomentSummary>, OptimizerStateError> {
    let failed = |error: &dyn fmt::Display| OptimizerStateError(error.to_string());
    let bytes = optimizer.into_bytes().map_err(|error| failed(&error))?;
    let reader = Reader::from_bytes(bytes).map_err(|error| failed(&error))?;
    let mut states: BTreeMap<u64, State> = BTreeMap::new();
    for (name, value) in reader.scalars() {
        if let Some((id, _)) = name.split_once('.')
            && let Ok(id) = id.parse()
            && name.ends_with(".time")
        {
            states.entry(id).or_default().time = usize::try_from(*value).ok().map(|t| t as i32);
        }
    }
    for tensor in reader.into_tensors().map_err(|error| failed(&error))? {
        let (name, dtype, shape, id, bytes) =
            tensor.into_parts().map_err(|error| failed(&error))?;
        let Some(id) = id else { continue };
        let state = states.entry(id).or_default();
        let kept = match name.rsplit('.').next() {
            Some("moment_1") => &mut state.first,
            Some("moment_2") => &mut state.second,
            Some("max_moment_2") => &mut state.largest_second,
            Some("square_avg") => &mut state.average,
            _ => continue,
        };
        let data = TensorData::from_bytes(bytes, shape, dtype);
        *kept = Some(data.iter::<f64>().collect());
    }
    let summaries = states
        .into_iter()
        .filter_map(|(id, state)| Some((ParamId::from(id), state.summary(constants)?)));
    Ok(summaries.collect())
}

impl State {
    fn summary(self, constants: MomentConstants) -> Option<MomentSummary> {
        let MomentConstants { beta_1, beta_2, epsilon } = constants;
        let correction = |beta: f64| self.time.map_or(1.0, |time| 1.0 - beta.powi(time));
        let (first_correction, second_correction) = match self.average {
            Some(_) => (1.0, 1.0),
            None => (correction(beta_1), correction(beta_2)),
        };
        let second = self.average.or(self.largest_second).or(self.second)?;
        let mut summary = MomentSummary::default();
        for (at, second) in second.iter().enumerate() {
            let root = (second / second_correction).sqrt();
            summary.count += 1.0;
            summary.below_epsilon += f64::from(u8::from(root < epsilon));
            summary.steps += 1.0 / (root + epsilon);
            if root > 0.0
                && let Some(first) = self.first.as_ref().and_then(|first| first.get(at))
            {
                summary.ratios.0 += (first / first_correction).abs() / root;
                summary.ratios.1 += 1.0;
            }
        }
        Some(summary)
    }
}
