//! `backdraft data`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use backdraft_datasets::{Header, ImageSet, Images, Places, Table, Targets};
use backdraft_text::unknown;
use clap::{Args, Subcommand};

use super::failure::Failure;
use super::print::{say, say_path};

#[derive(Debug, Args)]
pub(super) struct DataArguments {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    /// List the image sets: where they are, and how to get missing ones.
    List {
        /// Folder of data sets [default: $BACKDRAFT_DATA, ~/.cache/backdraft/data, the system's].
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Print the folder that holds a set.
    Path {
        /// Name of the set.
        name: String,
        /// Folder of data sets.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Download a set, or resume its download. Needs a build with `--features fetch`.
    Fetch {
        /// Name of the set.
        name: String,
        /// Address of a folder that mirrors the set's files [default: where it is published].
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// Folder of data sets to download into [default: $BACKDRAFT_DATA or ~/.cache/backdraft/data].
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Read a set or your own .csv and show its sizes and the balance of its classes.
    Check {
        /// Name of the set, or path of a .csv file.
        name: String,
        /// The column of a .csv that is to be predicted.
        #[arg(long, value_name = "COLUMN")]
        target: Option<String>,
        /// The .csv has no line of column names: columns go by their numbers, from 1.
        #[arg(long, requires = "target")]
        no_header: bool,
        /// Folder of data sets.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

/// Converts `--no-header`.
pub(super) fn header(is_absent: bool) -> Header {
    if is_absent { Header::Absent } else { Header::Present }
}

pub(super) fn data(arguments: &DataArguments) -> Result<(), Failure> {
    match &arguments.command {
        DataCommand::List { data_dir } => {
            let places = Places::new(data_dir.as_deref());
            for set in ImageSet::ALL {
                let state = match set.find(&places) {
                    Ok(Some(folder)) => folder.display().to_string(),
                    Ok(None) => "embedded".to_owned(),
                    Err(_) => format!("missing: {}", set.remedy()),
                };
                say(format!("{:14} {state}", set.name()));
            }
        }
        DataCommand::Path { name, data_dir } => {
            let set = image_set(name)?;
            match set.find(&Places::new(data_dir.as_deref())).map_err(Failure::input)? {
                Some(folder) => say_path(&folder),
                None => {
                    let error = anyhow!("the data set `{name}` is embedded and has no folder");
                    return Err(Failure::Input(error));
                }
            }
        }
        DataCommand::Fetch { name, from, data_dir } => {
            let places = Places::new(data_dir.as_deref());
            fetch(image_set(name)?, from.as_deref(), places.first())?;
        }
        DataCommand::Check { name, target, no_header, .. } if name.ends_with(".csv") => {
            let target = target.as_deref().ok_or_else(|| {
                let hint = "name the column to predict, as in `--target label`";
                Failure::Input(anyhow!("{name} is a table: {hint}"))
            })?;
            let table = Table::read_csv(Path::new(name), target, header(*no_header));
            let table = table.map_err(Failure::input)?;
            show_table(&table, target);
        }
        DataCommand::Check { name, target: Some(_), .. } => {
            let error = anyhow!("`{name}` is not a .csv: `--target` names a column of a table");
            return Err(Failure::Input(error));
        }
        DataCommand::Check { name, data_dir, .. } => {
            let splits =
                image_set(name)?.load(&Places::new(data_dir.as_deref())).map_err(Failure::input)?;
            show("training", &splits.train);
            show("test", &splits.test);
        }
    }
    Ok(())
}

#[cfg(feature = "fetch")]
fn fetch(set: ImageSet, from: Option<&str>, place: &Path) -> Result<(), Failure> {
    let folder = place.join(set.name());
    let bar = crate::progress::bytes();
    let mut show = |progress: backdraft_datasets::Progress<'_>| {
        bar.set_length(progress.total.unwrap_or(progress.done));
        bar.set_position(progress.done);
        bar.set_message(progress.url.rsplit('/').next().unwrap_or_default().to_owned());
    };
    set.fetch(&folder, from, &mut show).map_err(Failure::input)?;
    bar.finish_and_clear();
    say_path(&folder);
    Ok(())
}

#[cfg(not(feature = "fetch"))]
fn fetch(set: ImageSet, _: Option<&str>, _: &Path) -> Result<(), Failure> {
    let name = set.name();
    Err(Failure::Input(anyhow!(
        "this build cannot download: use `cargo run --release --features fetch -- data fetch {name}`; \
         or {}",
        set.remedy()
    )))
}

/// Finds a set by its name, or suggests the nearest one.
fn image_set(name: &str) -> Result<ImageSet, Failure> {
    let found = ImageSet::ALL.iter().copied().find(|set| set.name() == name);
    found.ok_or_else(|| {
        let names = ImageSet::ALL.iter().map(|set| set.name());
        Failure::Input(anyhow!(unknown("data set", name, names)))
    })
}

fn show(split: &str, images: &Images) {
    let [channels, height, width] = images.shape;
    say(format!("{split}: {} images of {channels} × {height} × {width}", images.len()));
    let balance = images.balance();
    show_balance(&balance);
    if balance.len() <= FEW_CLASSES {
        let counts: Vec<String> = balance.iter().map(usize::to_string).collect();
        say(format!("  {}", counts.join(" ")));
    }
}

/// Most classes that are shown one by one.
const FEW_CLASSES: usize = 10;

fn show_balance(balance: &[usize]) {
    let (least, most) = (balance.iter().min(), balance.iter().max());
    let (least, most) = (least.copied().unwrap_or(0), most.copied().unwrap_or(0));
    say(format!("  {} classes of {least} to {most} each", balance.len()));
}

fn show_table(table: &Table, target: &str) {
    say(format!("{} rows of {} features: {}", table.len(), table.features.len(), {
        table.features.join(", ")
    }));
    match &table.targets {
        Targets::Values(values) => {
            let (least, most) = values
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
            say(format!("`{target}` holds numbers from {least} to {most}"));
        }
        Targets::Classes { names, indices } => {
            let mut balance = vec![0; names.len()];
            indices.iter().for_each(|index| balance[*index] += 1);
            say(format!("`{target}` holds words:"));
            show_balance(&balance);
            for (name, count) in names.iter().zip(balance).take(FEW_CLASSES) {
                say(format!("  {count:6} {name}"));
            }
        }
    }
}
