//! A laboratory: the experiments that a program offers, and its command line.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use backdraft_catalogue::{EXPERIMENTS, GROUPS, Group};
use backdraft_lab::measure::{DataSource, register_data};
use backdraft_lab::{Entry, Experiment, Listed, RunError, find_experiment};
use backdraft_layers::Architecture;
use backdraft_text::quoted;
use backdraft_zoo::register;

use crate::cli;

/// What a program offers: the lists of Backdraft, and whatever is added to them.
///
/// `backdraft` itself is `Laboratory::new().main()`. A program of your own adds its experiments, and
/// every command takes them.
///
/// ```
/// use std::ops::Range;
///
/// use backdraft::{
///     About, Experiment, Laboratory, Picture, Preset, Results, Settings, SettingsError, Statement,
///     Trial, Verdict,
/// };
///
/// #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// struct Nothing {}
///
/// impl Settings for Nothing {
///     fn validate(&self) -> Result<(), SettingsError> {
///         Ok(())
///     }
/// }
///
/// struct Mine;
///
/// impl Experiment for Mine {
///     type Settings = Nothing;
///     const ABOUT: About = About {
///         name: "mine",
///         title: "An experiment of my own",
///         question: "Can I ask it?",
///         sources: &[],
///         claims: &[],
///     };
///     fn settings(_: Preset) -> Nothing {
///         Nothing {}
///     }
///     fn seeds(_: &Nothing) -> Range<u64> {
///         0..5
///     }
///     fn trials(_: &Nothing) -> anyhow::Result<Vec<Trial>> {
///         Ok(vec![])
///     }
///     fn judge(_: &Nothing, _: &Results) -> Vec<Verdict> {
///         vec![]
///     }
///     fn pictures(_: &Nothing, _: &Results) -> Vec<Picture> {
///         vec![]
///     }
/// }
///
/// let laboratory = Laboratory::new().with_experiment::<Mine>();
/// assert!(laboratory.experiment("mine").is_ok());
/// // fn main() -> ExitCode { laboratory.main() }
/// ```
#[must_use = "nothing runs before `main`"]
pub struct Laboratory {
    own: Vec<&'static dyn Entry>,
    /// Whether anything was added.
    is_extended: bool,
    faults: Vec<String>,
}

/// The name of the command line without additions.
const NAME: &str = "backdraft";

impl Laboratory {
    /// Creates the laboratory of `backdraft`.
    pub const fn new() -> Self {
        Self { own: Vec::new(), is_extended: false, faults: Vec::new() }
    }

    /// Adds an experiment: `list`, `describe`, `run`, `verify`, `report`, `sweep` and the others take it.
    pub fn with_experiment<E: Experiment>(mut self) -> Self {
        let name = E::ABOUT.name;
        if self.is_fit(name) && self.experiment(name).is_ok() {
            self.faults
                .push(format!("there are two experiments `{name}`: rename the one that is added"));
        }
        self.is_extended = true;
        self.own.push(const { &Listed::<E>::new() });
        self
    }

    /// Adds an architecture and its presets: `zoo`, `xray`, `training`, parity and conformance take it.
    /// From here on, its names find it in the whole process.
    pub fn with_architecture<A: Architecture + 'static>(mut self) -> Self {
        let presets = A::presets().into_iter().map(|(preset, _)| preset);
        if std::iter::once(A::NAME).chain(presets).all(|name| self.is_fit(name)) {
            self.note(register::<A>());
        }
        self
    }

    /// Adds data: `training` takes them. From here on, their name finds them in the whole process.
    pub fn with_data(mut self, data: impl DataSource) -> Self {
        if self.is_fit(data.name()) {
            self.note(register_data(data));
        }
        self
    }

    /// Takes note of what cannot be used.
    fn note<E: Display>(&mut self, outcome: Result<(), E>) {
        self.is_extended = true;
        self.faults.extend(outcome.err().map(|fault| fault.to_string()));
    }

    /// Tells whether a name can stand in arguments and in names of files; if not, takes note.
    fn is_fit(&mut self, name: &str) -> bool {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_fit = !name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain);
        if !is_fit {
            self.faults.push(format!(
                "`{name}` cannot be a name: use lower-case letters, digits and hyphens"
            ));
        }
        is_fit
    }

    /// Returns every experiment.
    pub fn experiments(&self) -> Vec<&'static dyn Entry> {
        [EXPERIMENTS, &self.own].concat()
    }

    /// Returns every experiment by group; those that were added have a group of their own.
    pub fn groups(&self) -> Vec<(Group, &[&'static dyn Entry])> {
        let own = (!self.own.is_empty()).then_some((Group::Own, self.own.as_slice()));
        GROUPS.iter().copied().chain(own).collect()
    }

    /// Finds an experiment by its name.
    ///
    /// # Errors
    ///
    /// [`RunError::UnknownExperiment`], which suggests the nearest name.
    pub fn experiment(&self, name: &str) -> Result<&'static dyn Entry, RunError> {
        find_experiment(&self.experiments(), name)
    }

    /// Returns the name of the program in commands that it prints: `backdraft`, or the name of the file
    /// that runs if something was added.
    pub(crate) fn program(&self) -> String {
        let file = env::args_os().next().filter(|_| self.is_extended);
        let stem = file.as_deref().map(Path::new).and_then(Path::file_stem).and_then(OsStr::to_str);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let plain = |name: &str| name.chars().all(is_plain);
        match stem {
            Some(stem) if plain(stem) => stem.to_owned(),
            Some(stem) => quoted(stem),
            None => NAME.to_owned(),
        }
    }

    /// Returns what was added and cannot be used.
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Runs the command line with the arguments of the process. If two additions have the same name, it
    /// says so and returns the exit code 2.
    pub fn main(self) -> ExitCode {
        cli::run_with(&self, env::args_os())
    }

    /// Runs `run NAME` with the arguments of the process: the whole of a program for one experiment.
    pub fn main_of(self, experiment: &str) -> ExitCode {
        let mut arguments = env::args_os();
        let program = arguments.next().unwrap_or_else(|| NAME.into());
        let command: [OsString; 3] = [program, "run".into(), experiment.into()];
        cli::run_with(&self, command.into_iter().chain(arguments))
    }
}

