//! Rows, sorted for rules to ask.

use std::collections::HashMap;

use crate::row::{NETWORK, Row};

/// What was measured so far, by quantity and subject.
pub struct History<'a> {
    quantities: HashMap<&'a str, Quantity<'a>>,
}

#[derive(Default)]
struct Quantity<'a> {
    /// In the order of their first row, which is the order of depth.
    subjects: Vec<&'a str>,
    courses: HashMap<&'a str, Vec<(u64, f64)>>,
}

impl<'a> History<'a> {
    /// Sorts rows.
    pub fn new(rows: &'a [Row]) -> Self {
        let mut quantities: HashMap<&str, Quantity<'_>> = HashMap::new();
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
    pub fn subjects(&self, quantity: &str) -> impl Iterator<Item = &'a str> {
        let subjects = self.quantities.get(quantity).map(|quantity| quantity.subjects.iter());
        subjects.into_iter().flatten().copied().filter(|subject| *subject != NETWORK)
    }

    /// Returns the values of a quantity of a subject, by step; empty if it was not measured.
    pub fn course(&self, quantity: &str, subject: &str) -> &[(u64, f64)] {
        let course = self.quantities.get(quantity).and_then(|q| q.courses.get(subject));
        course.map_or(&[], Vec::as_slice)
    }
}
