//! The commands, and the help that lists them.

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::backends::BackendsArguments;
use super::benchmark::BenchmarkArguments;
use super::check::CheckArguments;
use super::compare::CompareArguments;
use super::data::DataArguments;
use super::describe::DescribeArguments;
use super::diagnose::DiagnoseArguments;
use super::export::ExportArguments;
use super::figure::FigureArguments;
use super::list::ListArguments;
use super::new::NewArguments;
use super::replay::ReplayArguments;
use super::report::ReportArguments;
use super::run::RunArguments;
use super::serve::ServeArguments;
use super::show::ShowArguments;
use super::sweep::SweepArguments;
use super::theory::TheoryArguments;
use super::verify::VerifyArguments;
use super::xray::XrayArguments;
use super::zoo::ZooArguments;

/// Measures vanishing and exploding gradients, and tests what is said about them.
///
/// Each experiment asks one question about gradients, trains the networks that answer it, and ends
/// with verdicts.
#[derive(Debug, Parser)]
#[command(name = "backdraft", version, after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  backdraft list                                  the experiments
  backdraft describe sigmoid-vs-relu              its question, claims and settings
  backdraft run sigmoid-vs-relu                   takes at most a minute
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
    /// Repeat a training around one step, and tell what went wrong first, and why.
    Replay(ReplayArguments),
    /// Run an experiment under many settings, on several processes and machines.
    Sweep(SweepArguments),
    /// Compare records with the SHA-256 sums that were recorded with them.
    Check(CheckArguments),
    /// Show the runs of a folder, live ones included, and the playground in a browser.
    Serve(ServeArguments),
    /// Write the HTML report of runs again.
    Report(ReportArguments),
    /// Predict the gradient of every layer of a fully connected network, without drawing one.
    Theory(TheoryArguments),
    /// Compare runs of one experiment: differences with their intervals.
    Compare(CompareArguments),
    /// Write one plot of a run to a file for a paper.
    Figure(FigureArguments),
    /// Export all measurements of a run for other programs.
    Export(ExportArguments),
    /// List the architectures and their presets, or run their conformance checks.
    Zoo(ZooArguments),
    /// Measure the gradients of one network on one batch.
    Xray(XrayArguments),
    /// Say what is wrong with a training, from the log of any framework.
    Diagnose(DiagnoseArguments),
    /// List, find and check data sets that are read from files.
    Data(DataArguments),
    /// Measure how well the diagnosis finds faults that were put in.
    Benchmark(BenchmarkArguments),
    /// List the back ends: those built in, and how to get the others.
    Backends(BackendsArguments),
    /// Write a crate with a network, an experiment and data of your own.
    New(NewArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}
