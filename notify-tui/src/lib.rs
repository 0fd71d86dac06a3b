//! The live status screen of notifyd.
//!
//! One loop: keys, the daemon's answers and the clock become a [`Msg`](message::Msg); [`update`] changes the
//! [`App`](state::App) and says what to ask next; [`view::draw`] paints it. `update` and `draw` are pure, so the tests
//! need neither terminal nor socket nor clock.
//!
//! The cast:
//!
//! * [`state`] is what the program knows: the connection, the last answer, the rates between two answers;
//! * [`view`] has one file per rectangle;
//! * `conn` owns the connection and never holds up the loop; `run` is the loop; `terminal` gives the terminal back,
//!   however the program ends;
//! * `snapshot` paints one frame as text.

pub mod cli;
mod clock;
mod conn;
mod keys;
pub mod man;
pub mod message;
mod run;
mod snapshot;
pub mod state;
mod terminal;
mod update;
pub mod view;

pub use update::update;

use clap::{CommandFactory as _, Parser as _};
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

/// The command line, for the man page.
pub fn command() -> clap::Command {
    cli::Cli::command()
}

/// Runs the program with these arguments, the first being its name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !cli.snapshot && !terminal {
        return complain("this needs a terminal; use notifyctl status, or notify-tui --snapshot", 2);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}"), 1),
    };
    let ended = runtime
        .block_on(async { if cli.snapshot { snapshot::run(&cli).await } else { run::run(&cli).await } });
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string(), 1),
    }
}

fn complain(what: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {what}");
    ExitCode::from(code)
}
