//! `backdraft xray`: what batches it takes, and which loss it scores them with.

use std::fs;
use std::path::Path;
use std::process::Output;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

const FLOWERS: &str = "\
length,width,species
5.1,3.5,setosa
4.9,3.0,setosa
6.4,3.2,versicolor
5.9,3.0,virginica
";

#[test]
fn a_table_is_checked_and_its_words_are_classes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("flowers.csv");
    fs::write(&path, FLOWERS).unwrap();
    let file = path.to_str().unwrap();
    let check = stdout(&backdraft(&["data", "check", file, "--target", "species"]));
    for part in ["4 rows of 2 features: length, width", "3 classes of 1 to 2", "2 setosa"] {
        assert!(check.contains(part), "`{part}` is missing in:\n{check}");
    }
    let words = backdraft(&["data", "check", file, "--target", "width"]);
    refused(&words, &["row 1, column `species`", "`setosa` is not a finite number"]);
    let xray = |more: &[&str]| {
        let sizes = ["--set", "inputs=2", "--set", "outputs=3"];
        let fixed = ["xray", "--model", "mlp", "--batch", file];
        backdraft(&[&fixed[..], &sizes[..], more].concat())
    };
    let result: Value =
        serde_json::from_str(&stdout(&xray(&["--target", "species", "--json"]))).unwrap();
    // Three classes: the loss of a network that has learnt nothing is near ln 3.
    let loss = result["loss"].as_f64().unwrap();
    assert!((0.5..4.0).contains(&loss), "{loss}");
    refused(&xray(&[]), &["flowers.csv", "--target"]);
    refused(&xray(&["--target", "colour"]), &["no column `colour`", "length, width, species"]);
}

/// Scores a table of which the last column is to be predicted.
fn score(text: &str, target: &str, more: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, text).unwrap();
    let fixed = ["xray", "--model", "mlp", "--set", "inputs=2", "--batch", path.to_str().unwrap()];
    backdraft(&[&fixed[..], &["--target", target], more].concat())
}

#[test]
fn a_hole_in_a_column_of_numbers_is_refused_with_row_and_column() {
    let prices =
        |cell: &str| score(&format!("a,b,price\n1,2,120\n3,1,95.5\n2,2,{cell}\n"), "price", &[]);
    let whole = stdout(&prices("101"));
    let loss = whole.lines().next().unwrap();
    assert!(loss.contains("mean-squared-error") && loss.contains("not every target is"), "{loss}");
    for cell in ["", "?", "NA", "NaN", "inf", "1e999", "\"1,5\"", "1 000", "cheap"] {
        refused(&prices(cell), &["t.csv", "row 3, column `price`: `", "not a finite number"]);
    }
    let large = score("a,b,price\n1,2,120\n3,1e39,95.5\n", "price", &[]);
    refused(&large, &["t.csv", "1e39 in example 2 of `inputs`", "--precision f64"]);
    let large = score("a,b,price\n1,2,120\n3,1e39,95.5\n", "price", &["--precision", "f64"]);
    assert!(stdout(&large).starts_with("loss "));
}

#[test]
fn a_table_without_a_header_loses_no_row() {
    let rows = "1,2,120\n3,1,95.5\n";
    refused(&score(rows, "120", &[]), &["t.csv", "`1,2,120`", "`--no-header`", "`--target 3`"]);
    let headless = stdout(&score(rows, "3", &["--no-header", "--json"]));
    let named = stdout(&score(&format!("a,b,price\n{rows}"), "price", &["--json"]));
    assert_eq!(headless, named);
    refused(&score("a,a,y\n1,2,0\n", "y", &[]), &["t.csv", "has 2 columns `a`"]);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, rows).unwrap();
    let file = path.to_str().unwrap();
    let check = |more: &[&str]| backdraft(&[&["data", "check", file][..], more].concat());
    refused(&check(&["--target", "120"]), &["`--no-header`"]);
    let checked = stdout(&check(&["--target", "3", "--no-header"]));
    assert!(checked.starts_with("2 rows of 2 features"), "{checked}");
}

