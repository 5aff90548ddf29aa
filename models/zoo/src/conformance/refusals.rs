//! Checks that invalid configurations are rejected.

use backdraft_layers::Architecture;
use serde_json::{Map, Value, json};

use super::subject::{SEED, Subject};

/// A size that is too large for any machine.
const ABSURD: u64 = 1 << 60;

/// Every field rejects nonsense, and errors name the invalid field.
pub(super) fn refusals<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let config = serde_json::to_value(subject.config).map_err(|error| error.to_string())?;
    let Value::Object(fields) = config else {
        return Err("the configuration does not serialise to an object".to_owned());
    };
    let with = |field: &str, value: Value| {
        let mut fields: Map<String, Value> = fields.clone();
        fields.insert(field.to_owned(), value);
        serde_json::from_value::<A>(Value::Object(fields))
    };
    match with("no_such_field", json!(1)) {
        Ok(_) => return Err("an unknown field is accepted".to_owned()),
        Err(error) if !error.to_string().contains("no_such_field") => {
            return Err(format!("the error for an unknown field does not name it: {error}"));
        }
        Err(_) => {}
    }
    for (field, value) in &fields {
        if with(field, json!({"no": "sense"})).is_ok() {
            return Err(format!("`{field}` accepts a meaningless object"));
        }
        if with(field, json!("no such thing")).is_ok() {
            return Err(format!("`{field}` accepts a meaningless word"));
        }
        for size in [json!(-1), json!(0), json!(ABSURD)] {
            let extreme = like(value, size.clone());
            let Ok(config) = with(field, extreme.clone()) else { continue };
            // Only invalid configurations are built, which must fail: valid ones may be huge.
            let Err(error) = config.validate() else {
                if size == json!(ABSURD) && is_size(value) {
                    return Err(format!("`{field} = {extreme}` is accepted"));
                }
                continue;
            };
            if error.field != field {
                return Err(format!(
                    "`{field} = {extreme}` is rejected, but the error names `{}`",
                    error.field
                ));
            }
            let device = subject.device()?;
            if config.try_init(SEED, device).is_ok() {
                return Err(format!("`{field} = {extreme}` is rejected by `validate` but built"));
            }
        }
    }
    Ok(())
}

/// Returns whether a value is a whole number or a list of them.
fn is_size(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_u64(),
        Value::Array(values) => values.iter().all(is_size),
        _ => false,
    }
}

/// Replaces each number of a value by a size.
fn like(value: &Value, size: Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(vec![size; values.len()]),
        _ => size,
    }
}
