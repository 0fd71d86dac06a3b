//! `notifyctl service`.

use super::{Desk, key, provider};
use crate::failure::{Ended, Exit, Failure};
use crate::given;
use crate::secret::{API_KEY, KeyFile, SIGNING_SECRET};
use clap::{ArgGroup, Args, Subcommand};
use notify_proto::control::{Limit, NewService, ServiceChange};
use notify_proto::webhook::WebhookAsk;
use serde_json::{Map, json};
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
        after_help = "The key is shown once: framed on a terminal, bare into a pipe, or written to --key-file. With --webhook the service is told
of its notifications there; the signing secrets follow the key, in the order of the webhooks. A --webhook-file is a JSON
object as the HTTP API takes it to create a webhook. All of it is checked before anything is made.

Examples:
  notifyctl service create acme --description \"Shop\" --rate 50/s --key-file acme.key
  notifyctl service create acme --webhook https://hooks.example.org/n --key-file acme.key
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
    /// A URL where it is told of its notifications; may be repeated
    #[arg(long = "webhook", value_name = "URL")]
    webhooks: Vec<String>,
    /// A JSON file with a webhook of its own making; may be repeated
    #[arg(long = "webhook-file", value_name = "FILE.json")]
    webhook_files: Vec<PathBuf>,
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
            Self::List => list(desk).await,
            Self::Show(it) => show(desk, it.name).await,
            Self::Update(update) => update.run(desk).await,
            Self::Enable(it) => set_active(desk, it.name, true).await,
            Self::Disable(it) => set_active(desk, it.name, false).await,
            Self::Unlock(it) => unlock(desk, it.name).await,
            Self::Key(key) => key.run(desk).await,
        }
    }
}

impl Create {
    /// What is asked of its webhooks, as the service API has it.
    fn hooks(&self) -> Result<Vec<WebhookAsk>, Failure> {
        let of_url = |url: &String| WebhookAsk(Map::from_iter([("url".to_owned(), json!(url))]));
        let mut hooks: Vec<_> = self.webhooks.iter().map(of_url).collect();
        for path in &self.webhook_files {
            hooks.push(WebhookAsk(provider::config(path)?));
        }
        Ok(hooks)
    }

    async fn run(self, desk: &Desk<'_>) -> Ended {
        API_KEY.check_output(desk.out.format, self.key_file.as_deref())?;
        let hooks = self.hooks()?;
        if !hooks.is_empty() {
            SIGNING_SECRET.check_output(desk.out.format, None)?;
        }
        let link = desk.link().await?;
        for ask in &hooks {
            // For no service yet: it is made when its webhooks can be.
            let call = link.client.webhook_create(
                link.within(),
                String::new(),
                ask.clone(),
                desk.globals.rehearsal(),
            );
            link.read(call).await?;
        }
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
        let mut made = Vec::new();
        let mut failed = None;
        for ask in hooks {
            let call = link.client.webhook_create(link.within(), name.clone(), ask, desk.globals.change());
            match link.change(call).await {
                Ok(hook) => made.push(hook),
                Err(failure) => {
                    failed = Some(failure);
                    break;
                }
            }
        }
        let sentence = format!("service {name} is created");
        key::show_with(desk, "service.create", &sentence, &fresh, path.as_deref(), &made)?;
        if let Some(failure) = failed {
            let message = format!("service {name} is created, but not all its webhooks: {}", failure.message);
            let again = format!("next: notifyctl webhook create --service {name} --url URL");
            return Err(Failure::new(Exit::Partly, message).hint(again).into());
        }
        desk.out.advise(&format!(
            "next: notifyctl ntf send --service {name} --channel sms --to +15005550006 --body hello"
        ));
        Ok(Exit::Done)
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