#[test]
fn the_loss_is_never_guessed_and_the_report_says_why_it_was_taken() {
    let column = |cells: [&str; 3]| {
        let rows = (1..).zip(cells).map(|(row, cell)| format!("{row},{row},{cell}\n"));
        format!("a,b,y\n{}", rows.collect::<String>())
    };
    let words = column(["low", "high", "middle"]);
    refused(&score(&words, "y", &[]), &["t.csv", "3 classes", "`--set outputs=3`"]);
    refused(
        &score(&words, "y", &["--loss", "mean-squared-error"]),
        &["mean-squared-error takes numbers"],
    );
    for cells in [["1", "2", "1"], ["-1", "1", "1"]] {
        refused(&score(&column(cells), "y", &[]), &["t.csv", "number them 0 and 1"]);
        let binary = score(&column(cells), "y", &["--loss", "binary-cross-entropy"]);
        refused(&binary, &["t.csv", "takes targets 0 and 1"]);
    }
    let values = score(&column(["0.3", "7", "1"]), "y", &["--loss", "binary-cross-entropy"]);
    refused(&values, &["a target of example 1 is 0.3"]);
    let explained = [
        (column(["0", "1", "1"]), "1", "binary-cross-entropy", "every target is 0 or 1"),
        (column(["cat", "dog", "dog"]), "1", "binary-cross-entropy", "`cat` as 0 and `dog` as 1"),
        (words, "3", "cross-entropy", "an output for each of 3 classes"),
        (column(["0", "2", "1"]), "3", "cross-entropy", "the index of a class"),
    ];
    for (text, outputs, loss, reason) in explained {
        let outputs = format!("outputs={outputs}");
        let report = stdout(&score(&text, "y", &["--set", &outputs]));
        let first = report.lines().next().unwrap();
        assert!(first.contains(loss) && first.contains(reason), "{first}");
        let json = stdout(&score(&text, "y", &["--set", &outputs, "--json"]));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["objective"], loss);
        assert!(json["objective_reason"].as_str().unwrap().contains(reason));
    }
    let asked = score(&column(["1", "2", "1"]), "y", &["--loss", "mean-squared-error"]);
    assert!(stdout(&asked).contains("(mean-squared-error: as requested)"));
}

/// Writes a batch as PyTorch does.
fn save(path: &Path, inputs: &[f32], targets: &[f32], shapes: [Vec<usize>; 2]) {
    let bytes = [inputs, targets]
        .map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
    let views = ["inputs", "targets"].into_iter().zip(bytes.iter().zip(shapes));
    let views = views
        .map(|(name, (bytes, shape))| (name, TensorView::new(Dtype::F32, shape, bytes).unwrap()));
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn batches_of_arrays_are_judged_like_tables() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("b.safetensors");
    let score = |targets: &[f32], each: usize, more: &[&str]| {
        save(&path, &[0.5; 4], targets, [vec![2, 2], vec![2, each]]);
        let fixed =
            ["xray", "--model", "mlp", "--set", "inputs=2", "--batch", path.to_str().unwrap()];
        backdraft(&[&fixed[..], more].concat())
    };
    refused(&score(&[1.0, 2.0], 1, &[]), &["b.safetensors", "number them 0 and 1"]);
    let one_hot = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0];
    refused(&score(&one_hot, 3, &[]), &["the index of the class", "`--set outputs=3`"]);
    refused(
        &score(&one_hot, 3, &["--set", "outputs=3"]),
        &["for values, use `--loss mean-squared-error`"],
    );
    let binary = ["--loss", "binary-cross-entropy"];
    refused(&score(&[-1.0, 1.0], 1, &binary), &["a target of example 1 is -1"]);
    refused(&score(&[f32::NAN, 1.0], 1, &[]), &["holds NaN in example 1 of `targets`"]);
    refused(&score(&[0.0, 1.0], 1, &["--target", "y"]), &["b.safetensors is no .csv"]);
    assert!(stdout(&score(&[0.0, 1.0], 1, &[])).contains("(binary-cross-entropy: one output"));
}

