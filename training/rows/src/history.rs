//! Rows, sorted by quantity and subject.

use std::collections::HashMap;

use crate::quantity_name::QuantityName;
use crate::row::Row;
use crate::subject::Subject;

/// Rows, sorted by quantity and subject, for rules and views to query.
pub struct History<'a> {
    quantities: HashMap<&'a QuantityName, Quantity<'a>>,
}

#[derive(Default)]
struct Quantity<'a> {
    /// In the order of their first rows, which is that of depth.
    subjects: Vec<&'a Subject>,
    courses: HashMap<&'a Subject, Vec<(u64, f64)>>,
}

impl<'a> History<'a> {
    /// Sorts rows.
    pub fn new(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut quantities: HashMap<&QuantityName, Quantity<'_>> = HashMap::new();
        for row in rows {
            let quantity = quantities.entry(&row.quantity).or_default();
            let course = quantity.courses.entry(&row.subject).or_default();
            if course.is_empty() {
                quantity.subjects.push(&row.subject);
            }
            course.push((row.step, row.value));
        }
        Self { quantities }
    }

    /// Returns the subjects of a quantity in depth order, without the network as a whole.
    pub fn subjects<'h>(
        &'h self,
        quantity: &QuantityName,
    ) -> impl Iterator<Item = &'a Subject> + use<'a, 'h> {
        let subjects = self.quantities.get(quantity).map(|quantity| quantity.subjects.iter());
        subjects.into_iter().flatten().copied().filter(|subject| !subject.is_network())
    }

    /// Returns the steps and values of a quantity of a subject; empty if it was not measured.
    pub fn course(&self, quantity: &QuantityName, subject: &Subject) -> &[(u64, f64)] {
        let course = self.quantities.get(quantity).and_then(|q| q.courses.get(subject));
        course.map_or(&[], Vec::as_slice)
    }

    /// Returns the latest value of a quantity of a subject.
    pub fn latest(&self, quantity: &QuantityName, subject: &Subject) -> Option<f64> {
        self.course(quantity, subject).last().map(|(_, value)| *value)
    }
}
