//! Documents that name tests and files: what they name exists.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every source file, with its text.
fn sources() -> Vec<(String, String)> {
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["models", "training", "datasets", "experiments", "tests"].map(|f| root().join(f)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                sources.push((name, fs::read_to_string(&entry).unwrap()));
            }
        }
    }
    sources
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Tells whether a test of this path, as cargo prints it, is in a source file.
fn exists(test: &str, sources: &[(String, String)]) -> bool {
    let mut parts: Vec<&str> = test.split("::").filter(|part| *part != "tests").collect();
    let Some(name) = parts.pop() else { return false };
    // A test of a crate's root has no module before it.
    let is_module = |file: &str| {
        if parts.is_empty() {
            return file.ends_with("/lib.rs");
        }
        let file = file.trim_end_matches(".rs").trim_end_matches("/mod").trim_end_matches("/main");
        file.ends_with(&format!("/{}", parts.join("/")))
    };
    // The attribute may stand above others, such as a condition on the system.
    let is_test = |text: &str| {
        text.match_indices(&format!("fn {name}()")).any(|(at, _)| {
            let before = &text[..at];
            before.rfind("#[test]").is_some_and(|test| !before[test..].contains("fn "))
        })
    };
    sources.iter().any(|(file, text)| is_module(file) && is_test(text))
}

#[test]
fn every_promise_has_tests_that_exist() {
    let sources = sources();
    let document = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| ") && !line.contains("held by"));
    let rows: Vec<&str> = rows.collect();
    assert!(rows.len() > 40, "{} promises", rows.len());
    for row in rows {
        let tests = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        assert!(quoted(tests).count() > 0, "no test holds: {row}");
        for test in quoted(tests) {
            assert!(exists(test, &sources), "there is no test `{test}`: {row}");
        }
    }
}

#[test]
fn tests_are_found_where_they_are_and_nowhere_else() {
    let sources = sources();
    for test in [
        "documents::tests_are_found_where_they_are_and_nowhere_else",
        "number::tests::every_magnitude_has_three_significant_digits_and_reads_back",
        "mutations::mutated_input_never_panics_hangs_or_swells_in_any_reader",
        "tests::trial_names_are_unique",
    ] {
        assert!(exists(test, &sources), "{test}");
    }
    for test in [
        "documents::sources",
        "documents::no_such_test",
        "serve::tests_are_found_where_they_are_and_nowhere_else",
        "",
    ] {
        assert!(!exists(test, &sources), "{test}");
    }
}

/// The folders of the repository whose files documents name.
const NAMED: [&str; 7] =
    ["tests/", "experiments/", "training/", "models/", "datasets/", "docs/", ".ci/"];

#[test]
fn files_that_the_documents_name_exist() {
    for document in ["CONTRIBUTING.md", "docs/checks.md", "docs/promises.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for command in quoted(&text) {
            for word in command.split_whitespace() {
                let is_file = NAMED.iter().any(|folder| word.starts_with(folder));
                let is_made = word.contains(['*', '$', '<', 'N', '…']) || word.ends_with(".so");
                if is_file && !is_made {
                    assert!(root().join(word).exists(), "{document} names `{word}`");
                }
            }
        }
    }
}
