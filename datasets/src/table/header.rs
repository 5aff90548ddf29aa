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

/// The names of the columns, and which of them is to be predicted from the others.
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) target: usize,
}

impl Columns {
    /// Takes the names from the first line of a table.
    pub(super) fn of(first: &StringRecord, target: &str, header: Header) -> Result<Self, String> {
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
        if names.len() < 2 {
            return Err(format!("has no column but `{target}`: nothing to predict it from"));
        }
        Ok(Self { names, target: at })
    }

    /// Returns the names of all columns but the one to be predicted.
    pub(super) fn features(&self) -> Vec<String> {
        let others = self.names.iter().enumerate().filter(|(column, _)| *column != self.target);
        others.map(|(_, name)| name.clone()).collect()
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
