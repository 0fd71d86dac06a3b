//! The commands, one file per noun.

pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod check;
pub(crate) mod circuit;
pub(crate) mod completions;
pub(crate) mod daemon;
pub(crate) mod dead;
pub(crate) mod doctor;
pub(crate) mod help;
pub(crate) mod key;
pub(crate) mod latency;
pub(crate) mod man;
pub(crate) mod notification;
pub(crate) mod operation;
pub(crate) mod ping;
pub(crate) mod provider;
pub(crate) mod queue;
pub(crate) mod schedule;
pub(crate) mod service;
pub(crate) mod shape;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod tail;
mod tally;
pub(crate) mod top;
pub(crate) mod webhook;

use crate::cli::{Cli, Command, Globals};
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure};
use crate::output::Out;
use crate::{confirm, form, secret};
use std::path::Path;

/// What every command works with.
pub(crate) struct Desk<'a> {
    pub(crate) globals: &'a Globals,
    pub(crate) out: &'a Out,
}

impl Desk<'_> {
    /// A greeted connection.
    pub(crate) async fn link(&self) -> Result<Link, Failure> {
        Link::open(self.globals, self.out).await
    }

    /// The same where `--timeout` says how long to wait for something else than an answer.
    pub(crate) async fn link_to_wait(&self) -> Result<Link, Failure> {
        let globals = Globals { timeout: None, ..self.globals.clone() };
        Link::open(&globals, self.out).await
    }

    /// A secret of one line, as [`Self::secrets`]; whoever types it on a terminal is asked for it, and it is not seen there.
    pub(crate) fn secret(&self, path: &Path) -> Result<String, Failure> {
        if path == Path::new("-") && confirm::can_ask(self.globals, self.out) {
            let typed = form::hidden(self.out, "The secret (not shown): ")?;
            let empty = || Failure::new(Exit::Config, "nothing was typed, and a secret is not empty");
            return Some(typed).filter(|text| !text.is_empty()).ok_or_else(empty);
        }
        self.secrets(path)
    }

    /// What is secret in a file, or on standard input, with a warning when others can read it.
    pub(crate) fn secrets(&self, path: &Path) -> Result<String, Failure> {
        let secret = secret::read(path)?;
        if let Some(warning) = &secret.warning {
            self.out.note(&format!("warning: {warning}"));
        }
        Ok(secret.text)
    }

    /// What a change did, or would do.
    pub(crate) fn says(&self, object: &str, done: &str) -> String {
        if self.globals.dry_run {
            format!("dry run: {object} would be {done}")
        } else {
            format!("{object} is {done}")
        }
    }
}

/// Runs a command.
pub(crate) async fn run(cli: Cli, out: &Out) -> Ended {
    let desk = Desk { globals: &cli.globals, out };
    match cli.command {
        Command::Status(status) => status.run(&desk).await,
        Command::Check(check) => check.run(&desk).await,
        Command::Top(top) => top.run(&desk).await,
        Command::Tail(tail) => tail.run(&desk).await,
        Command::Stats(stats) => stats.run(&desk).await,
        Command::Audit(audit) => audit.run(&desk).await,
        Command::Apply(apply) => apply.run(&desk).await,
        Command::Doctor(doctor) => doctor.run(&desk).await,
        Command::Ping(ping) => ping.run(&desk).await,
        Command::Service(service) => service.run(&desk).await,
        Command::Provider(provider) => provider.run(&desk).await,
        Command::Notification(notification) => notification.run(&desk).await,
        Command::Queue(queue) => queue.run(&desk).await,
        Command::Schedule(schedule) => schedule.run(&desk).await,
        Command::Dead(dead) => dead.run(&desk).await,
        Command::Webhook(webhook) => webhook.run(&desk).await,
        Command::Operation(operation) => operation.run(&desk).await,
        Command::Store(store) => store.run(&desk).await,
        Command::Daemon(daemon) => daemon.run(&desk).await,
        Command::Completions(completions) => completions.run(out),
        Command::Man(man) => man.run(out),
        Command::Help(help) => help.run(out),
    }
}
