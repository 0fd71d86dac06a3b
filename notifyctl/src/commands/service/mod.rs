//! `notifyctl service`.

mod create;
mod delete;
mod guided;
mod mock;

use super::{Desk, key};
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::Rows;
use clap::{ArgGroup, Args, Subcommand};
use notify_proto::control::{Limit, ServiceChange};

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl service create acme --key-file acme.key
  notifyctl svc list -o wide
  notifyctl service key reset acme --grace 24h --confirm acme";

/// Services: who may send.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// Create a service with its first API key
    #[command(
        after_help = "The key is shown once: framed on a terminal, bare into a pipe, or written to --key-file. With --webhook the service is told
of its notifications there, and each webhook has a signing secret, which is shown once, too. Then there are several to tell
apart, and a pipe has a line for each, with tabs between what it is, the secret, whose it is and its id: key, KEY, the
service, the prefix of the key; webhook_secret, SECRET, the URL, the id of the webhook. A key in its file has no line.

A --webhook-file is a JSON object as the HTTP API takes it to create a webhook. All of it is checked before anything is
made.

Without a name, on a terminal, it asks for all that no flag says, shows what it will make, and ends with the commands that do
the same.

Examples:
  notifyctl service create
  notifyctl service create acme --description \"Shop\" --rate 50/s --key-file acme.key
  notifyctl service create acme --webhook https://hooks.example.org/n --key-file acme.key
  KEY=$(notifyctl -q service create acme)
  SECRET=$(notifyctl -q service create acme --webhook https://hooks.example.org/n --key-file acme.key | cut -f2)
  notifyctl -q service create acme --webhook https://hooks.example.org/n | awk -F'\\t' '$1 == \"key\" {print $2}'"
    )]
    Create(create::Create),
    /// List all services
    #[command(
        after_help = "Examples:\n  notifyctl service list\n  notifyctl svc list -o csv --columns name,keys,active\n  notifyctl service list --filter 'active:no'"
    )]
    List(Rows),
    /// Show one service
    #[command(
        after_help = "Examples:\n  notifyctl service show acme\n  notifyctl service show acme --json | jq -r .service.id"
    )]
    Show(Name),
    /// Change a service: all that is given, or nothing
    #[command(after_help = "What is not given stays.

Examples:
  notifyctl service update acme --rate 100/s
  notifyctl service update acme --description none --rate none --dry-run")]
    Update(Update),
    /// Accept its requests again
    #[command(after_help = "Examples:\n  notifyctl service enable acme --reason \"invoice paid\"")]
    Enable(Name),
    /// Refuse its requests from now on
    #[command(after_help = "Examples:\n  notifyctl service disable acme --reason \"key leaked\"")]
    Disable(Name),
    /// Remove a service with its keys, its webhooks and what it sent
    #[command(
        after_help = "Nothing of it may be under way: what waits is cancelled, or waited for, before. Its keys stop working at once, its
webhooks hear nothing more, what is owed to them included. What it sent is removed bit by bit, or with --keep-history
stays until its retention is over; what stays can be looked at and not sent again. The name is free for another service.

Examples:
  notifyctl service delete acme --dry-run
  notifyctl service delete acme --keep-history --confirm acme --reason \"contract ended\""
    )]
    Delete(delete::Delete),
    /// Create a service to try things with, and say how to call it
    SeedMock(mock::SeedMock),
    /// Clear the lock after too many failed authentications
    #[command(after_help = "Examples:\n  notifyctl service unlock acme")]
    Unlock(Name),
    /// Its API keys
    #[command(subcommand, visible_alias = "keys", arg_required_else_help = true, after_help = key::EXAMPLES)]
    Key(key::Key),
}

/// What changes.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["description", "rate"])))]
pub struct Update {
    /// Its name or id
    #[arg(value_name = "NAME")]
    name: String,
    /// Another text for people, or none
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Requests it may make, such as 50/s or 300/m, or none for no limit of its own
    #[arg(long, value_name = "RATE", value_parser = given::rate_or_none)]
    rate: Option<Limit<f64>>,
}

/// One service.
#[derive(Debug, Args)]
pub struct Name {
    /// Its name or id
    #[arg(value_name = "NAME")]
    name: String,
}

impl Service {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Create(create) => create.run(desk).await,
            Self::List(rows) => list(desk, &rows).await,
            Self::Show(it) => show(desk, it.name).await,
            Self::Update(update) => update.run(desk).await,
            Self::Enable(it) => set_active(desk, it.name, true).await,
            Self::Disable(it) => set_active(desk, it.name, false).await,
            Self::Delete(delete) => delete.run(desk).await,
            Self::SeedMock(mock) => mock.run(desk).await,
            Self::Unlock(it) => unlock(desk, it.name).await,
            Self::Key(key) => key.run(desk).await,
        }
    }
}

impl Update {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let described = |text: String| if text == "none" { Limit::Lift } else { Limit::Set(text) };
        let update = ServiceChange {
            description: self.description.map(described).unwrap_or_default(),
            rate_per_second: self.rate.unwrap_or_default(),
        };
        let link = desk.link().await?;
        let call = link.client.service_update(link.within(), self.name, update, desk.globals.change());
        let done = link.change(call).await?;
        let sentence = desk.says(&format!("service {}", done.service.name), "changed");
        desk.out.updated("service.update", "service", &sentence, &done.service, &done.changed)?;
        Ok(Exit::Done)
    }
}

async fn list(desk: &Desk<'_>, rows: &Rows) -> Ended {
    let link = desk.link().await?;
    let services = link.read(link.client.service_list(link.within())).await?;
    let none = services.is_empty();
    desk.out.whole("service.list", &rows.of(desk.out, services)?)?;
    if none {
        desk.out.advise("there are no services yet: notifyctl service create NAME");
    }
    Ok(Exit::Done)
}

async fn show(desk: &Desk<'_>, name: String) -> Ended {
    let link = desk.link().await?;
    let service = link.read(link.client.service_show(link.within(), name)).await?;
    desk.out.one("service.show", "service", &service)?;
    Ok(Exit::Done)
}

async fn set_active(desk: &Desk<'_>, name: String, active: bool) -> Ended {
    let link = desk.link().await?;
    let call = link.client.service_set_active(link.within(), name, active, desk.globals.change());
    let service = link.change(call).await?;
    let (what, done) = if active { ("service.enable", "enabled") } else { ("service.disable", "disabled") };
    let sentence = desk.says(&format!("service {}", service.name), done);
    desk.out.changed(what, "service", &sentence, &service)?;
    Ok(Exit::Done)
}

async fn unlock(desk: &Desk<'_>, name: String) -> Ended {
    let link = desk.link().await?;
    let call = link.client.service_unlock(link.within(), name, desk.globals.change());
    let service = link.change(call).await?;
    let sentence = desk.says(&format!("service {}", service.name), "unlocked");
    desk.out.changed("service.unlock", "service", &sentence, &service)?;
    Ok(Exit::Done)
}
