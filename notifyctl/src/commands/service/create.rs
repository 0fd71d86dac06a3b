//! `notifyctl service create`: a service with its first key, and its webhooks.

use super::guided::Given;
use crate::cli::Format;
use crate::commands::{Desk, key, provider};
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::given;
use crate::secret::{API_KEY, KeyFile};
use clap::Args;
use notify_proto::control::{FreshKey, NewService};
use notify_proto::webhook::WebhookAsk;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// A new service.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: 1 to 64 of a-z 0-9 . _ -, starting with a letter or digit [default: asked for, on a terminal]
    name: Option<String>,
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

/// What is made, all of it or nothing.
pub(super) struct Plan {
    pub(super) service: NewService,
    pub(super) hooks: Vec<WebhookAsk>,
    pub(super) key_file: Option<PathBuf>,
}

/// A webhook that hears of everything.
pub(super) fn hook(url: &str) -> WebhookAsk {
    WebhookAsk(Map::from_iter([("url".to_owned(), json!(url))]))
}

/// Whether the daemon would take it; for no service yet, which is made when its webhooks can be.
pub(super) async fn rehearse(desk: &Desk<'_>, link: &Link, ask: &WebhookAsk) -> Result<(), Failure> {
    let change = desk.globals.rehearsal();
    let call = link.client.webhook_create(link.within(), String::new(), ask.clone(), change);
    link.read(call).await.map(drop)
}

impl Create {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let mut hooks: Vec<_> = self.webhooks.iter().map(|url| hook(url)).collect();
        for path in &self.webhook_files {
            hooks.push(WebhookAsk(provider::config(path)?));
        }
        let Some(name) = self.name else {
            let given = Given {
                description: self.description,
                rate: self.rate,
                key_file: self.key_file,
                hooks,
                files: self.webhook_files,
            };
            return given.ask_for_the_rest(desk).await;
        };
        let service = NewService { name, description: self.description, rate_per_second: self.rate };
        let name = service.name.clone();
        let plan = Plan { service, hooks, key_file: self.key_file };
        if plan.make(desk, "service.create").await?.is_some() {
            desk.out.advise(&format!(
                "next: notifyctl ntf send --service {name} --channel sms --to +15005550006 --body hello"
            ));
        }
        Ok(Exit::Done)
    }
}

impl Plan {
    /// Makes it, and shows the key or where it is; none on a dry run.
    pub(super) async fn make(self, desk: &Desk<'_>, what: &str) -> Result<Option<FreshKey>, Stop> {
        let Self { service, hooks, key_file } = self;
        API_KEY.check_output(desk.out.format, key_file.as_deref())?;
        if !hooks.is_empty() && matches!(desk.out.format, Format::Id | Format::Csv) {
            let message = "this output has no place for the webhooks' secrets, which are shown only once";
            return Err(Failure::new(Exit::Usage, message).hint("use --output plain, json or table").into());
        }
        let link = desk.link().await?;
        for ask in &hooks {
            rehearse(desk, &link, ask).await?;
        }
        let file = API_KEY.place(desk.globals.dry_run, key_file.as_deref())?;
        let name = service.name.clone();
        let call = link.client.service_create(link.within(), service, desk.globals.change());
        let Some(fresh) = link.change(call).await? else {
            let sentence = desk.says(&format!("service {name}"), "created");
            desk.out.did(what, &sentence, Value::Null)?;
            return Ok(None);
        };
        let path = file.map(|file: KeyFile| file.keep(&fresh.api_key)).transpose()?;
        let asked = !hooks.is_empty();
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
        key::show_with(desk, what, &sentence, &fresh, path.as_deref(), asked.then_some(&made[..]))?;
        if let Some(failure) = failed {
            let message = format!("service {name} is created, but not all its webhooks: {}", failure.message);
            let again = format!("next: notifyctl webhook create --service {name} --url URL");
            return Err(Failure::new(Exit::Partly, message).hint(again).into());
        }
        Ok(Some(fresh))
    }
}
