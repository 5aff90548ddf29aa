//! Files as people have them.

use std::fs;

use burn::tensor::Device;
use tempfile::TempDir;

use super::*;

/// Thirty flowers of three kinds, sorted, with a number and a name for each.
fn flowers() -> String {
    let kind = |row: usize| ["setosa", "versicolor", "virginica"][row / 10];
    let line =
        |row: usize| format!("{row},flower {row},{}.5,{},{}\n", row % 7, row * row, kind(row));
    let lines: String = (0..30).map(line).collect();
    format!("id,name,length,width,species\n{lines}")
}

fn file(folder: &TempDir, name: &str, text: &str) -> DataFile {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    DataFile::try_from(path.to_str().unwrap().to_owned()).unwrap()
}

fn leaving_out(columns: &[&str]) -> FileOptions {
    let leave_out = columns.iter().map(|column| (*column).to_owned()).collect();
    FileOptions { leave_out, ..FileOptions::default() }
}

#[test]
fn words_are_classes_of_which_both_splits_have_the_same_share_and_inputs_are_standardised() {
    let folder = TempDir::new().unwrap();
    let flowers = file(&folder, "flowers.csv", &flowers());
    let options = leaving_out(&["id", "name"]);
    let loaded = flowers.load(Some("species"), &options, 1_000).unwrap();
    let Assignment { data, shape } = loaded.assignment;
    assert_eq!((shape.example_shape, shape.outputs), (vec![2], 3));
    assert!(!loaded.predicts_values);
    assert!((loaded.trivial_loss - 3f64.ln()).abs() < 1e-12, "{}", loaded.trivial_loss);
    let data = data.of(7).unwrap();
    let [train, test] = data.on_device(&Device::flex(), 0);
    let values =
        |tensor: burn::tensor::Tensor<2>| tensor.into_data().iter::<f64>().collect::<Vec<_>>();
    let count =
        |targets: &[f64], class: f64| targets.iter().filter(|other| **other == class).count();
    let [trained, tested] = [&train, &test].map(|part| values(part.targets.clone()));
    for class in [0.0, 1.0, 2.0] {
        assert_eq!((count(&trained, class), count(&tested, class)), (8, 2));
    }
    let inputs = values(train.inputs.clone());
    for column in 0..2 {
        let column: Vec<f64> = inputs.iter().skip(column).step_by(2).copied().collect();
        let mean = column.iter().sum::<f64>() / 24.0;
        let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 24.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}");
    }
    let few = flowers.load(Some("species"), &options, 6).unwrap().assignment.data.of(0).unwrap();
    let [few, _] = few.on_device(&Device::flex(), 0);
    let few = values(few.targets);
    assert!([0.0, 1.0, 2.0].iter().all(|class| count(&few, *class) == 2), "{few:?}");
}

#[test]
fn numbers_are_predicted_on_their_own_scale_made_one() {
    let folder = TempDir::new().unwrap();
    let rows: String =
        (0..50).map(|row| format!("{};{}\n", row, 250_000.5 + 1e4 * row as f64)).collect();
    let prices = file(&folder, "prices.csv", &rows);
    let options = FileOptions { header: false, delimiter: ';', ..FileOptions::default() };
    let loaded = prices.load(Some("2"), &options, 1_000).unwrap();
    assert!(loaded.predicts_values);
    assert_eq!(loaded.assignment.shape.outputs, 1);
    assert!((0.3..3.0).contains(&loaded.trivial_loss), "{}", loaded.trivial_loss);
    let options = FileOptions { standardise: false, ..options };
    let plain = prices.load(Some("2"), &options, 1_000).unwrap();
    assert!(plain.trivial_loss > 1e9, "{}", plain.trivial_loss);
}

#[test]
fn what_may_be_classes_or_values_must_be_told() {
    let folder = TempDir::new().unwrap();
    let text: String = (0..40).map(|row| format!("{row}.5,{}\n", row % 2)).collect();
    let cancer = file(&folder, "cancer.csv", &format!("size,target\n{text}"));
    let load = |predict| {
        let options = FileOptions { predict, ..FileOptions::default() };
        cancer.load(Some("target"), &options, 1_000)
    };
    let error = load(None).err().unwrap().to_string();
    assert!(error.contains("`--set table.predict=classes`"), "{error}");
    let classes = load(Some(Predict::Classes)).unwrap();
    assert!((classes.trivial_loss - 2f64.ln()).abs() < 1e-12);
    assert_eq!(classes.assignment.shape.outputs, 2);
    assert!(load(Some(Predict::Values)).unwrap().predicts_values);
}

#[test]
fn what_cannot_be_used_is_refused_with_the_file_and_the_remedy() {
    let folder = TempDir::new().unwrap();
    let flowers = file(&folder, "flowers.csv", &flowers());
    let refused = |target: Option<&str>, options: &FileOptions, expected: &str| {
        let error = flowers.load(target, options, 1_000).err().unwrap().to_string();
        assert!(error.contains("flowers.csv") && error.contains(expected), "{error}");
    };
    refused(None, &leaving_out(&[]), "`--set target=price`");
    refused(Some("specis"), &leaving_out(&["name"]), "no column `specis`");
    refused(Some("species"), &leaving_out(&["nam"]), "no column `nam`");
    refused(Some("species"), &leaving_out(&["name", "species"]), "predicted and left out");
    refused(Some("species"), &leaving_out(&[]), "column `name`: `flower 0` is not a finite number");
    let semicolons = FileOptions { delimiter: ';', ..FileOptions::default() };
    refused(Some("species"), &semicolons, "no column `species`");
    let missing = DataFile::try_from("no/such.csv".to_owned()).unwrap_err();
    assert!(missing.contains("`no/such.csv` cannot be read"), "{missing}");
    fs::write(flowers.path(), "a,b\n1,2\n").unwrap();
    refused(Some("species"), &leaving_out(&["name"]), "has changed");
}

#[test]
fn a_file_is_known_by_its_content() {
    let folder = TempDir::new().unwrap();
    let first = file(&folder, "data.csv", "a,b\n1,2\n");
    let text = String::from(first.clone());
    assert_eq!(DataFile::try_from(text).unwrap(), first);
    let second = file(&folder, "data.csv", "a,b\n1,3\n");
    assert_ne!(String::from(first), String::from(second.clone()));
    assert_eq!(second.label(), "data");
    for (name, is_meant) in [("x.csv", true), ("x.npz#0123456789abcdef", true), ("digits", false)] {
        assert_eq!(DataFile::is_meant(name), is_meant, "{name}");
    }
}
