//! `backdraft zoo` and `backdraft data`.

use std::fs;

use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

#[test]
fn the_zoo_lists_its_networks_with_their_parameters_and_checks_them() {
    let listed = stdout(&backdraft(&["zoo"]));
    for part in ["resnet-20", "269722", "transformer-post-norm", "Hochreiter"] {
        assert!(listed.contains(part), "`{part}` is missing in:\n{listed}");
    }
    let checked = stdout(&backdraft(&["zoo", "--check"]));
    assert!(checked.contains("finite differences") && !checked.contains('✗'), "{checked}");
    let json = stdout(&backdraft(&["zoo", "--json"]));
    let entries: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(entries.as_array().unwrap().len() > 25);
}

#[test]
fn data_are_listed_found_and_checked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let listed = stdout(&backdraft(&["data", "list", "--data-dir", path]));
    assert!(listed.contains("fashion-mnist") && listed.contains("missing"), "{listed}");
    assert!(stdout(&backdraft(&["data", "check", "digits"])).contains("1437 images of 1 × 8 × 8"));
    refused(&backdraft(&["data", "check", "fasion-mnist"]), &["did you mean `fashion-mnist`"]);
    let missing = ["data", "path", "cifar-10", "--data-dir", path];
    refused(&backdraft(&missing), &[path, "cifar-10-binary.tar.gz"]);
    fs::write(folder.path().join("train.bin"), [0; 100]).unwrap();
    fs::write(folder.path().join("test.bin"), [0; 100]).unwrap();
    let torn = ["data", "check", "cifar-100", "--data-dir", path];
    refused(&backdraft(&torn), &["train.bin", "100 bytes"]);
}
