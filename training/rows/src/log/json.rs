//! JSON, read: objects of values by tag.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::collector::Collector;
use super::{LogError, number_of, step_of, step_rank};

/// Bytes that a document may have; what it becomes in memory is larger.
const LARGEST: u64 = 32 << 20;

/// The key that holds the objects of a document; Hugging Face's trainer names it so.
const LIST: &str = "log_history";

/// Keys that name the tag of a value.
pub(super) const TAGS: [&str; 6] = ["tag", "metric", "name", "key", "variable", "metric_name"];

/// Keys that tell trainings apart.
pub(super) const TRAININGS: [&str; 5] = ["run", "run_id", "seed", "experiment", "factors"];

/// Where in which file the reader is, and how it reads.
pub(super) struct Place<'a> {
    pub(super) place: String,
    path: &'a Path,
    step: Option<&'a str>,
    /// The training that the rows so far are of.
    training: Vec<(String, String)>,
}

impl<'a> Place<'a> {
    pub(super) fn new(path: &'a Path, step: Option<&'a str>) -> Self {
        Self { place: String::new(), path, step, training: Vec::new() }
    }

    pub(super) fn error(&self, reason: String) -> LogError {
        let (path, place) = (self.path.to_owned(), self.place.clone());
        // What the reader of JSON quotes may hold line feeds.
        LogError::Content { path, place, reason: reason.replace(['\n', '\r'], " ") }
    }

    pub(super) fn io(&self, source: std::io::Error) -> LogError {
        LogError::Io { path: self.path.to_owned(), source }
    }

