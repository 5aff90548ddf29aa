//! `backdraft serve`.

use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::anyhow;
use backdraft_lab::{Backend, RUNS};
use clap::Args;

use super::failure::Failure;
use super::failure::unwritten;
use super::print::{note, say};
use crate::serve::{Server, Site};
use crate::terminal::was_written;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArguments {
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    /// Port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 7878, value_name = "N")]
    port: u16,
    /// Address to listen on. Any but the default lets others read the runs and use the playground: there
    /// is no password.
    #[arg(long, default_value = "127.0.0.1", value_name = "HOST")]
    host: String,
    /// Back end of the playground; `backdraft backends` lists them.
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  backdraft serve
  backdraft serve --port 0 --out elsewhere/runs

The list of runs is at /, the playground at /playground. Ctrl-C ends the server.";

pub(super) fn serve(arguments: &ServeArguments) -> Result<(), Failure> {
    let ServeArguments { out, port, host, backend } = arguments;
    if out.exists() && !out.is_dir() {
        return Err(Failure::Input(anyhow!("`{}` is not a folder", out.display())));
    }
    let (_, device) = Backend::select(backend.as_deref()).map_err(Failure::input)?;
    let server = Server::bind(host, *port, Site::new(out.clone(), device)).map_err(|error| {
        Failure::Input(match error.kind() {
            ErrorKind::AddrInUse => anyhow!(
                "port {port} of {host} is taken: choose another with `--port`, or 0 for any free one"
            ),
            _ => anyhow!("cannot listen at port {port} of `{host}`: {error}"),
        })
    })?;
    let address = server.address();
    if !address.ip().is_loopback() {
        note(format!(
            "note: everyone who can reach {} can read the runs in `{}` and compute on this machine in \
             the playground; there is no password",
            address.ip(),
            out.display()
        ));
    }
    if !out.exists() {
        note(format!("note: there is no folder `{}` yet; the first run creates it", out.display()));
    }
    say(format!("http://{address}/ shows the runs in `{}`", out.display()));
    say(format!("http://{address}/playground is the playground; Ctrl-C ends both"));
    // Without its address, nobody finds the server.
    was_written().map_err(unwritten)?;
    server.run();
    Ok(())
}
