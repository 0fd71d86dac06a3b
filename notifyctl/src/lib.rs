//! The scriptable command line of notifyd.
//!
//! The cast:
//!
//! * [`cli`] is the grammar: global flags and the tree of nouns and verbs, with help and an example for each;
//! * `commands` has one file per noun, by the names of the daemon's verbs;
//! * `conn` finds the socket, greets and calls; every way a call can fail becomes a [`Failure`] with an exit code;
//! * `output` is the only part that writes: tables for people, `plain`, `csv`, `json`, `jsonl`, `id` for programs;
//! * `confirm` asks, and only where somebody can answer; `form` asks one thing after the other; `secret` takes secrets in and hands keys out;
//! * `complete` answers a shell that completes a value;
//! * `schema` has the JSON Schemas of what `output` writes;
//! * [`fit`] makes help fit the terminal; `usage` says what is wrong with a command line;
//! * [`man`] makes the man pages from the same tree.
//!
//! One run: arguments → [`cli::Cli`] → the command's `run` → `conn::Link` → the answer through `output::Out` → exit code.

pub mod cli;
mod clock;
mod commands;
mod complete;
mod confirm;
mod conn;
pub mod failure;
pub mod fit;
mod form;
mod given;
pub mod man;
mod output;
mod schema;
mod secret;
mod usage;

use crate::failure::{Exit, Failure, Stop};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use std::ffi::OsString;
use std::process::ExitCode;

/// The command tree.
pub fn command() -> clap::Command {
    cli::Cli::command()
}

/// Runs the program with these arguments, the first being its name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    if complete::answered(&arguments) {
        return ExitCode::SUCCESS;
    }
    let parsed = command().try_get_matches_from(&arguments);
    let parsed = parsed.and_then(|matches| Ok((cli::Cli::from_arg_matches(&matches)?, is_paged(&matches))));
    let (cli, paged) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return ExitCode::from(usage::told(&arguments, error)),
    };
    let out = output::Out::new(&cli.globals);
    if paged && !cli.globals.no_pager {
        out.page();
    }
    let exit = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(async { out.end(Box::pin(commands::run(cli, &out)).await) }),
        Err(error) => {
            let failure = Failure::new(Exit::Refused, format!("cannot start: {error}"));
            out.end(Err(Stop::Failed(failure)))
        }
    };
    ExitCode::from(exit as u8)
}

/// Whether it is a command whose answer is read, and not looked at again and again.
fn is_paged(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some((name, below)) => matches!(name, "show" | "raw" | "help") || is_paged(below),
        None => false,
    }
}
