//! Tables, read: CSV and its kin.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::rc::Rc;

use csv::{ReaderBuilder, StringRecord};

use super::collector::Collector;
use super::json::{Place, TAGS, TRAININGS};
use super::json_lines::LONGEST_LINE;
use super::{LogError, number_of, step_of, step_rank};

/// Reads a table with a header: wide, with a column a tag, or long, with a column of tags.
pub(super) fn read(
    path: &Path,
    input: &mut dyn BufRead,
    step: Option<&str>,
    collector: &mut Collector<'_>,
) -> Result<(), LogError> {
    let mut place = Place::new(path, step);
    place.place = "line 1".to_owned();
    let delimiter = delimiter(input.fill_buf().map_err(|source| place.io(source))?);
    let seen = Rc::new(Seen::default());
    let limited = Limited { input, seen: Rc::clone(&seen) };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(limited);
    let failed = |place: &Place<'_>, error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(source) if source.kind() != io::ErrorKind::FileTooLarge => {
            place.io(source)
        }
        csv::ErrorKind::Io(_) => {
            place.error("a row of more than 64 MB: is a quote open?".to_owned())
        }
        csv::ErrorKind::Utf8 { .. } => place.error("it is no text in UTF-8".to_owned()),
        _ => place.error("it is no row of a table".to_owned()),
    };
    let header = reader.headers().map_err(|error| failed(&place, error))?.clone();
    let layout = Layout::of(&header, step, collector).map_err(|reason| place.error(reason))?;
    let has_comma = delimiter != b',';
    let (mut record, mut next) = (StringRecord::new(), StringRecord::new());
    let mut line = reader.position().line();
    let mut is_row = reader.read_record(&mut record).map_err(|error| failed(&place, error))?;
    while is_row {
        seen.of_row.set(0);
        let line_of_next = reader.position().line();
        place.place = format!("line {line_of_next}");
        is_row = reader.read_record(&mut next).map_err(|error| failed(&place, error))?;
        place.place = format!("line {line}");
        if !is_row && seen.last.get() != b'\n' {
            // Of a row without its end, as a training leaves it that goes on or was killed, the last
            // number may be a part of one.
            collector.is_torn();
            record.truncate(record.len().saturating_sub(1));
        }
        layout.row(&record, has_comma, &mut place, collector)?;
        (record, next, line) = (next, record, line_of_next);
    }
    Ok(())
}

/// Where a table holds what.
struct Layout {
    step: (usize, String),
    body: Body,
}

enum Body {
    /// The columns that are used, with where their values go.
    Wide(Vec<(usize, String, usize)>),
    /// The columns of tag (or quantity and subject) and value, and those that tell trainings apart.
    Long { tag: usize, subject: Option<usize>, value: usize, trainings: Vec<(usize, String)> },
}

impl Layout {
    fn of(
        header: &StringRecord,
        step: Option<&str>,
        collector: &mut Collector<'_>,
    ) -> Result<Self, String> {
        let names: Vec<&str> =
            header.iter().map(|name| name.trim().trim_start_matches('\u{feff}')).collect();
        let find = |name: &str| names.iter().position(|other| other.eq_ignore_ascii_case(name));
        let ranks = names.iter().enumerate();
        let ranks = ranks.filter_map(|(at, name)| Some((step_rank(name, step)?, at)));
        let Some((_, at)) = ranks.min() else {
            let shown: Vec<&str> = names.iter().take(6).copied().collect();
            return Err(format!(
                "no column of steps among {}: name it `step`, or say which with `--step NAME`",
                shown.join(", ")
            ));
        };
        let step = (at, names[at].to_owned());
        let quantity = find("quantity").filter(|_| find("subject").is_some());
        let tag = quantity.or_else(|| TAGS.iter().find_map(|name| find(name)));
        if let (Some(tag), Some(value)) = (tag, find("value")) {
            let subject = quantity.and_then(|_| find("subject"));
            let is_of_training = |name: &&str| {
                name.starts_with("factor.")
                    || TRAININGS.iter().any(|key| name.eq_ignore_ascii_case(key))
            };
            let trainings = names.iter().enumerate().filter(|(_, name)| is_of_training(name));
            let trainings = trainings.map(|(at, name)| (at, (*name).to_owned())).collect();
            return Ok(Self { step, body: Body::Long { tag, subject, value, trainings } });
        }
        let mut columns = Vec::new();
        for (column, name) in names.iter().enumerate().filter(|(column, _)| *column != at) {
            if let Some(slot) = collector.slot(name, exported(name))? {
                columns.push((column, (*name).to_owned(), slot));
            }
        }
        Ok(Self { step, body: Body::Wide(columns) })
    }

