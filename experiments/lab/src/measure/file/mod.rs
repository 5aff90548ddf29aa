//! Examples from a file of one's own.

mod answers;
mod columns;
mod options;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{bail, ensure};
use backdraft_datasets::{Layout, stratified_indices};
use backdraft_layers::TaskShape;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::data::Data;
use super::source::Assignment;
use super::supervised::{Supervised, Table};
use crate::xray::{Batch, Loss};
use answers::Answers;
use columns::Columns;
pub use options::{FileOptions, Predict};

/// A file with examples: `.csv`, or `.npz` or `.safetensors` with the arrays `inputs` and `targets`.
///
/// It is known by its content: `mine.csv#1f40…`, where the digits begin the SHA-256 sum. So a run of a
/// file that has changed since is another run, and a record says what it was measured on. A name without
/// a sum takes that of the file as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DataFile {
    path: String,
    sum: String,
}

/// Examples, and what is known of them.
#[derive(Clone)]
pub struct FromFile {
    /// The examples and their sizes.
    pub assignment: Assignment,
    /// Loss of the best predictor that ignores its inputs, on the test split: of the mean of the training
    /// targets, or of the frequencies of the classes there.
    pub trivial_loss: f64,
    /// Whether the task is to predict numbers rather than classes.
    pub predicts_values: bool,
}

/// Digits of a sum.
const DIGITS: usize = 16;
const EXTENSIONS: [&str; 3] = ["csv", "npz", "safetensors"];

impl DataFile {
    /// Tells whether a name is that of a file of examples, by its extension.
    pub fn is_meant(name: &str) -> bool {
        let (path, _) = parts(name);
        let extension = Path::new(path).extension();
        extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    /// Tells whether it is a table, one of whose columns is to be predicted.
    pub fn is_table(&self) -> bool {
        self.path().extension().is_some_and(|extension| extension == "csv")
    }

    /// Returns its name without folder and extension, fit for a file name.
    pub fn label(&self) -> String {
        let stem = self.path().file_stem().unwrap_or_default().to_string_lossy();
        stem.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect()
    }

    /// Reads the examples and splits them; `target` is the column of a table that is to be predicted, and
    /// `most` bounds the examples to train on.
    ///
    /// Inputs, and numbers that are to be predicted, are standardised with the statistics of the training
    /// split. Where classes are to be predicted, each has the same share of both splits.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, has changed, or whose targets cannot be told to be numbers or classes.
    pub fn load(
        &self,
        target: Option<&str>,
        options: &FileOptions,
        most: usize,
    ) -> anyhow::Result<FromFile> {
        let path = self.path();
        let sum = sum_of(path).map_err(|error| anyhow::anyhow!("`{}` {error}", self.path))?;
        ensure!(
            sum == self.sum,
            "`{0}` has changed: its sum was {1} and is {sum}; name it without a sum, `data={0}`, to use \
             it as it is",
            self.path,
            self.sum
        );
        let batch = self.read(target, options)?;
        let answers = Answers::of(&batch, options.predict)?;
        let [mut train, test] = stratified_indices(&answers.strata(), options.test_one_in, SPLIT);
        if train.len() > most {
            // Evenly spaced, because files are often sorted.
            train = (0..most).map(|index| train[index * train.len() / most]).collect();
        }
        ensure!(
            !train.is_empty() && !test.is_empty(),
            "`{}` has {} examples, too few for a training and a test split",
            self.path,
            batch.len()
        );
        self.split(&batch, &answers, [&train, &test], options)
    }

    fn read(&self, target: Option<&str>, options: &FileOptions) -> anyhow::Result<Batch> {
        match (target, self.is_table()) {
            (Some(target), true) => {
                let layout = Layout {
                    header: options.header(),
                    delimiter: Some(options.delimiter()),
                    left_out: options.leave_out.clone(),
                };
                Ok(Batch::read_table(self.path(), target, &layout)?)
            }
            (None, true) => bail!(
                "`{}` is a table: name the column to predict, as in `--set target=price`",
                self.path
            ),
            (Some(target), false) => bail!(
                "`{}` holds the arrays `inputs` and `targets`, and no column `{target}`",
                self.path
            ),
            (None, false) => Ok(Batch::read(self.path())?),
        }
    }

    fn split(
        &self,
        batch: &Batch,
        answers: &Answers,
        parts: [&[usize]; 2],
        options: &FileOptions,
    ) -> anyhow::Result<FromFile> {
        let inputs = Columns::of(batch.input_values(), batch.len());
        let inputs = if options.standardise { inputs.standardised(parts[0]) } else { inputs };
        let targets = Columns::of(&answers.values, batch.len());
        let predicts_values = answers.classes.is_none();
        let targets = if predicts_values && options.standardise {
            targets.standardised(parts[0])
        } else {
            targets
        };
        let [train, test] = parts.map(|rows| Table {
            inputs: inputs.rows(rows),
            targets: targets.rows(rows),
            rows: rows.len(),
        });
        let numbers = [&train, &test].map(|table| table.inputs.iter().chain(&table.targets));
        let is_finite = numbers.into_iter().flatten().all(|value| value.is_finite());
        ensure!(
            is_finite,
            "`{}` holds numbers beyond the range of 32-bit floats: scale them, or set \
             `table.standardise` to true",
            self.path
        );
        let trivial_loss = match answers.classes {
            None => targets.trivial_squared_error(parts),
            Some(classes) => answers.trivial_entropy(classes, parts),
        };
        let loss = if predicts_values { Loss::MeanSquaredError } else { Loss::CrossEntropy };
        let shape = TaskShape {
            example_shape: batch.example_shape().to_vec(),
            outputs: answers.classes.unwrap_or(targets.columns),
            is_every_step: false,
        };
        let data = Data::held(Arc::new(Supervised::of_tables(train, test, loss)));
        let assignment = Assignment { data, shape };
        Ok(FromFile { assignment, trivial_loss, predicts_values })
    }
}

/// Seed of the split, the same for every seed of a run.
const SPLIT: u64 = 0;

/// Takes a name apart into path and sum.
fn parts(name: &str) -> (&str, Option<&str>) {
    let is_sum = |sum: &str| sum.len() == DIGITS && sum.chars().all(|c| c.is_ascii_hexdigit());
    match name.rsplit_once('#') {
        Some((path, sum)) if is_sum(sum) => (path, Some(sum)),
        _ => (name, None),
    }
}

fn sum_of(path: &Path) -> Result<String, String> {
    let reason = |error: io::Error| format!("cannot be read: {error}");
    let digest = Sha256::digest(fs::read(path).map_err(reason)?);
    Ok(digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect())
}

impl TryFrom<String> for DataFile {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let (path, sum) = parts(&name);
        let sum = match sum {
            Some(sum) => sum.to_owned(),
            None => sum_of(Path::new(path)).map_err(|reason| format!("`{path}` {reason}"))?,
        };
        Ok(Self { path: path.to_owned(), sum })
    }
}

impl From<DataFile> for String {
    fn from(file: DataFile) -> Self {
        format!("{}#{}", file.path, file.sum)
    }
}

#[cfg(test)]
mod tests;