/// A class at each of several time steps, as the loss of the trainings takes it.
#[test]
fn a_class_at_every_time_step_is_scored() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("b.safetensors");
    let inputs: Vec<f32> = (0..24).map(|i| (i as f32).sin()).collect();
    save(&path, &inputs, &[0.0, 2.0, 1.0, 1.0, 0.0, 2.0], [vec![2, 3, 4], vec![2, 3]]);
    let network = ["xray", "--model", "mlp", "--set", "inputs=12", "--set", "outputs=9", "--json"];
    let batch = ["--batch", path.to_str().unwrap()];
    let score = |more: &[&str]| stdout(&backdraft(&[&network[..], &batch, more].concat()));
    let asked = score(&["--loss", "cross-entropy"]);
    let result: Value = serde_json::from_str(&asked).unwrap();
    // Three classes at each step: a network that has learnt nothing is near ln 3.
    assert!((0.5..4.0).contains(&result["loss"].as_f64().unwrap()), "{}", result["loss"]);
    let chosen: Value = serde_json::from_str(&score(&[])).unwrap();
    assert_eq!((&chosen["objective"], &chosen["loss"]), (&"cross-entropy".into(), &result["loss"]));
}

/// Arrays under other names, numbers of every type, and some of the examples.
#[test]
fn arrays_of_any_name_and_type_are_a_batch_and_some_examples_of_it_too() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("b.safetensors");
    let score = |more: &[&str]| {
        let fixed =
            ["xray", "--model", "mlp", "--set", "inputs=2", "--batch", path.to_str().unwrap()];
        backdraft(&[&fixed[..], more].concat())
    };
    let names = ["--inputs", "x_train", "--targets", "y_train"];
    let loss = |more: &[&str]| -> f64 {
        let answer = stdout(&score(&[&names[..], more, &["--json"]].concat()));
        serde_json::from_str::<Value>(&answer).unwrap()["loss"].as_f64().unwrap()
    };
    let mut losses = Vec::new();
    // 1, 2, 0, 3 and the targets 0, 1.
    for (dtype, inputs, targets) in [
        (Dtype::U8, vec![1, 2, 0, 3], vec![0, 1]),
        (Dtype::I8, vec![1, 2, 0, 3], vec![0, 1]),
        (Dtype::I16, vec![1, 0, 2, 0, 0, 0, 3, 0], vec![0, 0, 1, 0]),
        (Dtype::U16, vec![1, 0, 2, 0, 0, 0, 3, 0], vec![0, 0, 1, 0]),
        (Dtype::F16, vec![0, 0x3c, 0, 0x40, 0, 0, 0, 0x42], vec![0, 0, 0, 0x3c]),
        (Dtype::BF16, vec![0x80, 0x3f, 0, 0x40, 0, 0, 0x40, 0x40], vec![0, 0, 0x80, 0x3f]),
        (
            Dtype::U32,
            [1u32, 2, 0, 3].map(u32::to_le_bytes).concat(),
            [0u32, 1].map(u32::to_le_bytes).concat(),
        ),
    ] {
        let inputs = TensorView::new(dtype, vec![2, 2], &inputs).unwrap();
        let targets = TensorView::new(dtype, vec![2], &targets).unwrap();
        let views = [("x_train", inputs), ("y_train", targets)];
        fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
        losses.push(loss(&[]));
    }
    assert!(losses.iter().all(|loss| *loss == losses[0]), "{losses:?}");
    let (first, second) = (loss(&["--examples", "0..1"]), loss(&["--examples", "1..2"]));
    assert!((f64::midpoint(first, second) - losses[0]).abs() < 1e-6);
    refused(&score(&[]), &["has no tensor `inputs`; it holds", "x_train"]);
    let beyond = score(&[&names[..], &["--examples", "1..3"]].concat());
    refused(&beyond, &["b.safetensors holds 2 examples, of which 1..3 cannot be taken"]);
}

#[test]
fn tables_with_semicolons_or_tabs_are_those_with_commas() {
    let folder = TempDir::new().unwrap();
    let loss = |name: &str, delimiter: &str| -> f64 {
        let path = folder.path().join(name);
        fs::write(&path, "a,b,y\n1,2,0\n3,4,1\n5,6,0\n".replace(',', delimiter)).unwrap();
        let path = path.to_str().unwrap();
        let table = ["--batch", path, "--target", "y", "--json"];
        let network = ["xray", "--model", "mlp", "--set", "inputs=2"];
        let answer = stdout(&backdraft(&[&network[..], &table].concat()));
        serde_json::from_str::<Value>(&answer).unwrap()["loss"].as_f64().unwrap()
    };
    let expected = loss("a.csv", ",");
    assert_eq!([loss("b.csv", ";"), loss("c.tsv", "\t")], [expected; 2]);
}
