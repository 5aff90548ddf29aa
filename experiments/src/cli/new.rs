//! `backdraft new`: a laboratory of one's own, ready to run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use backdraft_record::write_whole;
use backdraft_text::quoted;
use clap::Args;

use super::failure::Failure;
use super::file::not_written;
use super::print::say;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct NewArguments {
    /// The folder to write; its name is that of the crate.
    folder: PathBuf,
    /// Name of the crate [default: the folder's].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Build with a checkout of Backdraft on this machine instead of the published crates.
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

const EXAMPLES: &str = "\
The crate has a network, an experiment and data of its own, to be changed. All commands of backdraft take
them. Files that are there already and differ are left alone, and nothing is written.

Examples:
  backdraft new my-lab
  cd my-lab
  cargo run --release -- list
  cargo run --release -- run my-experiment";

/// The files of the crate, which the gate builds and runs (`tests/outside`).
const FILES: [(&str, &str); 4] = [
    ("src/main.rs", include_str!("../../template/main.rs")),
    ("src/architecture.rs", include_str!("../../template/architecture.rs")),
    ("src/data.rs", include_str!("../../template/data.rs")),
    ("src/experiment.rs", include_str!("../../template/experiment.rs")),
];

/// What a version-control system need not keep.
const IGNORED: &str = "/target\n/runs\n";

pub(super) fn new(arguments: &NewArguments) -> Result<(), Failure> {
    let NewArguments { folder, name, path } = arguments;
    let own = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.clone().or(own).unwrap_or_default();
    check(&name).map_err(Failure::Input)?;
    let checkout = path.as_deref().map(checkout).transpose().map_err(Failure::Input)?;
    let manifest = manifest(&name, checkout.as_deref());
    let others = [("Cargo.toml", manifest.as_str()), (".gitignore", IGNORED)];
    let files: Vec<(PathBuf, &str)> =
        others.into_iter().chain(FILES).map(|(file, text)| (folder.join(file), text)).collect();
    // Before anything is written.
    for (path, text) in &files {
        check_free(path, text)?;
    }
    for (path, text) in &files {
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| not_written(parent, &error))?;
        let written = write_whole(path, |file| file.write_all(text.as_bytes()));
        written.map_err(|error| not_written(path, &error))?;
    }
    say(format!("wrote the crate `{name}`; run its experiment with"));
    let folder = folder.display().to_string();
    say(format!("  cd {} && cargo run --release -- run my-experiment", quoted(&folder)));
    Ok(())
}

/// Refuses what cargo refuses.
fn check(name: &str) -> anyhow::Result<()> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_taken =
        ["anyhow", "backdraft", "burn", "serde", "test", "core", "std", "alloc"].contains(&name);
    if starts_well && name.chars().all(is_word) && !is_taken {
        return Ok(());
    }
    Err(anyhow!(
        "`{name}` cannot be the name of this crate: use letters, digits, `-` and `_`, a letter first, or \
         give another with `--name`"
    ))
}

/// Refuses to replace a file.
fn check_free(path: &Path, text: &str) -> Result<(), Failure> {
    match fs::read(path) {
        Ok(found) if found != text.as_bytes() => Err(Failure::Input(anyhow!(
            "`{}` is there already, and was left as it is; choose another folder",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Returns the folder of the package `backdraft` in a checkout.
fn checkout(folder: &Path) -> anyhow::Result<PathBuf> {
    let package = folder.join("experiments");
    if !package.join("Cargo.toml").is_file() {
        return Err(anyhow!("`{}` is no checkout of Backdraft", folder.display()));
    }
    // The crate stands elsewhere than this process.
    Ok(package.canonicalize()?)
}

fn manifest(name: &str, checkout: Option<&Path>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let source = match checkout {
        Some(path) => format!("path = {}", toml::Value::from(path.display().to_string())),
        None => format!(r#"git = "{REPOSITORY}""#),
    };
    format!(
        r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
anyhow = "1"
backdraft = {{ version = "{version}", {source} }}
burn = {{ version = "=0.22.1", default-features = false, features = ["std", "autodiff"] }}
serde = {{ version = "1", features = ["derive"] }}

# Not part of a workspace that may lie around it.
[workspace]
"#
    )
}

/// Where the crates come from.
const REPOSITORY: &str = "https://github.com/backdraft/backdraft";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_asks_for_the_burn_that_backdraft_is_built_with() {
        let workspace: toml::Table =
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).parse().unwrap();
        let burns = &workspace["workspace"]["dependencies"]["burn"]["version"];
        let manifest: toml::Table = manifest("mine", None).parse().unwrap();
        assert_eq!(&manifest["dependencies"]["burn"]["version"], burns);
        let repository = &workspace["workspace"]["package"]["repository"];
        assert_eq!(&manifest["dependencies"]["backdraft"]["git"], repository);
    }

    #[test]
    fn names_that_cargo_refuses_are_refused() {
        for name in ["my-lab", "lab_2"] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in ["", "2nd", "my lab", "burn", "-x", "é"] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
