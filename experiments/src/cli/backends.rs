//! `backdraft backends`.

use serde_json::json;

use super::Failure;
use super::arguments::BackendsArguments;
use super::print::{say, say_json};
use crate::backend::{BACKENDS, Backend};

pub(super) fn backends(arguments: &BackendsArguments) -> Result<(), Failure> {
    let (default, _) = Backend::select(None).map_err(Failure::run)?;
    if arguments.json {
        let list: Vec<_> = BACKENDS
            .iter()
            .map(|backend| {
                json!({
                    "name": backend.name,
                    "about": backend.about,
                    "built_in": backend.is_built_in(),
                    "default": backend.name == default.name,
                    "needs": backend.needs,
                })
            })
            .collect();
        return say_json(&list);
    }
    for backend in BACKENDS {
        let state = match backend.is_built_in() {
            true if backend.name == default.name => "built in, default",
            true => "built in",
            false => "not built in",
        };
        say(format!("{:<8} {state:<18} {}", backend.name, backend.about));
        if !backend.is_built_in() {
            say(format!("{:27} cargo run --release --features {} -- …", "", backend.name));
            if !backend.needs.is_empty() {
                say(format!("{:27} needs {}", "", backend.needs));
            }
        }
    }
    Ok(())
}
