//! Bad configurations.

use backdraft_layers::Architecture;
use serde_json::{Map, Value, json};

use super::subject::{SEED, Subject};

/// More than any machine has of anything.
const ABSURD: u64 = 1 << 60;

/// Every field refuses nonsense, and what is refused for its value is refused by name.
pub(super) fn refusals<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let config = serde_json::to_value(subject.config).map_err(|error| error.to_string())?;
    let Value::Object(fields) = config else {
        return Err("the configuration is no object of fields".to_owned());
    };
    let with = |field: &str, value: Value| {
        let mut fields: Map<String, Value> = fields.clone();
        fields.insert(field.to_owned(), value);
        serde_json::from_value::<A>(Value::Object(fields))
    };
    match with("no_such_field", json!(1)) {
        Ok(_) => return Err("an unknown field is accepted".to_owned()),
        Err(error) if !error.to_string().contains("no_such_field") => {
            return Err(format!("an unknown field is refused without its name: {error}"));
        }
        Err(_) => {}
    }
    for (field, value) in &fields {
        if with(field, json!({"no": "sense"})).is_ok() {
            return Err(format!("`{field}` accepts an object that means nothing"));
        }
        if with(field, json!("no such thing")).is_ok() {
            return Err(format!("`{field}` accepts a word that means nothing"));
        }
        for size in [json!(-1), json!(0), json!(ABSURD)] {
            let extreme = like(value, size.clone());
            let Ok(config) = with(field, extreme.clone()) else { continue };
            // Only what is impossible is built, and it must be refused: the rest may be huge.
            let Err(error) = config.validate() else {
                if size == json!(ABSURD) && is_size(value) {
                    return Err(format!("`{field} = {extreme}` is accepted"));
                }
                continue;
            };
            if error.field != field {
                return Err(format!("`{field} = {extreme}` is refused as `{}`", error.field));
            }
            let device = subject.device()?;
            if config.try_init(SEED, device).is_ok() {
                return Err(format!("`{field} = {extreme}` is refused but built"));
            }
        }
    }
    Ok(())
}

/// Tells whether a value is a whole number or a list of them.
fn is_size(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_u64(),
        Value::Array(values) => values.iter().all(is_size),
        _ => false,
    }
}

/// Puts a size in the place of each number of a value.
fn like(value: &Value, size: Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(vec![size; values.len()]),
        _ => size,
    }
}
