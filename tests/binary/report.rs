//! Reports, seen from outside.

use std::fs;

use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

/// Runs the quickest experiment; returns the run's folder.
fn run(out: &TempDir) -> String {
    let out = out.path().to_str().unwrap();
    let arguments = ["run", "born-dead-relu", "--out", out, "--quiet", "--set", "seeds=40"];
    stdout(&backdraft(&arguments)).trim().to_owned()
}

#[test]
fn a_run_leaves_a_report_and_report_writes_it_again() {
    let out = TempDir::new().unwrap();
    let folder = run(&out);
    let path = format!("{folder}/report.html");
    let first = fs::read_to_string(&path).unwrap();
    assert!(first.starts_with("<!DOCTYPE html>") && first.contains("Verdicts"));
    fs::remove_file(&path).unwrap();
    let out = out.path().to_str().unwrap();
    let printed = stdout(&backdraft(&["report", "latest", &folder, "--out", out]));
    assert_eq!(printed.lines().collect::<Vec<_>>(), [path.as_str(), path.as_str()]);
    assert_eq!(fs::read_to_string(&path).unwrap(), first);
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let out = TempDir::new().unwrap();
    let path = out.path().to_str().unwrap();
    refused(&backdraft(&["report", "latest", "--out", path]), &["no run `latest`", "list --runs"]);
    let folder = run(&out);
    let manifest = format!("{folder}/run.json");
    let json = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, json.replace("born-dead-relu", "bygone")).unwrap();
    refused(&backdraft(&["report", &folder]), &["no experiment `bygone`"]);
    fs::write(&manifest, &json[..json.len() / 2]).unwrap();
    refused(&backdraft(&["report", &folder]), &["run.json", "line"]);
}

#[test]
fn figures_are_written_in_the_format_of_their_name() {
    let out = TempDir::new().unwrap();
    let folder = run(&out);
    let file = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let figure = |more: &[&str]| backdraft(&[&["figure", &folder][..], more].concat());
    let (svg, png) = (file("a.svg"), file("a.PNG"));
    assert_eq!(stdout(&figure(&["dead-by-layer", "--out", &svg])).trim(), svg);
    assert!(fs::read_to_string(&svg).unwrap().contains("font/woff2"));

    refused(&figure(&[]), &["name one of the plots", "dead-by-layer"]);
    refused(
        &figure(&["dead-by-layers"]),
        &["no plot `dead-by-layers`", "did you mean `dead-by-layer`"],
    );
    refused(
        &figure(&["dead-by-layer", "--out", &file("a.gif")]),
        &[".svg, .png or .pdf, not .gif"],
    );
    refused(&figure(&["dead-by-layer", "--out", &png, "--format", "svg"]), &["contradict"]);
    refused(&figure(&["dead-by-layer", "--out", "/proc/a.svg"]), &["cannot write `/proc/a.svg`"]);
    if cfg!(feature = "figures") {
        stdout(&figure(&["dead-by-layer", "--out", &png]));
        assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    } else {
        refused(&figure(&["dead-by-layer", "--out", &png]), &["--features figures"]);
    }
}

#[test]
#[cfg(feature = "figures")]
fn what_is_made_for_print_has_its_pixels_and_its_fonts() {
    let out = TempDir::new().unwrap();
    let folder = run(&out);
    let figure = |name: &str| {
        let path = out.path().join(name);
        stdout(&backdraft(&["figure", &folder, "dead-by-layer", "--out", path.to_str().unwrap()]));
        (fs::read(&path).unwrap(), path)
    };
    let (png, _) = figure("a.png");
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let [width, height] =
        [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
    // 300 dots per inch on a page of 17 cm.
    assert!(width >= 2_000 && (width / 2..width).contains(&height), "{width} × {height}");
    assert!(png.len() > 20_000, "an empty picture is smaller: {}", png.len());

    let (pdf, path) = figure("a.pdf");
    assert!(pdf.starts_with(b"%PDF-"));
    let has = |part: &[u8]| pdf.windows(part.len()).any(|window| window == part);
    assert!(has(b"DejaVuSans") && has(b"/FontFile"));
    match std::process::Command::new("pdffonts").arg(&path).output() {
        Ok(read) => {
            let table = stdout(&read);
            let fonts: Vec<&str> = table.lines().skip(2).collect();
            // Columns: emb, sub, uni.
            assert!(
                !fonts.is_empty() && fonts.iter().all(|f| f.contains(" yes yes yes ")),
                "{table}"
            );
        }
        Err(_) => println!("without pdffonts (poppler-utils), only the file's own words were read"),
    }
}

#[test]
fn runs_of_one_experiment_are_compared() {
    let out = TempDir::new().unwrap();
    let path = out.path().to_str().unwrap();
    let small = ["run", "pre-norm-vs-post-norm", "--out", path, "--quiet", "--set", "depth=4"];
    let run = |more: &[&str]| stdout(&backdraft(&[&small[..], more].concat())).trim().to_owned();
    let (a, b) = (run(&["--seeds", "3"]), run(&["--seeds", "3", "--set", "width=16"]));
    let page = out.path().join("page.html");
    let printed = stdout(&backdraft(&["compare", &a, &b, "--html", page.to_str().unwrap()]));
    for part in ["width", "Verdicts:", "before training, first over last", "3 pairs", "B / A"] {
        assert!(printed.contains(part), "`{part}` is missing in:\n{printed}");
    }
    assert!(fs::read_to_string(&page).unwrap().contains("Comparison of 2 runs"));
    let json = stdout(&backdraft(&["compare", &a, &b, "--json"]));
    let comparison: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(comparison["settings"][0][0], "width");

    let other = self::run(&out);
    refused(&backdraft(&["compare", &a, &other]), &["born-dead-relu", "one experiment"]);
    refused(&backdraft(&["compare", &a, "nonesuch"]), &["no run `nonesuch`"]);
}

#[test]
fn measurements_are_exported_and_mistakes_refused() {
    let out = TempDir::new().unwrap();
    let folder = run(&out);
    let file = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let export = |format: &str, path: &str| {
        backdraft(&["export", &folder, "--format", format, "--out", path])
    };
    let (csv, jsonl) = (file("new/m.csv"), file("m.jsonl"));
    stdout(&export("csv", &csv));
    let csv = fs::read_to_string(csv).unwrap();
    assert!(csv.starts_with("schema,experiment,run,seed,ending,factor."), "{csv:.100}");
    stdout(&export("jsonl", &jsonl));
    assert_eq!(fs::read_to_string(jsonl).unwrap().lines().count() + 1, csv.lines().count());
    stdout(&export("tensorboard", &file("events")));
    assert!(fs::read_dir(file("events")).unwrap().count() > 1);

    refused(&export("tensorboard", &file("events")), &["is not empty"]);
    refused(&export("csv", "/proc/m.csv"), &["cannot write `/proc/m.csv`"]);
    refused(&backdraft(&["export", "x", "--format", "csv", "--out", "y"]), &["no run `x`"]);
    if !cfg!(feature = "parquet") {
        refused(&export("parquet", &file("m.parquet")), &["--features parquet"]);
    }
}
