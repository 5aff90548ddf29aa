//! Training on one's own file, without a line of Rust.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{refused, stdout};

fn inside(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

/// A number in ±1 that looks random.
fn noise(index: usize) -> f64 {
    ((index as f64 + 1.0) * 12.9898).sin() * 43_758.545_3 % 1.0
}

/// 150 rows of four features: three kinds that overlap a little, sorted, with a name for each row.
fn flowers() -> String {
    let line = |row: usize| {
        let kind = row / 50;
        let feature = |column: usize| {
            let centre = [5.0, 3.0, 1.5, 0.3][column] + kind as f64 * [0.8, -0.2, 2.0, 0.9][column];
            format!("{:.2}", centre + 0.4 * noise(4 * row + column))
        };
        let features: Vec<String> = (0..4).map(feature).collect();
        let name = ["setosa", "versicolor", "virginica"][kind];
        format!("plant {row},{},{name}\n", features.join(","))
    };
    let lines: String = (0..150).map(line).collect();
    format!("name,sepal length,sepal width,petal length,petal width,species\n{lines}")
}

/// The settings of a short run.
const SHORT: [&str; 6] = ["run", "training", "--set", "steps=300", "--set", "network.depth=2"];

#[test]
fn a_table_of_classes_is_trained_reported_and_x_rayed() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    fs::write(folder.join("flowers.csv"), flowers()).unwrap();
    let table = [
        "--set",
        "data=flowers.csv",
        "--set",
        "target=species",
        "--set",
        "table.leave_out=['name']",
    ];
    let arguments = [&SHORT[..], &table, &["--set", "rate=0.01", "--verbose"]].concat();
    let told = stdout(&inside(folder, &arguments));
    for part in ["supported", "The network learns", "test accuracy"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(stdout(&inside(folder, &["report", "latest"])).contains("report.html"));
    // The command that it prints finds the same record again.
    let shown = stdout(&inside(folder, &["show", "latest"]));
    assert!(shown.contains("data=\"flowers.csv#"), "{shown}");
    let again = stdout(&inside(folder, &arguments));
    assert!(again.contains("supported"), "{again}");
    let runs = || fs::read_dir(folder.join("runs/training")).unwrap().count();
    assert_eq!(runs(), 1);
    // Another content is another run, and the recorded one is not mistaken for it.
    let recorded = shown.lines().find_map(|line| line.split("data=\"").nth(1)).unwrap();
    let recorded = format!("data={}", recorded.split('"').next().unwrap());
    fs::write(folder.join("flowers.csv"), flowers().replace("plant 7,", "plant seven,")).unwrap();
    stdout(&inside(folder, &arguments));
    assert_eq!(runs(), 2);
    let changed =
        [&SHORT[..], &["--fresh"], &["--set", &recorded], &table[2..], &["--set", "rate=0.01"]]
            .concat();
    refused(&inside(folder, &changed), &["`flowers.csv` has changed"]);
    let named = flowers();
    let nameless = named.lines().map(|line| line.split_once(',').unwrap().1.to_owned() + "\n");
    fs::write(folder.join("nameless.csv"), nameless.collect::<String>()).unwrap();
    let xray = ["xray", "--model", "mlp", "--set", "inputs=4", "--set", "outputs=3"];
    let batch = ["--batch", "nameless.csv", "--target", "species"];
    let told = stdout(&inside(folder, &[&xray[..], &batch].concat()));
    assert!(told.contains("an output for each of 3 classes"), "{told}");
}

#[test]
fn a_table_of_numbers_without_a_header_is_learned_up_to_its_noise() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let line = |row: usize| {
        let (a, b) = (noise(2 * row), noise(2 * row + 1));
        format!("{:.3};{:.3};{:.1}\n", a, 1e6 * b, 250_000.0 + 1e5 * a - 5e4 * b)
    };
    fs::write(folder.join("prices.csv"), (0..300).map(line).collect::<String>()).unwrap();
    let table = ["data=prices.csv", "table.delimiter=;", "table.header=false", "target=3"];
    let table: Vec<&str> = table.iter().flat_map(|set| ["--set", set]).collect();
    let told = stdout(&inside(folder, &[&SHORT[..], &table, &["--verbose"]].concat()));
    for part in ["supported", "The network learns", "test mean squared error"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn what_a_table_cannot_be_is_one_line_with_a_remedy_and_leaves_no_record() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    fs::write(folder.join("flowers.csv"), flowers()).unwrap();
    fs::write(folder.join("numbers.csv"), "a,b\n1.5,0\n2.5,1\n3.5,1\n4.5,0\n5.5,1\n").unwrap();
    let refuses = |sets: &[&str], expected: &[&str]| {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        refused(&inside(folder, &[&SHORT[..], &sets].concat()), expected);
    };
    refuses(&["data=no.csv", "target=x"], &["`no.csv` cannot be read"]);
    refuses(&["data=flowers.csv"], &["`target = 0.95`", "`--set target=price`"]);
    refuses(&["data=flowers.csv", "target=specis"], &["no column `specis`", "species"]);
    refuses(&["data=flowers.csv", "target=species"], &["column `name`", "`plant 0`"]);
    refuses(&["data=numbers.csv", "target=b"], &["table.predict=classes"]);
    refuses(&["target=species"], &["`target = species`", "`digits` is no table"]);
    refuses(&["table.header=false"], &["`digits` is no file"]);
    refuses(&["data=flowers.csv", "table.heder=false"], &["heder"]);
    let one = ["data=flowers.csv", "target=species", "table.test_one_in=1"];
    refuses(&one, &["`table.test_one_in = 1`"]);
    assert!(!folder.join("runs").exists());
}
