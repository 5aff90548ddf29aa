//! JSON lines, read.

use std::io::{BufRead, Read};
use std::path::Path;

use serde_json::Value;

use super::LogError;
use super::collector::Collector;
use super::json::{Place, object, parsed};

/// Bytes that a line may have.
pub(super) const LONGEST_LINE: u64 = 64 << 20;

/// Reads a log with an object a line.
pub(super) fn read(
    path: &Path,
    input: &mut dyn BufRead,
    step: Option<&str>,
    collector: &mut Collector<'_>,
) -> Result<(), LogError> {
    let (mut line, mut number) = (Vec::new(), 0u64);
    let mut place = Place::new(path, step);
    loop {
        line.clear();
        number += 1;
        place.place = format!("line {number}");
        let read = input.take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(|source| LogError::Io { path: path.to_owned(), source })? == 0 {
            return Ok(());
        }
        let is_whole = line.ends_with(b"\n");
        if line.len() as u64 == LONGEST_LINE && !is_whole {
            return Err(place.error("the line is longer than 64 MB".to_owned()));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim().trim_start_matches('\u{feff}');
        if text.is_empty() {
            continue;
        }
        match parsed(text) {
            Ok(Value::Object(map)) => object(&map, &mut place, collector)?,
            Ok(_) => return Err(place.error("it is no JSON object".to_owned())),
            // The training that writes it goes on, or was killed.
            Err(_) if !is_whole => {
                collector.is_torn();
                return Ok(());
            }
            Err(error) => return Err(place.error(format!("it is no JSON: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Log, LogFormat, LogReader};
    use super::*;

    fn reader(step: Option<&str>) -> LogReader {
        LogReader { step: step.map(str::to_owned), ..LogReader::default() }
    }

    fn read(text: &str) -> Result<Log, LogError> {
        reader(None).read_from(LogFormat::JsonLines, Path::new("log.jsonl"), text.as_bytes())
    }

    fn told(log: &Log) -> Vec<String> {
        let row = |row: &crate::row::Row| {
            format!("{} {} {} {}", row.step, row.quantity, row.subject, row.value)
        };
        log.rows.iter().map(row).collect()
    }

    #[test]
    fn rows_wide_objects_nested_ones_and_tagged_values_are_read() {
        let text = concat!(
            "{\"trial\":[[\"model\",\"mlp\"]],\"seed\":1}\n",
            "{\"step\":0,\"quantity\":\"gradient_norm\",\"subject\":\"a.0.weight\",\"value\":0.5}\n",
            "{\"step\":1,\"loss\":2.5,\"lr\":0.1,\"epoch\":0}\n",
            "{\"_step\":2,\"grad_norm\":{\"a.0.weight\":0.25,\"a.1.weight\":\"NaN\"},\"x\":null}\n",
            "{\"step\":3,\"tag\":\"train/loss\",\"value\":1}\n",
            "{\"step\":4,\"gradients/a.1.weight\":Infinity,\"loss\":null}\n",
            "\n",
            "{\"end\":\"finished\"}\n",
            "{\"step\":5,\"lo",
        );
        let log = read(text).unwrap();
        assert_eq!(
            told(&log),
            [
                "0 gradient_norm a.0.weight 0.5",
                "1 loss network 2.5",
                "2 gradient_norm a.1.weight NaN",
            ]
        );
        assert!(log.is_torn);
        // The same quantity under other names: the first counts.
        assert_eq!(log.unknown.count, 4, "{:?}", log.unknown);
    }

    #[test]
    fn what_python_writes_for_infinity_is_read_outside_of_texts() {
        let log = read("{\"step\":0,\"note\":\"NaN \\\" Infinity\",\"loss\":-Infinity}\n").unwrap();
        assert_eq!(log.rows[0].value, f64::NEG_INFINITY);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, reason) in [
            ("{\"step\":0,\"loss\":1}\n[1]\n", "log.jsonl, line 2: it is no JSON object"),
            ("{\"step\":0,\"loss\":1}\nhello\n{}\n", "log.jsonl, line 2: it is no JSON"),
            ("{\"loss\":1}\n", "line 1: no step"),
            ("{\"step\":-1,\"loss\":1}\n", "line 1: the step `-1` is no whole number"),
            ("{\"step\":0.5,\"loss\":1}\n", "is no whole number"),
            ("{\"step\":0,\"loss\":1,\"grad_norm\":-3}\n", "`grad_norm` is -3"),
            (
                "{\"step\":0,\"quantity\":\"loss\",\"subject\":\"network\",\"value\":1,\"seed\":0}\n\
                 {\"step\":0,\"quantity\":\"loss\",\"subject\":\"network\",\"value\":1,\"seed\":1}\n",
                "line 2: rows of several trainings (`seed` is 1 here",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(reason) && error.lines().count() == 1, "{error}");
        }
        let steps = reader(Some("at")).read_from(
            LogFormat::JsonLines,
            Path::new("log"),
            &b"{\"at\":7,\"loss\":1}"[..],
        );
        assert_eq!(steps.unwrap().rows[0].step, 7);
    }
}
