//! The arguments, and the help that goes with them.

use std::path::PathBuf;

use backdraft_datasets::Header;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::backends::BackendsArguments;
use super::check::CheckArguments;
use super::compare::CompareArguments;
use super::export::ExportArguments;
use super::figure::FigureArguments;
use super::report::ReportArguments;
use super::serve::ServeArguments;
use super::sweep::SweepArguments;
use super::theory::TheoryArguments;
use crate::backend::Precision;
use crate::experiment::Preset;
pub(super) use crate::run::RUNS;
use crate::trial_record::CheckpointEvery;
use crate::xray::Loss;

/// A laboratory for vanishing and exploding gradients.
///
/// Each experiment asks one question about gradients, trains the networks that answer it, and ends
/// with verdicts measured from data.
#[derive(Debug, Parser)]
#[command(name = "backdraft", version, after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  backdraft list                                  what there is
  backdraft describe sigmoid-vs-relu              what it asks and what can be set
  backdraft run sigmoid-vs-relu                   at most a minute
  backdraft run sigmoid-vs-relu --preset standard --seeds 20
  backdraft show latest                           the verdicts again";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the experiments, or the runs made so far.
    List(ListArguments),
    /// Explain an experiment: question, sources, claims with their rules, settings.
    Describe(DescribeArguments),
    /// Run an experiment and judge its claims.
    Run(RunArguments),
    /// Run all experiments, or some, and print their verdicts in one table.
    Verify(VerifyArguments),
    /// Show the verdicts and pictures of a finished run again.
    Show(ShowArguments),
    /// Run an experiment under many settings, on several processes and machines.
    Sweep(SweepArguments),
    /// Check that the records of runs are what was recorded, by their SHA-256.
    Check(CheckArguments),
    /// Show the runs of a folder, those that are going on included, and the playground in a browser.
    Serve(ServeArguments),
    /// Write the HTML report of runs again.
    Report(ReportArguments),
    /// Predict the gradient of every layer of a fully connected network, without drawing one.
    Theory(TheoryArguments),
    /// Put runs of one experiment side by side, with differences and their intervals.
    Compare(CompareArguments),
    /// Write one plot of a run as a file fit for a paper.
    Figure(FigureArguments),
    /// Write all measurements of a run in a format that other programs read.
    Export(ExportArguments),
    /// List the architectures and their presets, or check what each of them promises.
    Zoo(ZooArguments),
    /// Look at the gradients of one network on one batch.
    Xray(XrayArguments),
    /// List, find and check the data sets that are read from files.
    Data(DataArguments),
    /// List the back ends: which are built in, and how to get the others.
    Backends(BackendsArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// List the runs in the output folder instead.
    #[arg(long)]
    pub(super) runs: bool,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DescribeArguments {
    /// Name of the experiment.
    pub(super) name: String,
    /// The preset whose settings are shown.
    #[arg(long, default_value_t)]
    pub(super) preset: Preset,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(super) struct RunArguments {
    /// Name of the experiment.
    pub(super) name: String,
    /// How much effort: quick takes at most two minutes on two cores.
    #[arg(long, default_value_t)]
    pub(super) preset: Preset,
    /// Number of seeds; more make the intervals narrower. Same as `--set seeds=N`.
    #[arg(long, value_name = "N")]
    pub(super) seeds: Option<u64>,
    /// Back end to compute on, of those that `backdraft backends` lists [default: $BACKDRAFT_BACKEND].
    #[arg(long, value_name = "NAME")]
    pub(super) backend: Option<String>,
    /// Trials that run side by side; results do not depend on it [default: number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Folder for run records.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Change a setting; may be repeated. `backdraft describe NAME` lists them.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// TOML file with settings; `--set` has the last word.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Measure anew even if this very run is already recorded.
    #[arg(long)]
    pub(super) fresh: bool,
    #[command(flatten)]
    pub(super) checkpoints: CheckpointArguments,
    /// Watch in full screen, on a terminal of at least 100 × 24 characters: gradient by layer, loss,
    /// findings, workers. `q` goes back to progress bars, the run goes on.
    #[arg(long, short, conflicts_with_all = ["json", "quiet"])]
    pub(super) watch: bool,
    /// Print the run record as JSON instead of the report.
    #[arg(long)]
    pub(super) json: bool,
    /// No progress bars, no report: only the path of the record.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// How much a kill may cost.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct CheckpointArguments {
    /// How often a training keeps a checkpoint: seconds (`10s`), steps (`500`) or `never`. Counted in steps,
    /// the weights of the checkpoint with the lowest test loss stay.
    #[arg(long, default_value = "10s", value_name = "PERIOD")]
    pub(super) checkpoint_every: CheckpointEvery,
    /// How many of a training's latest checkpoints are kept until it ends.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) keep_checkpoints: u16,
}

#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(super) struct VerifyArguments {
    /// Names of experiments [default: all].
    pub(super) names: Vec<String>,
    /// How much effort: quick takes a few minutes on two cores.
    #[arg(long, default_value_t)]
    pub(super) preset: Preset,
    /// The first of the seeds, to try others than the usual ones.
    #[arg(long, value_name = "N")]
    pub(super) first_seed: Option<u64>,
    /// Back end to compute on, of those that `backdraft backends` lists [default: $BACKDRAFT_BACKEND].
    #[arg(long, value_name = "NAME")]
    pub(super) backend: Option<String>,
    /// Trials that run side by side; results do not depend on it [default: number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Folder for run records.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Measure anew even what is already recorded.
    #[arg(long)]
    pub(super) fresh: bool,
    #[command(flatten)]
    pub(super) checkpoints: CheckpointArguments,
    /// Print a table in Markdown.
    #[arg(long, conflicts_with = "json")]
    pub(super) markdown: bool,
    /// Print the run records as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

const VERIFY_EXAMPLES: &str = "\
An experiment whose data are missing is left out and named; the others go on.

Examples:
  backdraft verify
  backdraft verify meanfield-chi phase-diagram
  backdraft verify --first-seed 1000
  backdraft verify --markdown > verdicts.md";

const RUN_EXAMPLES: &str = "\
A run that was cut off goes on where it stopped; a finished one is not measured again. Ctrl-C stops
after the current step and keeps a checkpoint; pressed again, at once.

Examples:
  backdraft run sigmoid-vs-relu
  backdraft run sigmoid-vs-relu --set 'depths=[3, 30]' --set flow_depth=30
  backdraft run sigmoid-vs-relu --set data=teacher --seeds 10 --jobs 1
  backdraft run sigmoid-vs-relu --json | jq '.verdicts[] | [.claim, .ruling]'";

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The run: its path, its id or the start of it, or `latest`.
    pub(super) run: String,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Print the run record as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = XRAY_EXAMPLES)]
