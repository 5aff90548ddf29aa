//! Numbers under tags, on their way to rows.

use std::collections::HashMap;

use super::Log;
use super::tags::{Meaning, TagTable};
use crate::quantity_name::QuantityName;
use crate::row::Row;
use crate::subject::Subject;

/// Values that a log may hold; about 400 MB of memory with what a diagnosis makes of them.
const MOST_VALUES: usize = 5_000_000;

/// Tags that a log may hold.
const MOST_TAGS: usize = 200_000;

/// Bytes of a tag that are looked at.
const LONGEST_TAG: usize = 1_000;

/// Unknown tags that are named.
const NAMED: usize = 8;

/// The tags that were not recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub first: Vec<String>,
}

/// A quantity of a subject, and the tag that holds it.
struct Slot {
    quantity: QuantityName,
    subject: Subject,
    tag: Box<str>,
}

/// Takes the numbers of a log, in the order in which it holds them.
pub(super) struct Collector<'a> {
    table: &'a TagTable,
    /// By tag; nothing for a tag that is not used.
    slots_of_tags: HashMap<Box<str>, Option<usize>>,
    slots: Vec<Slot>,
    owners: HashMap<(QuantityName, Subject), usize>,
    values: Vec<(u64, u32, f64)>,
    unknown: Unknown,
    is_torn: bool,
}

impl<'a> Collector<'a> {
    pub(super) fn new(table: &'a TagTable) -> Self {
        Self {
            table,
            slots_of_tags: HashMap::new(),
            slots: Vec::new(),
            owners: HashMap::new(),
            values: Vec::new(),
            unknown: Unknown::default(),
            is_torn: false,
        }
    }

    /// Notes that the log ends within an entry.
    pub(super) fn is_torn(&mut self) {
        self.is_torn = true;
    }

    /// Tells whether a tag is a quantity.
    pub(super) fn knows(&self, tag: &str) -> bool {
        self.table.quantity(tag).is_some()
    }

    /// Returns where the values of a tag go; nothing if they are not used. `column` is what the log calls
    /// it and the user reads, `tag` what is looked up.
    ///
    /// If two tags are the same quantity, as the loss of a step and its mean over an epoch are, the first
    /// is taken and the other counts as unknown.
    pub(super) fn slot(&mut self, column: &str, tag: &str) -> Result<Option<usize>, String> {
        self.slot_for(column, |table| table.meaning(tag))
    }

    /// Returns where a quantity goes that the log names as rows do.
    pub(super) fn row_slot(
        &mut self,
        quantity: &str,
        subject: &str,
    ) -> Result<Option<usize>, String> {
        let tag = format!("{quantity}/{subject}");
        self.slot_for(&tag, |table| {
            let Ok(name) = quantity.parse::<QuantityName>();
            if QuantityName::KNOWN.contains(&name) {
                return Meaning::Quantity(name, Subject::from(subject));
            }
            table.meaning(&tag)
        })
    }

    fn slot_for(
        &mut self,
        column: &str,
        meaning: impl FnOnce(&TagTable) -> Meaning,
    ) -> Result<Option<usize>, String> {
        if let Some(slot) = self.slots_of_tags.get(column) {
            return Ok(*slot);
        }
        if self.slots_of_tags.len() == MOST_TAGS {
            return Err(format!("more than {MOST_TAGS} tags: this is no log of a training"));
        }
        let meaning =
            if column.len() > LONGEST_TAG { Meaning::Unknown } else { meaning(self.table) };
        let slot = match meaning {
            Meaning::Quantity(quantity, subject) => self.own(column, quantity, subject),
            Meaning::Unknown => None,
            Meaning::LeftOut => {
                self.slots_of_tags.insert(column.into(), None);
                return Ok(None);
            }
        };
        if slot.is_none() {
            self.unknown.count += 1;
            if self.unknown.first.len() < NAMED {
                self.unknown.first.push(column.chars().take(LONGEST_TAG).collect());
            }
        }
        let key = column.get(..LONGEST_TAG).unwrap_or(column);
        self.slots_of_tags.insert(key.into(), slot);
        Ok(slot)
    }

