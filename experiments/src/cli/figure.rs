//! `backdraft figure`.

use std::path::PathBuf;

use anyhow::anyhow;
use backdraft_lab::RUNS;
use backdraft_text::{Named, unknown};
use backdraft_views::drawing::{FigureFormat, to_figure};
use clap::Args;

use super::by_name::by_name;
use super::failure::Failure;
use super::file::write_file;
use super::opened::Opened;
use super::print::say_path;
use crate::laboratory::Laboratory;

/// The arguments of `backdraft figure`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FigureArguments {
    /// The run: a path, an id or the start of one, or `latest`.
    run: String,
    /// Name of the plot; without it, the plots are listed.
    plot: Option<String>,
    /// The format [default: that of the file name, or svg].
    #[arg(long, value_parser = by_name::<FigureFormat>())]
    format: Option<FigureFormat>,
    /// The file to write [default: the plot's name in the current folder].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    runs: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  backdraft figure latest gradient-flow
  backdraft figure latest gradient-flow --out figure-1.svg
  backdraft figure latest gradient-flow --format pdf      pdf and png need a build with --features figures";

pub(super) fn figure(arguments: &FigureArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    let run = Opened::find(laboratory, &arguments.runs, &arguments.run)?;
    let pictures = run.pictures();
    let names = || pictures.iter().map(|picture| picture.name.as_str());
    let all = names().collect::<Vec<_>>().join(", ");
    let Some(plot) = &arguments.plot else {
        return Err(Failure::Input(anyhow!("name one of the plots of this run: {all}")));
    };
    let picture = pictures.iter().find(|picture| picture.name == *plot).ok_or_else(|| {
        Failure::Input(anyhow!("{} This run has: {all}", unknown("plot", plot, names())))
    })?;
    let format = format(arguments)?;
    let bytes = to_figure(picture, format).map_err(Failure::Input)?;
    let path =
        arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{plot}.{}", format.name())));
    write_file(&path, |file| file.write_all(&bytes))?;
    say_path(&path);
    Ok(())
}

/// Returns the format that `--format` or the file name asks for.
fn format(arguments: &FigureArguments) -> Result<FigureFormat, Failure> {
    let extension = arguments.out.as_ref().and_then(|path| path.extension());
    let extension = extension.map(|extension| extension.to_string_lossy().to_lowercase());
    let named = extension.as_ref().and_then(|name| FigureFormat::named(name).ok());
    match (arguments.format, named, extension) {
        (Some(format), Some(named), _) if format != named => Err(Failure::Input(anyhow!(
            "--format {} and a file that ends in .{} contradict each other",
            format.name(),
            named.name()
        ))),
        (Some(format), ..) => Ok(format),
        (None, Some(named), _) => Ok(named),
        (None, None, None) => Ok(FigureFormat::Svg),
        (None, None, Some(other)) => Err(Failure::Input(anyhow!(
            "figures are .svg, .png or .pdf, not .{other}; `--format` chooses one for any file name"
        ))),
    }
}
