//! The command line.

mod arguments;
mod backends;
mod check;
mod compare;
mod data;
mod describe;
mod export;
mod figure;
mod file;
mod list;
mod opened;
mod print;
mod report;
mod request;
mod run;
mod serve;
mod show;
mod sweep;
mod theory;
mod verify;
mod xray;
mod zoo;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::interrupt::INTERRUPTED;
use arguments::{Arguments, Command};
pub(crate) use print::note;

/// Exit code of a run that failed.
const FAILED: u8 = 1;
/// Exit code of bad usage or bad input.
const BAD_INPUT: u8 = 2;

/// What a command ends with, other than success.
enum Failure {
    /// The command could not do its work.
    Run(anyhow::Error),
    /// The user has to change something.
    Input(anyhow::Error),
    /// Another process works on the run.
    Locked(anyhow::Error),
    /// The user or the system stopped it.
    Interrupted(anyhow::Error),
}

impl Failure {
    fn input(error: impl Into<anyhow::Error>) -> Self {
        Self::Input(error.into())
    }

    fn run(error: impl Into<anyhow::Error>) -> Self {
        Self::Run(error.into())
    }
}

/// Runs `backdraft` with the arguments of the process.
pub fn main() -> ExitCode {
    run_with(std::env::args_os())
}

/// Runs `backdraft run NAME` with the arguments of the process: the whole of a named binary.
pub fn main_of(experiment: &str) -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_else(|| "backdraft".into());
    let command = [program, "run".into(), experiment.into()];
    run_with(command.into_iter().chain(arguments))
}

fn run_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::panics::in_one_line();
    let matches = match Arguments::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        // Help and version come this way too, with exit code 0.
        Err(error) => error.exit(),
    };
    let outcome = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => dispatch(arguments.command),
        Err(error) => error.exit(),
    };
    let (error, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Run(error) | Failure::Locked(error)) => (error, FAILED),
        Err(Failure::Input(error)) => (error, BAD_INPUT),
        Err(Failure::Interrupted(message)) => {
            note(message);
            return ExitCode::from(INTERRUPTED);
        }
    };
    print::print_error(&error);
    ExitCode::from(code)
}

/// Ends the process over a device that is lost.
pub(crate) fn end_without_device(reason: &str) -> ! {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    print::print_error(&anyhow::anyhow!(
        "the device was lost ({reason}); a run goes on from its last checkpoints with the same command"
    ));
    std::process::exit(FAILED.into())
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => list::list(&arguments),
        Command::Describe(arguments) => describe::describe(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Verify(arguments) => verify::verify(&arguments),
        Command::Show(arguments) => show::show(&arguments),
        Command::Sweep(arguments) => sweep::sweep(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Figure(arguments) => figure::figure(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Theory(arguments) => theory::theory(&arguments),
        Command::Zoo(arguments) => zoo::zoo(&arguments),
        Command::Data(arguments) => data::data(&arguments.command),
        Command::Xray(arguments) => xray::run(&arguments),
        Command::Backends(arguments) => backends::backends(&arguments),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "backdraft", &mut std::io::stdout());
            Ok(())
        }
    }
}
