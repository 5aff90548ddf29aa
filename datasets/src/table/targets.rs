//! The column of a table that is to be predicted.

use super::cell::{is_hole, is_numeric, no_number, number};

/// What is to be predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Numbers, all finite.
    Values(Vec<f64>),
    /// Words.
    Classes {
        /// The different words, sorted.
        names: Vec<String>,
        /// The index of each row's word.
        indices: Vec<usize>,
    },
}

/// An invalid cell; its row counts from 0.
pub(super) struct BadCell {
    pub(super) row: usize,
    pub(super) reason: String,
}

impl Targets {
    /// Reads a column: as numbers if any of its cells is meant as one, otherwise as the words of classes.
    pub(super) fn of(cells: Vec<String>) -> Result<Self, BadCell> {
        let numeric = cells.iter().position(|cell| is_numeric(cell));
        match numeric {
            Some(numeric) => Self::values(&cells, numeric),
            None => Self::classes(cells),
        }
    }

    fn values(cells: &[String], numeric: usize) -> Result<Self, BadCell> {
        let mut values = Vec::with_capacity(cells.len());
        for (row, cell) in cells.iter().enumerate() {
            let value = number(cell).ok_or_else(|| {
                let mut reason = no_number(cell);
                if !is_hole(cell) && !is_numeric(cell) {
                    let (at, other) = (numeric + 1, &cells[numeric]);
                    reason +=
                        &format!(", but row {at} holds `{other}`: numbers or words, not both");
                }
                BadCell { row, reason }
            })?;
            values.push(value);
        }
        Ok(Self::Values(values))
    }

    fn classes(cells: Vec<String>) -> Result<Self, BadCell> {
        for (row, cell) in cells.iter().enumerate() {
            let reason = if is_hole(cell) {
                format!("`{cell}` is a missing value: fill it in or remove the row")
            } else if cell.contains(['\n', '\r']) {
                format!("`{cell}` contains a line break: is a closing quotation mark missing?")
            } else {
                continue;
            };
            return Err(BadCell { row, reason });
        }
        let mut names = cells.clone();
        names.sort_unstable();
        names.dedup();
        let index = |word: String| names.partition_point(|name| *name < word);
        let indices = cells.into_iter().map(index).collect();
        Ok(Self::Classes { names, indices })
    }

    /// Returns the targets as numbers: values, or the indices of classes.
    pub fn to_values(&self) -> Vec<f64> {
        match self {
            Self::Values(values) => values.clone(),
            Self::Classes { indices, .. } => indices.iter().map(|index| *index as f64).collect(),
        }
    }
}