impl Default for Laboratory {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    use backdraft_datasets::Answer;
    use backdraft_lab::Trial;
    use backdraft_lab::measure::{Drawn, Wanted};
    use backdraft_mlp::MlpConfig;
    use backdraft_record::{About, Picture, Preset, Results};
    use backdraft_verdicts::Verdict;
    use backdraft_zoo::{NetworkConfig, named};

    #[test]
    fn without_additions_it_is_the_catalogue() {
        let laboratory = Laboratory::new();
        let names = |entries: &[&'static dyn Entry]| -> Vec<&str> {
            entries.iter().map(|entry| entry.about().name).collect()
        };
        assert_eq!(names(&laboratory.experiments()), names(EXPERIMENTS));
        assert_eq!(laboratory.groups().len(), GROUPS.len());
        assert_eq!(laboratory.program(), "backdraft");
        let error = laboratory.experiment("born-dead").err().unwrap().to_string();
        assert!(error.contains("did you mean `born-dead-relu`?"), "{error}");
    }

    /// An experiment whose name is taken.
    struct Taken;

    impl Experiment for Taken {
        type Settings = NetworkConfig;

        const ABOUT: About =
            About { name: "training", title: "", question: "", sources: &[], claims: &[] };

        fn settings(_: Preset) -> NetworkConfig {
            named("mlp").unwrap()
        }

        fn seeds(_: &NetworkConfig) -> Range<u64> {
            0..5
        }

        fn trials(_: &NetworkConfig) -> anyhow::Result<Vec<Trial>> {
            Ok(vec![])
        }

        fn judge(_: &NetworkConfig, _: &Results) -> Vec<Verdict> {
            vec![]
        }

        fn pictures(_: &NetworkConfig, _: &Results) -> Vec<Picture> {
            vec![]
        }
    }

    /// Data with a name.
    struct Nothing(&'static str);

    impl DataSource for Nothing {
        fn name(&self) -> &'static str {
            self.0
        }

        fn answer(&self) -> Answer {
            Answer::Value
        }

        fn example_shape(&self, _: usize) -> Vec<usize> {
            vec![1]
        }

        fn draw(&self, _: Wanted) -> anyhow::Result<Drawn> {
            Ok(Drawn::default())
        }

        fn trivial_loss(&self, _: usize) -> f64 {
            1.0
        }
    }

    #[test]
    fn names_that_are_taken_or_unfit_are_told_before_anything_runs() {
        let told = |laboratory: Laboratory| laboratory.faults().join("; ");
        let experiment = told(Laboratory::new().with_experiment::<Taken>());
        assert!(experiment.contains("two experiments `training`"), "{experiment}");
        let data = told(Laboratory::new().with_data(Nothing("digits")));
        assert!(data.contains("two data sets `digits`"), "{data}");
        for unfit in ["", "My data", "../up", "-x"] {
            let data = told(Laboratory::new().with_data(Nothing(unfit)));
            assert!(data.contains(&format!("`{unfit}` cannot be a name")), "{data}");
        }
        let twice = Laboratory::new().with_architecture::<MlpConfig>();
        assert_eq!(told(twice), "", "a listed architecture may be added");
    }
}