pub(super) struct XrayArguments {
    /// The network: an architecture of the zoo, or a preset of one.
    #[arg(long, value_name = "NAME")]
    pub(super) model: String,
    /// Change a field of its configuration; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Its weights: .safetensors in our or PyTorch's layout, or Burn's .bpk [default: the initial
    /// ones of the seed].
    #[arg(long, value_name = "FILE")]
    pub(super) weights: Option<PathBuf>,
    /// Seed of the initial weights.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(super) seed: u64,
    /// The batch: .safetensors or .npz with the arrays `inputs` and `targets`, or .csv.
    #[arg(long, value_name = "FILE")]
    pub(super) batch: PathBuf,
    /// The column of a .csv that is predicted from the others.
    #[arg(long, value_name = "COLUMN")]
    pub(super) target: Option<String>,
    /// The .csv has no line of column names: all lines are rows, and columns go by their numbers, from
    /// 1.
    #[arg(long, requires = "target")]
    pub(super) no_header: bool,
    /// What outputs are compared with targets by [default: what targets and outputs leave no doubt
    /// about; the report says why].
    #[arg(long)]
    pub(super) loss: Option<Loss>,
    /// Numbers to compute with.
    #[arg(long, value_enum, default_value_t)]
    pub(super) precision: Precision,
    /// Back end to compute on, of those that `backdraft backends` lists [default: $BACKDRAFT_BACKEND].
    #[arg(long, value_name = "NAME")]
    pub(super) backend: Option<String>,
    /// Write every quantity to a .csv or .jsonl file.
    #[arg(long, value_name = "FILE")]
    pub(super) export: Option<PathBuf>,
    /// Print every quantity and the diagnosis as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

const XRAY_EXAMPLES: &str = "\
From PyTorch: safetensors.torch.save_file(model.state_dict(), 'weights.safetensors') and
save_file({'inputs': x, 'targets': y}, 'batch.safetensors').

Examples:
  backdraft xray --model mlp --set depth=30 --set activation=sigmoid --batch batch.npz
  backdraft xray --model mlp --weights weights.safetensors --batch batch.safetensors
  backdraft xray --model mlp --set inputs=4 --set outputs=3 --batch iris.csv --target species
  backdraft xray --model mlp-50 --batch batch.npz --precision f64 --export gradients.csv";

#[derive(Debug, Args)]
pub(super) struct ZooArguments {
    /// Run the conformance kit: every architecture and preset × every check.
    #[arg(long)]
    pub(super) check: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DataArguments {
    #[command(subcommand)]
    pub(super) command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    /// List the sets of images, where they are, and how to get those that are missing.
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
    /// Download a set, going on where an earlier download broke off; needs a build with `--features
    /// fetch`.
    Fetch {
        /// Name of the set.
        name: String,
        /// Address of a folder that mirrors the set's files [default: where it is published].
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// Folder of data sets that gets it [default: $BACKDRAFT_DATA or ~/.cache/backdraft/data].
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Read a set or your own .csv whole and show its sizes and the balance of its classes.
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

/// Tells the reader of a table what `--no-header` says.
pub(super) fn header(is_absent: bool) -> Header {
    if is_absent { Header::Absent } else { Header::Present }
}
