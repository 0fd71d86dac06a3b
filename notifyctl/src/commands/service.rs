//! `notifyctl service`.

use super::{Desk, key};
use crate::failure::{Ended, Exit};
use crate::given;
use crate::secret::{API_KEY, KeyFile};
use clap::{Args, Subcommand};
use notify_proto::control::NewService;
use serde_json::json;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl service create acme --key-file acme.key
  notifyctl svc list -o wide
  notifyctl service key reset acme --grace 24h --confirm acme";

/// Services: who may send.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// Create a service with its first API key
    #[command(
        after_help = "The key is shown once: framed on a terminal, bare into a pipe, or written to --key-file.

Examples:
  notifyctl service create acme --description \"Shop\" --rate 50/s --key-file acme.key
  KEY=$(notifyctl -q -o plain service create acme)"
    )]
    Create(Create),
    /// List all services
    #[command(
        after_help = "Examples:\n  notifyctl service list\n  notifyctl svc list -o csv --columns name,keys,active"
    )]
    List,
    /// Show one service
    #[command(
        after_help = "Examples:\n  notifyctl service show acme\n  notifyctl service show acme --json | jq -r .service.id"
    )]
    Show(Name),
    /// Accept its requests again
    #[command(after_help = "Examples:\n  notifyctl service enable acme --reason \"invoice paid\"")]
    Enable(Name),
    /// Refuse its requests from now on
    #[command(after_help = "Examples:\n  notifyctl service disable acme --reason \"key leaked\"")]
    Disable(Name),
    /// Clear the lock after too many failed authentications
    #[command(after_help = "Examples:\n  notifyctl service unlock acme")]
    Unlock(Name),
    /// Its API keys
    #[command(subcommand, visible_alias = "keys", arg_required_else_help = true, after_help = key::EXAMPLES)]
    Key(key::Key),
}

/// A new service.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: 1 to 64 of a-z 0-9 . _ -, starting with a letter or digit
    name: String,
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Requests it may make, such as 50/s or 300/m [default: no limit of its own]
    #[arg(long, value_name = "RATE", value_parser = given::rate)]
    rate: Option<f64>,
    /// Write the key to this new file, mode 0600, instead of showing it
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
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
            Self::List => list(desk).await,
            Self::Show(it) => show(desk, it.name).await,
            Self::Enable(it) => set_active(desk, it.name, true).await,
            Self::Disable(it) => set_active(desk, it.name, false).await,
            Self::Unlock(it) => unlock(desk, it.name).await,
            Self::Key(key) => key.run(desk).await,
        }
    }
}

impl Create {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        API_KEY.check_output(desk.out.format, self.key_file.as_deref())?;
        let link = desk.link().await?;
        let file = API_KEY.place(desk.globals.dry_run, self.key_file.as_deref())?;
        let service =
            NewService { name: self.name, description: self.description, rate_per_second: self.rate };
        let name = service.name.clone();
        let call = link.client.service_create(link.within(), service, desk.globals.change());
        let Some(fresh) = link.change(call).await? else {
            let sentence = desk.says(&format!("service {name}"), "created");
            desk.out.did("service.create", &sentence, json!({"dry_run": true}))?;
            return Ok(Exit::Done);
        };
        let path = file.map(|file: KeyFile| file.keep(&fresh.api_key)).transpose()?;
        key::show(desk, "service.create", &format!("service {name} is created"), &fresh, path.as_deref())?;
        desk.out.advise(&format!(
            "next: notifyctl ntf send --service {name} --channel sms --to +15005550006 --body hello"
        ));
        Ok(Exit::Done)
    }
}

async fn list(desk: &Desk<'_>) -> Ended {
    let link = desk.link().await?;
    let services = link.read(link.client.service_list(link.within())).await?;
    desk.out.whole("service.list", &services)?;
    if services.is_empty() {
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