    fn own(&mut self, tag: &str, quantity: QuantityName, subject: Subject) -> Option<usize> {
        let key = (quantity, subject);
        if self.owners.contains_key(&key) {
            return None;
        }
        let slot = self.slots.len();
        let (quantity, subject) = key.clone();
        self.slots.push(Slot { quantity, subject, tag: tag.into() });
        self.owners.insert(key, slot);
        Some(slot)
    }

    /// Takes a value. The error says what is wrong with it, in one line.
    pub(super) fn push(&mut self, step: u64, slot: usize, value: f64) -> Result<(), String> {
        if value < 0.0 && is_size(&self.slots[slot].quantity) {
            let Slot { quantity, tag, .. } = &self.slots[slot];
            return Err(format!(
                "`{tag}` is {value} at step {step}, so it is no {quantity}: say what it is with \
                 `--map 'TAG-PATTERN=QUANTITY'`, or leave it out with `--map 'TAG-PATTERN='`"
            ));
        }
        if self.values.len() == MOST_VALUES {
            return Err(format!(
                "more than {MOST_VALUES} values that can be diagnosed: split the log, or leave tags out \
                 with `--map 'TAG-PATTERN='`"
            ));
        }
        // Slots are fewer than tags.
        self.values.push((step, slot as u32, value));
        Ok(())
    }

    /// Returns the rows by step.
    pub(super) fn finish(self) -> Log {
        let Self { slots, mut values, unknown, is_torn, .. } = self;
        values.sort_by_key(|(step, ..)| *step); // stable
        let mut latest: Vec<Option<(u64, usize)>> = vec![None; slots.len()];
        let (mut rows, mut replaced): (Vec<Row>, usize) = (Vec::with_capacity(values.len()), 0);
        for (step, slot, value) in values {
            let Slot { quantity, subject, .. } = &slots[slot as usize];
            match &mut latest[slot as usize] {
                Some((seen, at)) if *seen == step => {
                    rows[*at].value = value;
                    replaced += 1;
                }
                latest => {
                    *latest = Some((step, rows.len()));
                    rows.push(Row::new(step, quantity.clone(), subject.clone(), value));
                }
            }
        }
        Log { rows, unknown, is_torn, replaced }
    }
}

/// Tells whether a quantity is never negative.
fn is_size(quantity: &QuantityName) -> bool {
    quantity.as_str().ends_with("_norm")
        || [QuantityName::GRADIENT_MAX, QuantityName::UPDATE_RATIO].contains(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_by_step_and_what_is_logged_again_replaces() {
        let table = TagTable::default();
        let mut collector = Collector::new(&table);
        for (step, value) in [(0, 1.0), (10, 2.0), (20, 9.0), (10, 3.0), (20, 4.0)] {
            let loss = collector.slot("loss", "loss").unwrap().unwrap();
            let norm = collector.slot("grad_norm", "grad_norm").unwrap().unwrap();
            collector.push(step, loss, value).unwrap();
            collector.push(step, norm, 2.0 * value).unwrap();
        }
        // The mean over the epoch comes second.
        assert_eq!(collector.slot("train_loss_epoch", "loss").unwrap(), None);
        let log = collector.finish();
        let values: Vec<_> = log.rows.iter().map(|row| (row.step, row.value)).collect();
        assert_eq!(values, [(0, 1.0), (0, 2.0), (10, 3.0), (10, 6.0), (20, 4.0), (20, 8.0)]);
        assert_eq!((log.replaced, log.unknown.count), (4, 1));
        assert_eq!(log.unknown.first, ["train_loss_epoch"]);
    }

    #[test]
    fn a_negative_norm_is_none() {
        let table = TagTable::default();
        let mut collector = Collector::new(&table);
        let slot = collector.slot("gradients/a", "gradients/a").unwrap().unwrap();
        let told = collector.push(3, slot, -0.5).unwrap_err();
        assert!(told.contains("`gradients/a` is -0.5 at step 3") && told.contains("--map"));
        assert_eq!(collector.push(3, slot, f64::NAN), Ok(()));
    }
}
