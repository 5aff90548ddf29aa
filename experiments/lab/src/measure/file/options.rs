//! How a file of examples is read.

use backdraft_datasets::Header;
use serde::{Deserialize, Serialize};

use crate::settings::{SettingsError, in_range, require};

/// How a file of examples is read and used.
///
/// | field | default | meaning |
/// |---|---|---|
/// | `header` | true | whether the first line of a table names its columns; otherwise they go by their numbers, from 1 |
/// | `delimiter` | `,` | what stands between two cells |
/// | `leave_out` | none | columns that are not read |
/// | `predict` | what leaves no doubt | whether targets are `classes` or `values` |
/// | `standardise` | true | whether inputs, and values to predict, get mean 0 and variance 1 |
/// | `test_one_in` | 5 | one example in so many is for testing |
/// | `goal` | 0.95 | test accuracy to reach; where numbers are predicted, the mean squared error |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileOptions {
    /// Whether the first line of a table names its columns.
    pub header: bool,
    /// What stands between two cells.
    pub delimiter: char,
    /// Columns that are not read.
    pub leave_out: Vec<String>,
    /// What the targets are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predict: Option<Predict>,
    /// Whether inputs, and values to predict, get mean 0 and variance 1 over the training split.
    pub standardise: bool,
    /// One example in so many is for testing.
    pub test_one_in: usize,
    /// Test accuracy to reach; where numbers are predicted, the mean squared error.
    pub goal: f64,
}

/// What the targets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predict {
    /// Classes, by words or whole numbers.
    Classes,
    /// Numbers.
    Values,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            header: true,
            delimiter: ',',
            leave_out: Vec::new(),
            predict: None,
            standardise: true,
            test_one_in: 5,
            goal: 0.95,
        }
    }
}

impl FileOptions {
    /// Checks every option; `table` is where they stand in the settings.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Range`] naming the key.
    pub fn validate(&self, table: &str) -> Result<(), SettingsError> {
        let key = |field: &str| format!("{table}.{field}");
        // A quotation mark or the end of a line between cells would be read as something else.
        let is_possible = self.delimiter.is_ascii() && !"\"\r\n".contains(self.delimiter);
        let requirement =
            "it must be one ASCII character other than a quotation mark or line break";
        require(is_possible, &key("delimiter"), self.delimiter, requirement)?;
        in_range(&key("test_one_in"), self.test_one_in, 2..=1_000)?;
        in_range(&key("goal"), self.goal, 0.0..=1.0)
    }

    pub(super) fn header(&self) -> Header {
        if self.header { Header::Present } else { Header::Absent }
    }

    pub(super) fn delimiter(&self) -> u8 {
        u8::try_from(self.delimiter).unwrap_or(b',')
    }
}
