//! The identity of a run.

use sha2::{Digest, Sha256};
use toml::Table;

use super::manifest::{SCHEMA, Versions};

/// Hexadecimal digits of an id: 48 bits, so that a million runs collide with probability 0.2 %.
const DIGITS: usize = 12;

/// Returns the id of a run: a hash of what determines its result.
///
/// That is the experiment, its settings with the seeds, the back end, and the versions of
/// Backdraft, Burn and the record. The number of jobs and the output folder do not matter.
pub fn run_id(experiment: &str, settings: &Table, backend: &str) -> String {
    let versions = Versions::current();
    let identity = format!(
        "{experiment}\n{backend}\n{}\n{}\n{SCHEMA}\n{}",
        versions.backdraft,
        versions.burn,
        // Tables are ordered by key, so that the same settings always read the same.
        toml::to_string(settings).unwrap_or_else(|_| format!("{settings:?}")),
    );
    hash(identity.as_bytes())
}

/// Returns the start of a SHA-256 hash in hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes)).chars().take(DIGITS).collect()
}

/// Ends a SHA-256 hash and returns it in hexadecimal.
pub(super) fn hexadecimal(sum: Sha256) -> String {
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_depends_on_what_determines_the_result() {
        let settings = |text: &str| text.parse::<Table>().unwrap();
        let id = run_id("a", &settings("x = 1\ny = 2"), "flex");
        assert_eq!(id.len(), DIGITS);
        assert_eq!(id, run_id("a", &settings("y = 2\nx = 1"), "flex"));
        assert_ne!(id, run_id("a", &settings("x = 1\ny = 3"), "flex"));
        assert_ne!(id, run_id("a", &settings("x = 1\ny = 2"), "ndarray"));
        assert_ne!(id, run_id("b", &settings("x = 1\ny = 2"), "flex"));
    }
}
