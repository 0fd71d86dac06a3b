//! `notifyctl service key`. A new key is shown once, or written to a file; nothing else ever shows it.

use super::Desk;
use crate::cli::Format;
use crate::confirm;
use crate::failure::{Ended, Exit, Stop};
use crate::given;
use crate::output::{Rows, spoken};
use crate::secret::{API_KEY, KeyFile};
use clap::{Args, Subcommand};
use notify_proto::Timestamp;
use notify_proto::control::FreshKey;
use notify_proto::webhook::FreshWebhook;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl service key list acme
  notifyctl service key create acme --label ci --expires 90d --key-file ci.key
  notifyctl service key reset acme --grace 24h --confirm acme";

/// The keys of a service.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// List the keys of a service, never the keys themselves
    #[command(after_help = "Examples:\n  notifyctl service key list acme")]
    List(List),
    /// Add one more key
    #[command(
        after_help = "Examples:\n  notifyctl service key create acme --label ci --expires 90d --key-file ci.key"
    )]
    Create(Create),
    /// Make a new key; the others stop working after the grace time
    #[command(after_help = "Examples:
  notifyctl service key reset acme --grace 24h --confirm acme --key-file acme.key
  KEY=$(notifyctl -q -o plain service key reset acme --grace 0 --confirm acme)")]
    Reset(Reset),
    /// Revoke a key at once
    #[command(after_help = "Examples:\n  notifyctl service key revoke acme 3f9a01bc --confirm acme")]
    Revoke(Revoke),
}

/// Whose keys.
#[derive(Debug, Args)]
pub struct List {
    /// The service, by name or id
    #[arg(value_name = "SERVICE")]
    service: String,
    #[command(flatten)]
    rows: Rows,
}

/// A further key.
#[derive(Debug, Args)]
pub struct Create {
    /// The service, by name or id
    #[arg(value_name = "SERVICE")]
    service: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// When it stops working: a span such as 90d, or an RFC 3339 time [default: never]
    #[arg(long, value_name = "TIME", value_parser = given::ahead)]
    expires: Option<Timestamp>,
    /// Write the key to this new file, mode 0600, instead of showing it
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
}

/// A key in place of the others.
#[derive(Debug, Args)]
pub struct Reset {
    /// The service, by name or id
    #[arg(value_name = "SERVICE")]
    service: String,
    /// How long the other keys go on working; 0 for not at all
    #[arg(long, value_name = "DUR", value_parser = given::span_or_zero, default_value = "24h")]
    grace: Duration,
    /// The service's name, instead of being asked for it
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// Write the key to this new file, mode 0600, instead of showing it
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
}

/// A key that shall not work any more.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The service, by name or id
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The key's prefix, as `service key list` shows it
    #[arg(value_name = "KEY_PREFIX")]
    prefix: String,
    /// The service's name, instead of being asked for it
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

impl Key {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::List(it) => list(desk, it).await,
            Self::Create(create) => create.run(desk).await,
            Self::Reset(reset) => reset.run(desk).await,
            Self::Revoke(revoke) => revoke.run(desk).await,
        }
    }
}

async fn list(desk: &Desk<'_>, it: List) -> Ended {
    let link = desk.link().await?;
    let keys = link.read(link.client.key_list(link.within(), it.service)).await?;
    desk.out.whole("service.key.list", &it.rows.of(desk.out, keys)?)?;
    Ok(Exit::Done)
}

impl Create {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        API_KEY.check_output(desk.out.format, self.key_file.as_deref())?;
        let link = desk.link().await?;
        let file = API_KEY.place(desk.globals.dry_run, self.key_file.as_deref())?;
        let change = desk.globals.change();
        let call =
            link.client.key_create(link.within(), self.service.clone(), self.label, self.expires, change);
        let fresh = link.change(call).await?;
        finish(desk, "service.key.create", &self.service, fresh, file)
    }
}