    /// Checks that a row is of the same training as those before.
    pub(super) fn check_training(&mut self, key: &str, value: String) -> Result<(), LogError> {
        match self.training.iter().find(|(other, _)| other == key) {
            None => self.training.push((key.to_owned(), value)),
            Some((_, before)) if *before != value => {
                return Err(self.error(format!(
                    "rows of several trainings (`{key}` is {value} here, {before} before): keep those of \
                     one, or give the folder of the run"
                )));
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// Reads a whole document.
pub(super) fn read(
    path: &Path,
    input: &mut dyn BufRead,
    step: Option<&str>,
    collector: &mut Collector<'_>,
) -> Result<(), LogError> {
    let mut place = Place::new(path, step);
    let mut bytes = Vec::new();
    let read = input.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|source| place.io(source))?;
    place.place = "as a whole".to_owned();
    if bytes.len() as u64 > LARGEST {
        let reason = "a .json file of more than 32 MB: write an object a line, as .jsonl";
        return Err(place.error(reason.to_owned()));
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let value = match parsed(text) {
        Ok(value) => value,
        // Lines of JSON under the other name.
        Err(_) if text.trim().lines().next().is_some_and(|line| parsed(line).is_ok()) => {
            return super::json_lines::read(path, &mut text.as_bytes(), step, collector);
        }
        Err(error) => return Err(place.error(format!("it is no JSON: {error}"))),
    };
    let list = match &value {
        Value::Array(list) => Some(list),
        Value::Object(map) => map.get(LIST).and_then(Value::as_array),
        _ => None,
    };
    let Some(list) = list else {
        return Err(place.error(format!(
            "it holds no array of objects, and no `{LIST}`: write one, or an object a line as .jsonl"
        )));
    };
    for (index, item) in list.iter().enumerate() {
        place.place = format!("entry {}", index + 1);
        let map = item.as_object();
        let map = map.ok_or_else(|| place.error("it is no JSON object".to_owned()))?;
        object(map, &mut place, collector)?;
    }
    Ok(())
}

/// Reads one object: a row, a value under a tag, or a value a key.
pub(super) fn object(
    map: &Map<String, Value>,
    place: &mut Place<'_>,
    collector: &mut Collector<'_>,
) -> Result<(), LogError> {
    let steps = map.iter().filter_map(|(key, value)| Some((step_rank(key, place.step)?, value)));
    let step = match steps.min_by_key(|(rank, _)| *rank) {
        Some((_, value)) => Some(step(value).ok_or_else(|| {
            place.error(format!("the step `{}` is no whole number from 0", shortened(value)))
        })?),
        None => None,
    };
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    if let (Some(value), Some(tag)) = (map.get("value"), TAGS.iter().find_map(|key| text(key))) {
        let slot = collector.slot(tag, tag);
        return one(map, place, collector, step, slot, value);
    }
    if let (Some(value), Some(quantity)) = (map.get("value"), text("quantity")) {
        let slot = collector.row_slot(quantity, text("subject").unwrap_or("network"));
        return one(map, place, collector, step, slot, value);
    }
    for (key, value) in map.iter().filter(|(key, _)| step_rank(key, place.step).is_none()) {
        nested(key, value, step, place, collector)?;
    }
    Ok(())
}

/// Takes the value of an object that holds one.
fn one(
    map: &Map<String, Value>,
    place: &mut Place<'_>,
    collector: &mut Collector<'_>,
    step: Option<u64>,
    slot: Result<Option<usize>, String>,
    value: &Value,
) -> Result<(), LogError> {
    let Some(slot) = slot.map_err(|reason| place.error(reason))? else { return Ok(()) };
    for key in TRAININGS {
        if let Some(value) = map.get(key) {
            place.check_training(key, shortened(value))?;
        }
    }
    // Rows write what is not finite as null.
    let number = if value.is_null() { Some(f64::NAN) } else { number(value) };
    let number = number
        .ok_or_else(|| place.error(format!("the value `{}` is no number", shortened(value))))?;
    let step = step.ok_or_else(|| no_step(place))?;
    collector.push(step, slot, number).map_err(|reason| place.error(reason))
}

fn nested(
    key: &str,
    value: &Value,
    step: Option<u64>,
    place: &Place<'_>,
    collector: &mut Collector<'_>,
) -> Result<(), LogError> {
    match value {
        Value::Object(map) => {
            return map.iter().try_for_each(|(inner, value)| {
                nested(&format!("{key}/{inner}"), value, step, place, collector)
            });
        }
        // Not logged at this step, as programs that make tables of it say.
        Value::Null | Value::Array(_) | Value::Bool(_) => return Ok(()),
        Value::Number(_) | Value::String(_) => {}
    }
    let Some(number) = number(value) else { return Ok(()) };
    let Some(step) = step else {
        // The header of a log has no step, and none of its keys is a quantity.
        let is_wanted = collector.knows(key);
        return if is_wanted { Err(no_step(place)) } else { Ok(()) };
    };
    if let Some(slot) = collector.slot(key, key).map_err(|reason| place.error(reason))? {
        collector.push(step, slot, number).map_err(|reason| place.error(reason))?;
    }
    Ok(())
}

fn no_step(place: &Place<'_>) -> LogError {
    place.error(
        "no step: log it as `step`, or name the key or column that holds it with `--step NAME`"
            .into(),
    )
}

fn step(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| number(value).and_then(step_of))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(number_of))
}

/// A value as a message quotes it.
fn shortened(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(60).collect()
}

/// Reads JSON, and what Python writes in place of it: NaN, Infinity and -Infinity.
pub(super) fn parsed(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&with_quoted_constants(text))
}

fn with_quoted_constants(text: &str) -> Cow<'_, str> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len() + 16), text);
    let (mut is_text, mut is_escaped) = (false, false);
    while let Some(next) = rest.chars().next() {
        let constant = ["NaN", "Infinity", "-Infinity"].iter().find(|c| rest.starts_with(**c));
        if let (Some(constant), false) = (constant, is_text) {
            out.extend(["\"", constant, "\""]);
            rest = &rest[constant.len()..];
            continue;
        }
        is_text ^= next == '"' && !is_escaped;
        is_escaped = is_text && next == '\\' && !is_escaped;
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::super::{LogFormat, LogReader};
    use super::*;

    #[test]
    fn the_state_of_hugging_faces_trainer_is_read() {
        let text = r#"{"global_step": 20, "log_history": [
            {"epoch": 0.5, "grad_norm": 1.5, "learning_rate": 1e-4, "loss": 2.0, "step": 10},
            {"epoch": 1.0, "grad_norm": NaN, "learning_rate": 0.0, "loss": 1.0, "step": 20},
            {"epoch": 1.0, "eval_loss": 1.1, "step": 20},
            {"epoch": 1.0, "train_loss": 1.5, "train_runtime": 3.0, "step": 20}]}"#;
        let read = |text: &str| {
            LogReader::default().read_from(LogFormat::Json, Path::new("s.json"), text.as_bytes())
        };
        let log = read(text).unwrap();
        let names: Vec<_> = log.rows.iter().map(|row| row.quantity.as_str()).collect();
        let norm = "global_gradient_norm";
        assert_eq!(names, [norm, "loss", norm, "loss", "test_loss"]);
        // The mean over the whole training is not the loss of step 20.
        assert!(log.unknown.first.contains(&"train_loss".to_owned()), "{:?}", log.unknown);
        let lines = "{\"step\":0,\"loss\":1}\n{\"step\":1,\"loss\":1}\n";
        assert_eq!(read(lines).unwrap().rows.len(), 2);
        for text in ["3", "{\"a\":1}", "[1]", "[", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
