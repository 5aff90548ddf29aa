//! Crates that know nothing of tensors build without Burn.

use std::path::Path;
use std::process::Command;

/// A crate that gains a dependency on Burn must leave this list, and should have a reason to.
const WITHOUT_BURN: [&str; 7] = [
    "backdraft-record",
    "backdraft-rows",
    "backdraft-spec",
    "backdraft-text",
    "backdraft-theory",
    "backdraft-verdicts",
    "backdraft-views",
];

/// What a crate links, itself included, by name.
fn dependencies(package: &str) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let arguments = ["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "-p"];
    let mut command = Command::new(cargo);
    let output = command.args(arguments).arg(package).current_dir(workspace).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn is_burn(name: &String) -> bool {
    name == "burn" || name.starts_with("burn-") || name.starts_with("cubecl")
}

#[test]
fn crates_of_plain_data_and_numbers_build_without_burn() {
    for package in WITHOUT_BURN {
        let dependencies = dependencies(package);
        assert_eq!(dependencies[0], package);
        assert_eq!(dependencies.iter().find(|name| is_burn(name)), None, "{package}");
    }
}

#[test]
fn the_search_finds_burn_where_it_is() {
    assert!(dependencies("backdraft-layers").iter().any(is_burn));
}