impl Reset {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        API_KEY.check_output(desk.out.format, self.key_file.as_deref())?;
        let when = match self.grace.as_secs() {
            0 => "at once".to_owned(),
            seconds => format!("after {}", spoken(seconds)),
        };
        let link = desk.link().await?;
        let found = link.read(link.client.service_show(link.within(), self.service)).await?;
        // By its id: the name may have gone to another while somebody thought about the answer.
        let (service, id) = (&found.name, found.id.to_string());
        let reset = |change| link.client.key_reset(link.within(), id.clone(), self.grace.as_secs(), change);
        link.read(reset(desk.globals.rehearsal())).await?;
        let question = format!("All other keys of {service} stop working {when}.");
        confirm::name(desk.globals, desk.out, &question, service, self.confirm.as_deref())?;
        let file = API_KEY.place(desk.globals.dry_run, self.key_file.as_deref())?;
        let call = reset(desk.globals.change());
        let fresh = link.change(call).await?;
        let ended = finish(desk, "service.key.reset", service, fresh, file)?;
        desk.out.note(&format!("all other keys of {service} stop working {when}"));
        Ok(ended)
    }
}

impl Revoke {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let found = link.read(link.client.service_show(link.within(), self.service)).await?;
        let (service, id) = (&found.name, found.id.to_string());
        let revoke = |change| link.client.key_revoke(link.within(), id.clone(), self.prefix.clone(), change);
        link.read(revoke(desk.globals.rehearsal())).await?;
        let question = format!("Key {} of {service} stops working at once.", self.prefix);
        confirm::name(desk.globals, desk.out, &question, service, self.confirm.as_deref())?;
        let key = link.change(revoke(desk.globals.change())).await?;
        let sentence = desk.says(&format!("key {} of {service}", key.prefix), "revoked");
        desk.out.changed("service.key.revoke", "key", &sentence, &key)?;
        Ok(Exit::Done)
    }
}

fn finish(
    desk: &Desk<'_>,
    what: &str,
    service: &str,
    fresh: Option<FreshKey>,
    file: Option<KeyFile>,
) -> Ended {
    let Some(fresh) = fresh else {
        let sentence = desk.says(&format!("a new key of {service}"), "made");
        desk.out.did(what, &sentence, Value::Null)?;
        return Ok(Exit::Done);
    };
    let path = file.map(|file| file.keep(&fresh.api_key)).transpose()?;
    let sentence = format!("key {} of {} is made", fresh.key.prefix, fresh.service.name);
    show(desk, what, &sentence, &fresh, path.as_deref())?;
    Ok(Exit::Done)
}

/// Shows a new key, or where it was written.
fn show(
    desk: &Desk<'_>,
    what: &str,
    sentence: &str,
    fresh: &FreshKey,
    written: Option<&Path>,
) -> Result<(), Stop> {
    show_with(desk, what, sentence, fresh, written, None)
}

/// The same with the webhooks that were made along with it, if any were asked for, and their secrets. Then there are several
/// to tell apart, however many were made.
pub(crate) fn show_with(
    desk: &Desk<'_>,
    what: &str,
    sentence: &str,
    fresh: &FreshKey,
    written: Option<&Path>,
    hooks: Option<&[FreshWebhook]>,
) -> Result<(), Stop> {
    let out = desk.out;
    let mut document = json!({"service": fresh.service, "key": fresh.key});
    if let (Some(document), Some(hooks)) = (document.as_object_mut(), hooks) {
        document.insert("webhooks".into(), json!(hooks));
    }
    match (out.format, written) {
        (Format::Json | Format::Jsonl, written) => {
            let (member, value) = match written {
                Some(path) => ("key_file", json!(path)),
                None => ("api_key", json!(fresh.api_key)),
            };
            if let Some(document) = document.as_object_mut() {
                document.insert(member.into(), value);
            }
            out.document(what, document)?;
        }
        (Format::Csv | Format::Id, _) => out.one(what, "key", &fresh.key)?,
        (_, Some(path)) => {
            let sentence = format!("{sentence}; its key is written to {}", path.display());
            // Records stand alone in a pipe.
            if hooks.is_some() && !out.on_screen() {
                out.note(&sentence);
            } else {
                out.did(what, &sentence, json!({}))?;
            }
        }
        (_, None) => {
            out.note(sentence);
            match hooks {
                Some(_) => out.labelled("key", &fresh.api_key, &fresh.service.name, &fresh.key.prefix)?,
                None => out.key(&fresh.api_key)?,
            }
        }
    }
    if !matches!(out.format, Format::Json | Format::Jsonl) {
        for FreshWebhook { webhook, secret } in hooks.unwrap_or_default() {
            out.note(&format!("webhook {} tells {}", webhook.id, webhook.url));
            if let Some(secret) = secret {
                out.labelled("webhook_secret", secret, &webhook.url, &webhook.id.to_string())?;
            }
        }
    }
    Ok(())
}
