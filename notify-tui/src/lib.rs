//! The dashboard of notifyd.
//!
//! One loop: keys, the daemon's answers and the clock become a [`Msg`](message::Msg); [`update`](fn@update) changes the
//! [`App`](state::App) and says what to ask next; [`view::draw`] paints it. `update` and `draw` are pure, so the tests
//! need neither terminal nor socket nor clock.
//!
//! The cast:
//!
//! * [`state`] is what the program knows: the connection, each view's own part, what lies over it;
//! * [`view`] has one file per view and per rectangle; only what is seen is built;
//! * [`ask`] has the questions to the daemon and [`deed`] the changes, each with the `notifyctl` line that does the same;
//! * [`keys`] is the one table of keys; [`config`] how somebody likes it;
//! * `conn` owns the connection and never holds up the loop; `run` is the loop, `signals` what ends and stops it; `terminal` gives the terminal back,
//!   however the program ends; `outside` copies and saves; `export` writes all that match, page by page; `log` is the program's own;
//! * `snapshot` paints one frame as text; `stats` tells whoever measures what frames and questions cost.

pub mod ask;
mod backend;
pub mod cli;
mod clock;
pub mod config;
mod conn;
pub mod deed;
mod export;
#[cfg(debug_assertions)]
mod fault;
pub mod keys;
mod log;
pub mod man;
pub mod message;
mod outside;
mod run;
mod signals;
mod snapshot;
pub mod state;
mod stats;
mod terminal;
mod update;
pub mod view;

pub use update::{suggestions, update};

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
    let (settings, warning) = match config::load(&|name| std::env::var(name).ok()) {
        Ok(settings) => (settings.flagged(&cli), None),
        Err(error) if cli.check_config || cli.dump_config => return complain(&error, 78),
        Err(error) => (config::Settings::default().flagged(&cli), Some(error)),
    };
    if cli.check_config {
        return ExitCode::SUCCESS;
    }
    if cli.dump_config {
        let written = std::io::stdout().write_all(settings.dump().as_bytes());
        return if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if cli.snapshot.is_none() && !terminal {
        return complain(
            "this needs a terminal; use notifyctl top (--watch=5s -o plain), or notify-tui --snapshot",
            2,
        );
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}"), 1),
    };
    let _log = cli.snapshot.is_none().then(|| log::start(&|name| std::env::var(name).ok())).flatten();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), "started");
    let ended = runtime.block_on(async {
        match cli.snapshot {
            Some(page) => snapshot::run(&cli, &settings, page).await,
            None => Box::pin(run::run(&cli, &settings, warning)).await,
        }
    });
    match &ended {
        Ok(code) => tracing::info!(code, "ended"),
        Err(error) => tracing::error!(%error, "ended"),
    }
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
