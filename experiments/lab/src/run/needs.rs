//! Whether there is enough memory for a run.

use toml::{Table, Value};

use super::error::RunError;
use super::open::Asked;
use crate::memory::{self, TooLittleMemory};
use crate::settings::Overlay;
use crate::trial::{Memory, Trial};

/// Refuses a run that needs more memory than there is, before anything of it is written.
///
/// # Errors
///
/// [`RunError::Memory`] with what to lower.
pub(super) fn check(asked: &Asked<'_>, trials: &[Trial]) -> Result<(), RunError> {
    let jobs = asked.options.jobs.min(trials.len());
    let needed = |jobs| needed(trials, jobs, asked.backend.is_in_process());
    let Err(memory) = memory::check(needed(jobs)) else { return Ok(()) };
    let remedy = match most_effective(asked, &memory) {
        Some((key, value)) => format!("lower `{key}`, which is {value}"),
        None => "use a smaller preset or network".to_owned(),
    };
    let is_enough_alone = jobs > 1 && needed(1) <= memory.available as f64;
    let remedy = if is_enough_alone { format!("use `--jobs 1`, or {remedy}") } else { remedy };
    Err(RunError::Memory { experiment: asked.experiment.about().name, memory, remedy })
}

/// What the trials that take most need side by side. Data are counted once, since trials may share them; what
/// trials have on a device counts where that has no memory of its own.
fn needed(trials: &[Trial], jobs: usize, is_in_process: bool) -> f64 {
    let taken: Vec<Memory> = trials.iter().map(|trial| trial.task.memory()).collect();
    let data = taken.iter().map(|memory| memory.data).fold(0.0, f64::max);
    let mut own: Vec<f64> = taken.iter().map(|memory| memory.own).collect();
    own.sort_unstable_by(|a, b| b.total_cmp(a));
    data + if is_in_process { own.iter().take(jobs.max(1)).sum() } else { 0.0 }
}

/// Finds the setting that saves most memory where it is halved. Those that differ from the preset come first.
fn most_effective(asked: &Asked<'_>, memory: &TooLittleMemory) -> Option<(String, Value)> {
    let defaults = asked.experiment.settings(asked.preset, &[]).ok()?;
    let (changed, others): (Vec<_>, Vec<_>) = numbers(&asked.settings)
        .into_iter()
        .partition(|(key, value)| find(&defaults, key) != Some(value));
    let saving = |candidates: Vec<(String, Value)>| {
        let halved = candidates.into_iter().filter_map(|(key, value)| {
            let needed_then = needed_with(asked, &key, halved(&value)?)?;
            (needed_then < 0.99 * memory.needed).then_some((needed_then, key, value))
        });
        halved.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key, value)| (key, value))
    };
    saving(changed).or_else(|| saving(others))
}

fn needed_with(asked: &Asked<'_>, key: &str, value: Value) -> Option<f64> {
    let given = Overlay { origin: "settings".to_owned(), table: asked.settings.clone() };
    let changed = Overlay::new("settings", key, value).ok()?;
    let settings = asked.experiment.settings(asked.preset, &[given, changed]).ok()?;
    let trials = asked.experiment.prepare(&settings).ok()?.trials().ok()?;
    Some(needed(&trials, asked.options.jobs, asked.backend.is_in_process()))
}

/// All settings that are whole numbers or lists of them, with dotted keys.
fn numbers(table: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        if let Value::Table(inner) = value {
            let inner = numbers(inner).into_iter();
            found.extend(inner.map(|(part, value)| (format!("{key}.{part}"), value)));
        } else if halved(value).is_some() {
            found.push((key.clone(), value.clone()));
        }
    }
    found
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        Some((first, rest)) => find(table.get(first)?.as_table()?, rest),
        None => table.get(key),
    }
}

fn halved(value: &Value) -> Option<Value> {
    match value {
        Value::Integer(number) => Some(Value::Integer(number / 2)),
        Value::Array(values) if !values.is_empty() => {
            values.iter().map(halved).collect::<Option<_>>().map(Value::Array)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::taking;
    use backdraft_record::Factors;
    use backdraft_trainer::Outcome;

    fn trial(data: f64, own: f64) -> Trial {
        let task = taking(Memory { data, own }, anyhow::Ok(()), |_, _| Ok(Outcome::Finished));
        Trial { factors: Factors::new([]), seed: 0, cost: 1, task }
    }

    #[test]
    fn the_costliest_trials_meet_and_share_their_data() {
        let trials = [trial(1.0, 10.0), trial(5.0, 30.0), trial(5.0, 20.0)];
        assert_eq!(needed(&trials, 1, true), 35.0);
        assert_eq!(needed(&trials, 2, true), 55.0);
        assert_eq!(needed(&trials, 9, true), 65.0);
        assert_eq!(needed(&trials, 9, false), 5.0, "the rest lies on the device");
    }

    #[test]
    fn numbers_are_found_in_tables_and_lists_and_halved() {
        let table: Table = "a = 4\nb = [2, 8]\nc = 0.5\nd = []\n[e]\nf = 6\n".parse().unwrap();
        let keys: Vec<String> = numbers(&table).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "b", "e.f"]);
        assert_eq!(find(&table, "e.f"), Some(&Value::Integer(6)));
        assert_eq!(halved(&table["b"]).unwrap().to_string(), "[1, 4]");
    }
}
