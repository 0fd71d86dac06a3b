//! `notifyctl webhook secret`. A new secret is shown once, or written to a file; nothing else ever shows it.

use crate::cli::Format;
use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::output::spoken;
use crate::secret::{KeyFile, SIGNING_SECRET};
use crate::{confirm, given};
use clap::{Args, Subcommand};
use notify_proto::WebhookId;
use notify_proto::webhook::{FreshWebhook, OwnSecret};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const EXAMPLES: &str = "Examples:
  notifyctl webhook secret rotate 0197a6c2-5b1e-7cc0-8000-0123456789ab --grace 24h --secret-out acme.whsec";

/// Its signing secret.
#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Give it another one; the one so far signs as well for the grace time
    #[command(
        after_help = "Until the grace time is over every event carries two signatures, so that the receiver can change over when it likes. A
secret that is older than the one so far does not sign any more. With --grace 0 whoever verifies with the secret so far
refuses all from then on: the id is typed, or given with --confirm.

Examples:
  notifyctl webhook secret rotate 0197a6c2-5b1e-7cc0-8000-0123456789ab --grace 24h --secret-out acme.whsec
  SECRET=$(notifyctl -q -o plain webhook secret rotate 0197a6c2-5b1e-7cc0-8000-0123456789ab --grace 0 --confirm 0197a6c2-5b1e-7cc0-8000-0123456789ab)"
    )]
    Rotate(Rotate),
}

/// Another secret.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The webhook
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
    /// How long the secret so far signs as well, up to 7d; 0 for not at all
    #[arg(long, value_name = "DUR", value_parser = given::span_or_zero, default_value = "24h")]
    grace: Duration,
    /// With --grace 0: its id again, instead of being asked for it
    #[arg(long, value_name = "ID")]
    confirm: Option<String>,
    /// A file with a signing secret of your own, whsec_ and base64, or - for standard input [default: a new one]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Write the new secret to this new file, mode 0600, instead of showing it
    #[arg(long, value_name = "PATH", conflicts_with = "secret_file")]
    secret_out: Option<PathBuf>,
}

impl Secret {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let Self::Rotate(it) = self;
        let own = it.secret_file.as_deref().map(|path| desk.secret(path)).transpose()?.map(OwnSecret);
        if own.is_none() {
            SIGNING_SECRET.check_output(desk.out.format, it.secret_out.as_deref())?;
        }
        let link = desk.link().await?;
        let (id, grace) = (it.id, it.grace.as_secs());
        let rotate = |change| link.client.webhook_rotate(link.within(), id, grace, own.clone(), change);
        // A secret that stops at once breaks whoever verifies with it.
        if grace == 0 && !desk.globals.dry_run {
            let would = link.read(rotate(desk.globals.rehearsal())).await?.webhook;
            let question = format!(
                "The secret so far of webhook {id} of {} ({}) stops signing at once.",
                would.service_name, would.url
            );
            confirm::id(desk.globals, desk.out, &question, &id.to_string(), it.confirm.as_deref())?;
        }
        let file = SIGNING_SECRET.place(desk.globals.dry_run, it.secret_out.as_deref())?;
        let fresh = link.change(rotate(desk.globals.change())).await?;
        let when = match grace {
            0 => "the one so far signs no more".to_owned(),
            seconds => format!("the one so far signs as well for {}", spoken(seconds)),
        };
        let sentence = if desk.globals.dry_run {
            format!("dry run: webhook {id} would have another secret; {when}")
        } else {
            format!("webhook {id} has another secret; {when}")
        };
        finish(desk, "webhook.secret.rotate", &sentence, &fresh, file)
    }
}

/// Shows what was made, with its secret or where that was written.
pub(super) fn finish(
    desk: &Desk<'_>,
    what: &str,
    sentence: &str,
    fresh: &FreshWebhook,
    file: Option<KeyFile>,
) -> Ended {
    let out = desk.out;
    let written = match (file, &fresh.secret) {
        (Some(file), Some(secret)) => Some(file.keep(secret)?),
        _ => None,
    };
    match (out.format, &written, &fresh.secret) {
        (Format::Json | Format::Jsonl, written, secret) => {
            let mut document = json!({"webhook": fresh.webhook, "dry_run": desk.globals.dry_run});
            let member = match (written, secret) {
                (Some(path), _) => Some(("secret_file", json!(path))),
                (None, Some(secret)) => Some(("secret", json!(secret))),
                (None, None) => None,
            };
            if let (Some(document), Some((name, value))) = (document.as_object_mut(), member) {
                document.insert(name.into(), value);
            }
            out.document(what, document)?;
        }
        (Format::Csv | Format::Id, ..) => out.one(what, "webhook", &fresh.webhook)?,
        (_, Some(path), _) => {
            out.did(what, &format!("{sentence}; its secret is written to {}", path.display()), json!({}))?;
        }
        (_, None, Some(secret)) => {
            out.note(sentence);
            out.secret("secret", secret)?;
        }
        (_, None, None) => out.did(what, sentence, json!({}))?,
    }
    Ok(Exit::Done)
}