    fn row(
        &self,
        record: &StringRecord,
        has_comma: bool,
        place: &mut Place<'_>,
        collector: &mut Collector<'_>,
    ) -> Result<(), LogError> {
        let number = |cell: &str| {
            let of_comma = || has_comma.then(|| number_of(&cell.replace(',', "."))).flatten();
            number_of(cell).or_else(of_comma)
        };
        let cell = |column: usize| record.get(column).unwrap_or("").trim();
        let (column, name) = &self.step;
        let step = || {
            number(cell(*column)).and_then(step_of).ok_or_else(|| {
                let text: String = cell(*column).chars().take(60).collect();
                place.error(format!("the step `{text}` in `{name}` is no whole number from 0"))
            })
        };
        let value = |column: usize, name: &str| {
            number(cell(column)).ok_or_else(|| {
                let text: String = cell(column).chars().take(60).collect();
                place.error(format!("`{text}` in `{name}` is no number"))
            })
        };
        match &self.body {
            Body::Wide(columns) => {
                for (column, name, slot) in columns {
                    // A tag that was not logged at this step.
                    if cell(*column).is_empty() {
                        continue;
                    }
                    let (step, value) = (step()?, value(*column, name)?);
                    collector.push(step, *slot, value).map_err(|reason| place.error(reason))?;
                }
                Ok(())
            }
            Body::Long { tag, subject, value: column, trainings } => {
                let slot = match subject {
                    Some(subject) => collector.row_slot(cell(*tag), cell(*subject)),
                    None => collector.slot(cell(*tag), cell(*tag)),
                };
                let Some(slot) = slot.map_err(|reason| place.error(reason))? else {
                    return Ok(());
                };
                if *column >= record.len() {
                    return Ok(());
                }
                let (step, value) = (step()?, value(*column, "value")?);
                for (column, name) in trainings {
                    place.check_training(name, cell(*column).chars().take(60).collect())?;
                }
                collector.push(step, slot, value).map_err(|reason| place.error(reason))
            }
        }
    }
}

/// Takes the run's name off a column that W&B exported: `bright-sun-3 - gradients/layer`. Its smallest and
/// largest values of a group of runs are no quantity.
fn exported(name: &str) -> &str {
    name.rsplit_once(" - ").map_or(name, |(_, tag)| tag)
}

/// Returns what the header separates its columns with.
fn delimiter(start: &[u8]) -> u8 {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    // The last of equals is taken.
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// What was read of a table.
#[derive(Default)]
struct Seen {
    /// Bytes since the row began.
    of_row: Cell<u64>,
    /// The last byte.
    last: Cell<u8>,
}

/// Ends rows that do not end.
struct Limited<'a> {
    input: &'a mut dyn BufRead,
    seen: Rc<Seen>,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.seen.of_row.set(self.seen.of_row.get() + read as u64);
        if let Some(last) = buffer[..read].last() {
            self.seen.last.set(*last);
        }
        if self.seen.of_row.get() > LONGEST_LINE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Log, LogFormat, LogReader};
    use super::*;

    fn read(text: &str) -> Result<Log, LogError> {
        LogReader::default().read_from(LogFormat::Csv, Path::new("log.csv"), text.as_bytes())
    }

    fn told(log: &Log) -> Vec<String> {
        let row = |row: &crate::row::Row| {
            format!("{} {} {} {}", row.step, row.quantity, row.subject, row.value)
        };
        log.rows.iter().map(row).collect()
    }

    #[test]
    fn wide_and_long_tables_say_the_same_with_any_delimiter() {
        let expected = [
            "0 loss network 2.5",
            "0 gradient_norm a.0.weight 0.5",
            "10 loss network NaN",
            "10 gradient_norm a.0.weight inf",
        ];
        for text in [
            "epoch,step,train_loss,grad_2.0_norm/a.0.weight\n0,0,2.5,0.5\n0,10,nan,inf\n",
            "\u{feff}Step\ttrain_loss\tgradients/a.0.weight\r\n0\t2.5\t0.5\r\n10\tNaN\tInfinity\r\n",
            "step;loss;grad_norm/a.0.weight\n0;2,5;0,5\n10.0;nan;inf\n",
            "step,quantity,subject,value\n0,loss,network,2.5\n0,gradient_norm,a.0.weight,0.5\n\
             10,loss,network,NaN\n10,gradient_norm,a.0.weight,inf\n",
            "batch,Step,loss,grad_norm/a.0.weight\n7,0,2.5,0.5\n8,10,nan,inf\n",
            "step,tag,value\n0,loss,2.5\n0,grad_norm/a.0.weight,0.5\n10,loss,NaN\n\
             10,grad_norm/a.0.weight,inf\n",
            "\"Step\",\"sun-3 - loss\",\"sun-3 - gradients/a.0.weight\",\"sun-3 - loss__MIN\"\n\
             \"0\",\"2.5\",\"0.5\",\"1\"\n\"10\",\"NaN\",\"Infinity\",\"1\"\n",
        ] {
            assert_eq!(told(&read(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn empty_cells_and_a_torn_last_row_are_nothing() {
        // What is left of 3.5e-7.
        let log = read("step,loss,val_loss\n0,1,\n0,,2\n1,3.5").unwrap();
        assert_eq!(told(&log), ["0 loss network 1", "0 test_loss network 2"]);
        assert!(log.is_torn);
        let log = read("step,tag,value\n0,loss,1\n1,loss,3.5").unwrap();
        assert_eq!((told(&log), log.is_torn), (vec!["0 loss network 1".to_owned()], true));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, reason) in [
            ("a,loss\n1,2\n", "log.csv, line 1: no column of steps among a, loss"),
            ("step,loss\n0,1\n1,high\n", "log.csv, line 3: `high` in `loss` is no number"),
            ("step,loss\n0.5,1\n", "line 2: the step `0.5` in `step` is no whole number"),
            (
                "run,step,quantity,subject,value\na,0,loss,network,1\nb,0,loss,network,1\n",
                "line 3: rows of several trainings (`run` is b here",
            ),
            ("", "no column of steps"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(reason) && error.lines().count() == 1, "{error}");
        }
    }
}
