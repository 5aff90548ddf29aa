//! Settings from a file.

use std::fs;
use std::path::Path;

use toml::Value;

use super::error::RunError;
use crate::settings::{Overlay, line_at};

impl Overlay {
    /// Reads settings from a TOML file.
    ///
    /// # Errors
    ///
    /// [`RunError::Config`] if the file cannot be read, [`RunError::ConfigForm`] if it is not TOML.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = fs::read_to_string(path)
            .map_err(|source| RunError::Config { path: path.to_owned(), source })?;
        let table = text.parse().map_err(|error: toml::de::Error| RunError::ConfigForm {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_at(&text, span.start)),
            reason: error.message().to_owned(),
        })?;
        Ok(Self { origin: path.display().to_string(), table })
    }
}

/// Takes the back end out of the settings: it stands among them in a file, and changes none of them.
pub(super) fn backend_of(overlays: &mut [Overlay]) -> Result<Option<String>, RunError> {
    let mut backend = None;
    for Overlay { origin, table } in overlays {
        backend = match table.remove("backend") {
            None => backend,
            Some(Value::String(name)) => Some(name),
            Some(other) => {
                let (origin, value) = (origin.clone(), other.to_string());
                return Err(RunError::BackendName { origin, value });
            }
        };
    }
    Ok(backend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::Table;

    fn overlay(text: &str) -> Overlay {
        let table: Table = text.parse().unwrap();
        Overlay { origin: "a.toml".to_owned(), table }
    }

    #[test]
    fn the_last_back_end_counts_and_is_no_setting() {
        let mut overlays = [overlay("backend = \"flex\"\nx = 1"), overlay("backend = \"ndarray\"")];
        assert_eq!(backend_of(&mut overlays).unwrap().as_deref(), Some("ndarray"));
        assert_eq!(overlays, [overlay("x = 1"), overlay("")]);
        let error = backend_of(&mut [overlay("backend = 3")]).unwrap_err().to_string();
        assert!(error.starts_with("a.toml: `backend = 3` does not fit"), "{error}");
    }
}
