//! Tables that are right, and tables in which something would have to be guessed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use backdraft_datasets::{DatasetError, Header, Table, Targets};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn refused<T>(result: Result<T, DatasetError>, expected: &str) {
    let error = result.map(|_| "accepted").unwrap_err().to_string();
    assert!(error.contains(expected) && error.lines().count() == 1, "`{expected}`: {error}");
}

const TABLE: &str = "a, b ,class\n1,-2.5,dog\n3e2,0, cat\n4,5,dog\n";

#[test]
fn tables_are_read_with_numbers_or_words_to_predict() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "animals.csv", TABLE.as_bytes());
    let table = Table::read_csv(&path, "class", Header::Present).unwrap();
    assert_eq!(table.features, ["a", "b"]);
    assert_eq!(table.inputs, [1.0, -2.5, 300.0, 0.0, 4.0, 5.0]);
    let Targets::Classes { names, indices } = &table.targets else { panic!("words are classes") };
    assert_eq!((names.join(" "), indices.as_slice()), ("cat dog".to_owned(), &[1, 0, 1][..]));
    let path = write(folder.path(), "numbers.csv.gz", &gzip(b"x,y\n1,2\n3,4\n"));
    let table = Table::read_csv(&path, "x", Header::Present).unwrap();
    assert_eq!((table.inputs, table.targets), (vec![2.0, 4.0], Targets::Values(vec![1.0, 3.0])));
}

#[test]
fn hostile_tables_are_refused_with_row_and_column() {
    let folder = TempDir::new().unwrap();
    let read =
        |text: &[u8]| Table::read_csv(&write(folder.path(), "t.csv", text), "y", Header::Present);
    refused(read(b""), "no column `y`");
    refused(read(b"x,z\n1,2\n"), "its columns are x, z");
    refused(read(b"y,y,x\n1,2,3\n"), "2 columns `y`");
    refused(read(b"y,x,z, x \n1,2,3,4\n"), "2 columns `x`, the first of them column 2");
    refused(read(b"y\n1\n"), "nothing to predict it from");
    refused(read(b"x,y\n"), "no rows");
    refused(read(b"x,y\n1,2\n1\n"), "line 3 has 1 values for 2 columns");
    refused(read(b"x,y\n1,2\nNaN,2\n"), "row 2, column `x`: `NaN` is not a finite number");
    refused(read(b"x,y\n\xff,2\n"), "not UTF-8");
    refused(Table::read_csv(folder.path(), "y", Header::Present), "is a directory");
}

#[test]
fn a_hole_or_a_word_among_numbers_is_refused_with_row_and_column_whatever_it_looks_like() {
    let folder = TempDir::new().unwrap();
    let read = |cell: &str| {
        let text = format!("a,b,price\n1,2,120\n3,1,95.5\n2,2,{cell}\n");
        Table::read_csv(&write(folder.path(), "t.csv", text.as_bytes()), "price", Header::Present)
    };
    assert_eq!(read("101").unwrap().targets, Targets::Values(vec![120.0, 95.5, 101.0]));
    assert_eq!(read(" 101 ").unwrap().targets, Targets::Values(vec![120.0, 95.5, 101.0]));
    let bad = [
        "",
        "\"\"",
        "  ",
        "?",
        "NA",
        "NaN",
        "null",
        "inf",
        "-inf",
        "1e999",
        "\"1,5\"",
        "\"1,000\"",
        "1 000",
        "1_000",
        "$5",
        "12%",
        "dear",
        "2nd",
        "0x10",
    ];
    for cell in bad {
        refused(read(cell), "row 3, column `price`: `");
        refused(read(cell), "is not a finite number");
    }
    refused(read("dear"), "but row 1 holds `120`");
    refused(read("NA"), "but a missing value: fill it in");
    refused(read("\"1,5\""), "use a decimal point");
}

#[test]
fn a_column_is_words_only_if_none_of_its_cells_is_meant_as_a_number() {
    let folder = TempDir::new().unwrap();
    let read = |cells: [&str; 3]| {
        let [a, b, c] = cells;
        let text = format!("x,y\n1,{a}\n2,{b}\n3,{c}\n");
        Table::read_csv(&write(folder.path(), "t.csv", text.as_bytes()), "y", Header::Present)
    };
    let classes = |cells| match read(cells).unwrap().targets {
        Targets::Classes { names, .. } => names.join(" "),
        Targets::Values(values) => panic!("{values:?}"),
    };
    assert_eq!(classes(["low", "high", "low"]), "high low");
    assert_eq!(classes(["18-25", "2nd", "a 1"]), "18-25 2nd a 1");
    refused(
        read(["low", "2", "high"]),
        "row 1, column `y`: `low` is not a finite number, but row 2",
    );
    refused(read(["\"1,5\"", "\"2,5\"", "\"3,0\""]), "row 1, column `y`: `1,5`");
    refused(read(["1e999", "inf", "inf"]), "row 1");
    refused(read(["dog", "", "cat"]), "row 2, column `y`: `` is a missing value");
    refused(read(["dog", "NaN", "cat"]), "row 2, column `y`: `NaN` is a missing value");
    refused(read(["?", "?", "?"]), "row 1, column `y`: `?` is a missing value");
    refused(read(["dog", "\"cat", "cow"]), "row 2, column `y`: `cat 3,cow` contains a line break");
}

#[test]
fn no_row_is_taken_for_a_header() {
    let folder = TempDir::new().unwrap();
    let read = |text: &str, target: &str, header| {
        Table::read_csv(&write(folder.path(), "t.csv", text.as_bytes()), target, header)
    };
    let numbers = "1,2,120\n3,1,95.5\n";
    let words = "5.1,3.5,setosa\n6.4,3.2,versicolor\n";
    for (text, target) in [(numbers, "120"), (numbers, "2"), (numbers, "price"), (words, "setosa")]
    {
        refused(read(text, target, Header::Present), "use `--no-header`");
    }
    refused(read("5.1,?,setosa\n1,2,a\n", "setosa", Header::Present), "use `--no-header`");
    refused(read(words, "species", Header::Present), "if that line is a row, use `--no-header`");
    let table = read(numbers, "3", Header::Absent).unwrap();
    assert_eq!(table.features, ["1", "2"]);
    assert_eq!((table.len(), table.inputs), (2, vec![1.0, 2.0, 3.0, 1.0]));
    assert_eq!(read(words, "3", Header::Absent).unwrap().targets.to_values(), [0.0, 1.0]);
    refused(read(numbers, "price", Header::Absent), "columns are numbered from 1 to 3");
    refused(read("", "1", Header::Absent), "is empty");
    // Names of years beside names in letters are names.
    assert_eq!(read("a,2019,y\n1,2,3\n", "y", Header::Present).unwrap().len(), 1);
    // A table with a header that is said to have none.
    refused(
        read("a,b\n1,2\n", "2", Header::Absent),
        "row 1, column `1`: `a` is not a finite number",
    );
}
