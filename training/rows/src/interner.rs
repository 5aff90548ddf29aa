//! Subjects that many rows share.

use std::collections::HashSet;

use crate::row::Row;
use crate::subject::Subject;

/// Lets rows about the same subject share it, so that a long record takes less memory.
///
/// ```
/// use backdraft_rows::{Interner, Row};
///
/// let log = r#"{"step": 0, "quantity": "loss", "subject": "network", "value": 0.7}"#;
/// let (mut interner, mut rows) = (Interner::default(), Vec::new());
/// for line in log.lines() {
///     rows.push(interner.share(serde_json::from_str(line)?));
/// }
/// # let _: Vec<Row> = rows;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Interner {
    subjects: HashSet<Subject>,
}

impl Interner {
    /// Returns the row, with the subject of an earlier one if it is the same.
    pub fn share(&mut self, row: Row) -> Row {
        if let Some(subject) = self.subjects.get(&row.subject) {
            return Row { subject: subject.clone(), ..row };
        }
        self.subjects.insert(row.subject.clone());
        row
    }
}
