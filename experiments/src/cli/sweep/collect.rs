//! `backdraft sweep collect`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use backdraft_lab::{Collection, collect};
use backdraft_record::RunFolder;
use backdraft_rows::QuantityName;

use crate::cli::failure::Failure;
use crate::cli::file::write_file;
use crate::cli::print::{note, number, say};

/// Prints one line per run and variant, and writes one line per trial.
pub(super) fn table(folders: &[PathBuf], csv: Option<&Path>) -> Result<(), Failure> {
    let runs: Vec<RunFolder> = folders.iter().flat_map(|folder| RunFolder::list(folder)).collect();
    if runs.is_empty() {
        let names = folders.iter().map(|folder| format!("`{}`", folder.display()));
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(Failure::Input(anyhow!("there are no runs in {names}")));
    }
    let collection = collect(&runs).map_err(Failure::input)?;
    collection.warnings.iter().for_each(note);
    let table = collection.table();
    if let Some(path) = csv {
        write_file(path, |file| {
            let mut writer = csv::Writer::from_writer(file);
            table.iter().try_for_each(|line| writer.write_record(line))?;
            writer.flush()
        })?;
    }
    print_means(&table);
    say(format!("{} trials of {} runs", table.len() - 1, collection.runs.len()));
    if collection.unreadable > 0 {
        let Collection { unreadable, runs, .. } = &collection;
        let all = unreadable + runs.len();
        return Err(Failure::Run(anyhow!("{unreadable} of {all} records cannot be read")));
    }
    Ok(())
}

/// The means over seeds of what a training ends with, one line for each variant.
fn print_means(table: &[Vec<String>]) {
    const SHOWN: [QuantityName; 4] = [
        QuantityName::TEST_LOSS,
        QuantityName::TEST_ACCURACY,
        QuantityName::TRAIN_LOSS,
        QuantityName::TRAIN_ACCURACY,
    ];
    let Some((header, lines)) = table.split_first() else { return };
    let column = |name: &str| header.iter().position(|other| other == name);
    let (Some(seed), Some(ending)) = (column("seed"), column("ending")) else { return };
    let shown: Vec<(QuantityName, usize)> =
        SHOWN.into_iter().filter_map(|name| column(name.as_str()).map(|at| (name, at))).collect();
    // What all lines have in common is said once.
    let is_common = |at: usize| lines.iter().all(|line| line[at] == lines[0][at]);
    let (common, differing): (Vec<usize>, Vec<usize>) = (2..seed).partition(|at| is_common(*at));
    let words = |columns: &[usize], line: &[String]| {
        let given = columns.iter().filter(|at| !line[**at].is_empty());
        // A factor is called as in the plots; the table tells it from a setting.
        let name = |at: usize| header[at].strip_prefix("trial.").unwrap_or(&header[at]);
        given.map(|at| format!("{} = {}", name(*at), line[*at])).collect::<Vec<_>>().join(", ")
    };
    for group in lines.chunk_by(|a, b| a[..seed] == b[..seed]) {
        let label = words(&differing, &group[0]);
        let mean = |at: usize| {
            let values: Vec<f64> = group.iter().filter_map(|line| line[at].parse().ok()).collect();
            let is_there = !values.is_empty();
            is_there.then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let means = shown.iter().filter_map(|(name, at)| Some((name, mean(*at)?)));
        let means = means.map(|(name, mean)| format!("{name} {}", number(mean)));
        let others = group.iter().filter(|line| line[ending] != "finished").count();
        let others = if others > 0 { format!(", {others} not finished") } else { String::new() };
        say(format!(
            "{}  {}: {} ({} seeds{others})",
            group[0][1],
            if label.is_empty() { "all" } else { &label },
            means.collect::<Vec<_>>().join(", "),
            group.len()
        ));
    }
    if let Some(first) = lines.first().filter(|_| !common.is_empty()) {
        note(format!("the same in all: {}", words(&common, first)));
    }
}
