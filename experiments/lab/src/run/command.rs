//! The command that repeats a run.

use std::path::Path;

use backdraft_record::Preset;
use backdraft_text::quoted;
use toml::Table;

use super::RUNS;
use crate::experiment::Entry;
use crate::settings::SettingsError;

/// Returns the command with the preset and whatever differs from it.
pub(super) fn command(
    program: &str,
    experiment: &dyn Entry,
    preset: Preset,
    settings: &Table,
    backend: &str,
) -> Result<String, SettingsError> {
    let defaults = experiment.settings(preset, &[])?;
    let changed = settings.iter().filter(|(key, value)| defaults.get(*key) != Some(value));
    let sets = changed.map(|(key, value)| format!(" --set {}", quoted(&format!("{key}={value}"))));
    let (name, sets) = (experiment.about().name, sets.collect::<String>());
    Ok(format!("{program} run {name} --preset {preset} --backend {backend}{sets}"))
}

/// Returns the command that goes on with a run whose record is below `out`.
pub fn going_on(command: &str, out: &Path) -> String {
    if out == Path::new(RUNS) {
        command.to_owned()
    } else {
        format!("{command} --out {}", quoted(&out.display().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(going_on("c", Path::new("runs")), "c");
        assert_eq!(going_on("c", Path::new("/tmp/it's")), r"c --out '/tmp/it'\''s'");
    }
}
