//! What a network is trained on.

use backdraft_lab::measure::{Assignment, DataFile, FromFile, Source};
use backdraft_lab::settings::{SettingsError, in_range, require};
use serde::{Deserialize, Serialize};

use super::settings::TrainingSettings;

/// Data by name, or a file of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Examples {
    /// Data that a name finds.
    Named(Source),
    /// A file.
    File(DataFile),
}

/// What `target` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Target {
    /// What is to be reached. Without a header, the number of a column.
    Goal(f64),
    /// The column of a table that is to be predicted.
    Column(String),
}

/// What is known of the data.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// Loss of the best predictor that ignores its inputs.
    pub(super) trivial_loss: f64,
    /// Whether numbers are predicted rather than classes.
    pub(super) predicts_values: bool,
}

impl Examples {
    /// Returns a name that is fit for a file.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Named(source) => source.name().to_owned(),
            Self::File(file) => file.label(),
        }
    }
}

impl TrainingSettings {
    /// Loads the examples, or prepares to draw them.
    pub(super) fn assignment(&self) -> anyhow::Result<Assignment> {
        match &self.data {
            Examples::Named(source) => source.load(self.portion()),
            Examples::File(file) => Ok(self.load(file)?.assignment),
        }
    }

    /// Returns what is known of the data.
    pub(super) fn known(&self) -> anyhow::Result<Known> {
        match &self.data {
            Examples::Named(source) => Ok(Known {
                trivial_loss: source.trivial_loss(self.length),
                predicts_values: source.predicts_values(),
            }),
            Examples::File(file) => {
                let FromFile { trivial_loss, predicts_values, .. } = self.load(file)?;
                Ok(Known { trivial_loss, predicts_values })
            }
        }
    }

    fn load(&self, file: &DataFile) -> anyhow::Result<FromFile> {
        file.load(self.column().as_deref(), &self.table, self.examples)
    }

    /// Returns the column that is to be predicted.
    fn column(&self) -> Option<String> {
        match &self.target {
            Target::Column(name) => Some(name.clone()),
            Target::Goal(number) if self.is_numbered() => Some(number.to_string()),
            Target::Goal(_) => None,
        }
    }

    /// Returns what is to be reached.
    pub(super) fn goal(&self) -> f64 {
        match &self.target {
            Target::Goal(goal) if !self.is_numbered() => *goal,
            _ => self.table.goal,
        }
    }

    /// Tells whether the data are a table whose columns go by their numbers.
    fn is_numbered(&self) -> bool {
        matches!(&self.data, Examples::File(file) if file.is_table()) && !self.table.header
    }

    pub(super) fn validate_data(&self) -> Result<(), SettingsError> {
        self.table.validate("table")?;
        let Examples::File(file) = &self.data else {
            let name = self.data.label();
            let requirement = format!("`{name}` is no table, so it must be from 0 to 1");
            let Target::Goal(goal) = &self.target else {
                return require(false, "target", self.column().unwrap_or_default(), requirement);
            };
            let is_default = self.table == Default::default();
            require(is_default, "table", "…", format!("`{name}` is no file"))?;
            return in_range("target", *goal, 0.0..=1.0);
        };
        match &self.target {
            Target::Goal(goal) if file.is_table() && self.table.header => {
                let requirement =
                    "it must name the column of the table to predict, as in `--set target=price`";
                require(false, "target", goal, requirement)
            }
            Target::Goal(goal) if !file.is_table() => in_range("target", *goal, 0.0..=1.0),
            _ => Ok(()),
        }
    }
}

impl From<Source> for Examples {
    fn from(source: Source) -> Self {
        Self::Named(source)
    }
}

impl From<Examples> for String {
    fn from(examples: Examples) -> Self {
        match examples {
            Examples::Named(source) => source.into(),
            Examples::File(file) => file.into(),
        }
    }
}

impl TryFrom<String> for Examples {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if DataFile::is_meant(&name) {
            return DataFile::try_from(name).map(Self::File);
        }
        Source::try_from(name).map(Self::Named)
    }
}
