//! Checks of everything that an architecture promises.

mod behaviour;
mod gradients;
mod persistence;
mod refusals;
mod subject;

use backdraft_layers::Architecture;
use burn::tensor::Device;
use serde::Serialize;

use subject::Subject;

/// The names of all checks, in order.
pub const CHECKS: &[&str] = &[
    "output shapes",
    "rows are independent",
    "training and evaluation",
    "taps",
    "gradients reach",
    "finite differences",
    "parameter count",
    "configuration",
    "save and load",
    "seeds",
    "refusals",
];

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conformity {
    /// One of [`CHECKS`].
    pub check: &'static str,
    /// What is wrong, if anything.
    pub fault: Option<String>,
}

/// A check, which returns what is wrong, if anything.
type Check<A> = fn(&Subject<'_, A>) -> Result<(), String>;

/// Runs all checks on the network of a configuration. Every parameter is perturbed twice, so use a
/// [`miniature`](Architecture::miniature).
///
/// The checks run on the first device. The others, usually of other back ends, must draw the same
/// weights. All devices are given without autodiff.
///
/// ```
/// use backdraft_layers::Architecture;
/// use backdraft_mlp::MlpConfig;
/// use backdraft_zoo::conform;
/// use burn::tensor::Device;
///
/// let report = conform(&MlpConfig::default().miniature(), &[Device::flex()]);
/// assert!(report.iter().all(|check| check.fault.is_none()), "{report:?}");
/// ```
pub fn conform<A: Architecture>(config: &A, devices: &[Device]) -> Vec<Conformity> {
    let subject = Subject { config, devices };
    let checks: [Check<A>; 11] = [
        behaviour::output_shapes,
        behaviour::rows_are_independent,
        behaviour::training_and_evaluation,
        behaviour::taps,
        gradients::reach_every_parameter,
        gradients::finite_differences,
        persistence::parameter_count,
        persistence::configuration,
        persistence::save_and_load,
        persistence::seeds,
        refusals::refusals,
    ];
    let run = |(name, check): (&&'static str, Check<A>)| Conformity {
        check: name,
        fault: check(&subject).err(),
    };
    CHECKS.iter().zip(checks).map(run).collect()
}
