//! The command line.

mod arguments;
mod backends;
mod benchmark;
mod by_name;
mod check;
mod compare;
mod data;
mod describe;
mod diagnose;
mod export;
mod failure;
mod figure;
mod file;
mod list;
mod new;

mod opened;
mod precision_report;
mod print;
mod replay;
mod report;
mod request;
mod run;
mod serve;
mod show;
mod sweep;
mod theory;
mod trace;
mod verify;
mod xray;
mod zoo;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::anyhow;
use backdraft_lab::panics::{self, Panic};
use backdraft_text::{shortened, visible};
use clap::{CommandFactory, Parser};

use crate::laboratory::Laboratory;
use crate::terminal::{note, print_with, say_bytes, was_written};
use arguments::{Arguments, Command};
use failure::{BAD_INPUT, FAILED, Failure, print_error, unwritten};

/// Runs a command of a laboratory.
pub(crate) fn run_with(
    laboratory: &Laboratory,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    panics::in_one_line(tell_panic);
    if let Some(fault) = laboratory.faults().first() {
        return ExitCode::from(Failure::Input(anyhow!("{fault}")).tell());
    }
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let outcome = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => dispatch(arguments.command, laboratory),
        // Help and version are "errors", too.
        Err(error) if error.use_stderr() => return refuse(&error, &arguments),
        Err(help) => {
            print_with(|_| help.print());
            Ok(())
        }
    };
    let outcome = outcome.and_then(|()| was_written().map_err(unwritten));
    ExitCode::from(outcome.map_or_else(Failure::tell, |()| 0))
}

/// Reports what is wrong with the arguments. The parser quotes them verbatim, so it parses them again in a
/// form that is safe to show.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let shown = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        let argument = visible(&argument);
        match argument.split_once('=') {
            Some((name, value)) => format!("{}={}", shortened(name), shortened(value)),
            None => shortened(&argument).into_owned(),
        }
    };
    // Nobody reads a standard error that cannot be written.
    let _ = match Arguments::try_parse_from(arguments.iter().map(shown)) {
        Err(shown) if shown.use_stderr() => shown.print(),
        _ => error.print(),
    };
    ExitCode::from(BAD_INPUT)
}

/// Reports an unexpected panic. A lost device ends the process: Burn's thread for the device is gone, and
/// every later read from it would wait forever. Checkpoints make this no worse than a kill.
fn tell_panic(panic: &Panic) {
    match panic {
        Panic::Other(text) => note(text),
        Panic::LostDevice(reason) => {
            let remedy = "the same command resumes a run from its last checkpoints";
            print_error(&anyhow!("the device was lost ({reason}); {remedy}"));
            std::process::exit(FAILED.into())
        }
    }
}

fn dispatch(command: Command, laboratory: &Laboratory) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => list::list(&arguments, laboratory),
        Command::Describe(arguments) => describe::describe(&arguments, laboratory),
        Command::Diagnose(arguments) => diagnose::diagnose(&arguments),
        Command::Run(arguments) => run::run(&arguments, laboratory),
        Command::Verify(arguments) => verify::verify(&arguments, laboratory),
        Command::Show(arguments) => show::show(&arguments, laboratory),
        Command::Replay(arguments) => replay::replay(&arguments, laboratory),
        Command::Sweep(arguments) => sweep::sweep(&arguments, laboratory),
        Command::Check(arguments) => check::check(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments, laboratory),
        Command::Figure(arguments) => figure::figure(&arguments, laboratory),
        Command::Export(arguments) => export::export(&arguments),
        Command::Report(arguments) => report::report(&arguments, laboratory),
        Command::Theory(arguments) => theory::theory(&arguments),
        Command::Zoo(arguments) => zoo::zoo(&arguments),
        Command::Data(arguments) => data::data(&arguments),
        Command::Xray(arguments) => xray::run(&arguments),
        Command::Backends(arguments) => backends::backends(&arguments, laboratory),
        Command::New(arguments) => new::new(&arguments),
        Command::Benchmark(arguments) => benchmark::benchmark(&arguments),
        Command::Completions { shell } => {
            // Into memory, because the generator panics if it cannot write.
            let mut script = Vec::new();
            let program = laboratory.program();
            clap_complete::generate(shell, &mut Arguments::command(), program, &mut script);
            say_bytes(&script);
            Ok(())
        }
    }
}
