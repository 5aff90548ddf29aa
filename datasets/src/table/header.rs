//! The columns of a table.

use csv::StringRecord;

use super::cell::{is_hole, number};

/// Whether the first line of a table names its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// It does.
    #[default]
    Present,
    /// It is a row like the others; the columns are named `1`, `2`, …
    Absent,
}

/// How a table is written, and which of its columns do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Whether the first line names the columns.
    pub header: Header,
    /// What stands between two cells, an ASCII character. `None` takes the most frequent one of tab,
    /// semicolon and comma in the first line.
    pub delimiter: Option<u8>,
    /// Columns that are not read, such as the names of rows.
    pub left_out: Vec<String>,
}

/// Separated values below a header, all columns of which count.
impl Default for Layout {
    fn default() -> Self {
        Self { header: Header::Present, delimiter: None, left_out: Vec::new() }
    }
}

/// The names of the columns, and which of them is to be predicted from the others.
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) target: usize,
    is_left_out: Vec<bool>,
}

impl Columns {
    /// Takes the names from the first line of a table.
    pub(super) fn of(first: &StringRecord, target: &str, layout: &Layout) -> Result<Self, String> {
        let header = layout.header;
        let names: Vec<String> = match header {
            Header::Present => first.iter().map(str::to_owned).collect(),
            Header::Absent => (1..=first.len()).map(|number| number.to_string()).collect(),
        };
        if header == Header::Present {
            check(&names, target)?;
        }
        let Some(at) = names.iter().position(|name| name == target) else {
            return Err(missing(&names, target, header));
        };
        let is_left_out: Vec<bool> =
            names.iter().map(|name| layout.left_out.contains(name)).collect();
        if let Some(unknown) = layout.left_out.iter().find(|name| !names.contains(name)) {
            return Err(missing(&names, unknown, header));
        }
        if is_left_out[at] {
            return Err(format!("has a column `{target}` that is to be predicted and left out"));
        }
        if is_left_out.iter().filter(|is_left_out| !**is_left_out).count() < 2 {
            return Err(format!("has no column but `{target}`: nothing to predict it from"));
        }
        Ok(Self { names, target: at, is_left_out })
    }

    /// Tells whether a column is not read.
    pub(super) fn leaves_out(&self, column: usize) -> bool {
        self.is_left_out.get(column).copied().unwrap_or(false)
    }

    /// Returns the names of the columns that the target is predicted from.
    pub(super) fn features(&self) -> Vec<String> {
        let is_feature = |column: usize| column != self.target && !self.leaves_out(column);
        let features = self.names.iter().enumerate().filter(|(column, _)| is_feature(*column));
        features.map(|(_, name)| name.clone()).collect()
    }
}

/// Refuses a first line that is a row, which would be lost, and duplicate names.
fn check(names: &[String], target: &str) -> Result<(), String> {
    let others = || names.iter().filter(|name| *name != target);
    let is_value = |name: &String| number(name).is_some() || is_hole(name);
    if others().all(is_value) && others().any(|name| number(name).is_some()) {
        let line = names.join(",");
        return Err(format!(
            "begins with the numbers `{line}` instead of column names: add a line of names, or use \
             `--no-header` and the number of the column to predict, such as `--target {}`",
            names.len()
        ));
    }
    for (at, name) in names.iter().enumerate() {
        let count = names.iter().filter(|other| *other == name).count();
        if count > 1 {
            let first = at + 1;
            return Err(format!("has {count} columns `{name}`, the first of them column {first}"));
        }
    }
    Ok(())
}

fn missing(names: &[String], target: &str, header: Header) -> String {
    match header {
        Header::Absent if names.is_empty() => "is empty".to_owned(),
        Header::Absent => {
            let last = names.len();
            format!(
                "has no column `{target}`: without a header, columns are numbered from 1 to {last}"
            )
        }
        Header::Present => {
            let is_row = names.iter().any(|name| number(name).is_some());
            let hint = if is_row { "; if that line is a row, use `--no-header`" } else { "" };
            format!("has no column `{target}`; its columns are {}{hint}", names.join(", "))
        }
    }
}
