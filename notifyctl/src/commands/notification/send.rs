//! `notifyctl notification send`.

use super::super::Desk;
use super::wait;
use crate::failure::{Ended, Exit, Failure};
use crate::{clock, given};
use clap::{ArgGroup, Args};
use notify_proto::send::{Recipient, SendRequest};
use notify_proto::transport::MAX_FRAME_BYTES;
use notify_proto::view::rfc3339;
use notify_proto::{Channel, Priority, Timestamp};
use serde_json::{Map, Value};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How far back a time lies that is called past: `now` is not.
const PAST: chrono::TimeDelta = chrono::TimeDelta::seconds(1);

/// A notification to send.
#[derive(Debug, Args)]
#[command(
    after_help = "With --idempotency-key it is safe to repeat the very same command when no answer came (exit codes 69 and 75): here the key
holds for 24 hours and outlasts a restart. Write times in full then, as a span counts from now and makes another request of it.

Examples:
  notifyctl ntf send --service acme --channel sms --to +15005550006 --body \"Your code is 1234\" --priority instant
  notifyctl ntf send --service acme --channel email --to a@example.org --to b@example.org --subject Hi --body-file hi.txt
  notifyctl ntf send --service acme --channel sms --to +15005550006 --body hello --idempotency-key order-1001
  echo hello | notifyctl ntf send --service acme --channel sms --to +15005550006 --body-file - --at 1h -o id"
)]
#[command(group(ArgGroup::new("text").required(true).args(["body", "body_file"])))]
pub struct Send {
    /// The service it belongs to
    #[arg(long, value_name = "NAME")]
    service: String,
    /// The channel; repeat it for a fallback order
    #[arg(long = "channel", value_name = "CHANNEL", required = true)]
    channels: Vec<Channel>,
    /// To whom; repeat it for one mail to several people
    #[arg(long = "to", value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// The text
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// A file with the text, or - for standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    #[command(flatten)]
    details: Details,
    /// Wait until it is final; exit code 8 when it was not delivered. --timeout says how long [default: 60s]
    #[arg(long)]
    wait: bool,
}

/// What need not be said of a notification.
#[derive(Debug, Args)]
pub struct Details {
    /// Subject or title
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// How urgent: instant, high, normal or low [default: normal]
    #[arg(long, value_name = "WORD")]
    priority: Option<Priority>,
    /// Not before: a span from now, an RFC 3339 time, or HH:MM today; at once when that is past
    #[arg(long, value_name = "TIME", value_parser = given::ahead)]
    at: Option<Timestamp>,
    /// Not after
    #[arg(long, value_name = "TIME", value_parser = given::ahead)]
    expires: Option<Timestamp>,
    /// Through this provider only
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Your own data; may be repeated
    #[arg(long = "meta", value_name = "KEY=VALUE", value_parser = given::pair)]
    meta: Vec<(String, String)>,
    /// Send it even if an equal one was sent a while ago
    #[arg(long)]
    no_dedup: bool,
    /// What is sent with the same key is the same, whatever it says: it is sent once within the window
    #[arg(long, value_name = "KEY", conflicts_with = "no_dedup")]
    dedup_key: Option<String>,
}

impl Send {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let (service, wait, key) = (self.service.clone(), self.wait, desk.globals.key().to_owned());
        self.details.warn_of_the_past(desk);
        let request = self.request()?;
        let size = serde_json::to_vec(&request).map_or(0, |json| json.len());
        if size > MAX_FRAME_BYTES - 4_096 {
            let message = format!("the notification is {size} bytes; through this socket it may have 1 MiB");
            return Err(Failure::new(Exit::Refused, message).into());
        }
        let link = if wait { desk.link_to_wait().await? } else { desk.link().await? };
        let (within, name, request) = (link.within(), service.clone(), Box::new(request));
        // The log keeps the key, so that it holds for a day and over a restart.
        let change = desk.globals.change_without_key();
        let sent = link.client.notification_send_once(within, name, request, key, change);
        let sent = link.change(sent).await?;
        let Some(sent) = sent else {
            let sentence = format!("dry run: it would be accepted for {service}");
            desk.out.did("notification.send", &sentence, Value::Null)?;
            return Ok(Exit::Done);
        };
        let earlier = if sent.duplicate { ", as an equal one was sent before" } else { "" };
        let sentence = format!("notification {} is {}{earlier}", sent.id, sent.status);
        if wait {
            // Whoever breaks the waiting off knows which one it was.
            desk.out.note(&sentence);
            return wait::until(desk, &link, &[sent.id], wait::Goal::Delivered).await;
        }
        let object =
            Accepted { id: sent.id.to_string(), status: sent.status.to_string(), duplicate: sent.duplicate };
        desk.out.changed("notification.send", "notification", &sentence, &object)?;
        Ok(Exit::Done)
    }

    fn request(self) -> Result<SendRequest, Failure> {
        self.details.request(self.channels, self.to, self.body, self.body_file.as_deref())
    }
}

impl Details {
    /// Whoever names a time that is past may have meant another day.
    fn warn_of_the_past(&self, desk: &Desk<'_>) {
        let past = self.at.filter(|at| clock::now() - *at > PAST);
        if let Some(at) = past {
            desk.out.note(&format!("--at: {} is past, so it goes at once", rfc3339(at)));
        }
    }

    /// The request of a notification with this text on these channels.
    pub(super) fn request(
        self,
        channels: Vec<Channel>,
        mut to: Vec<String>,
        body: Option<String>,
        body_file: Option<&Path>,
    ) -> Result<SendRequest, Failure> {
        let content = match (body, body_file) {
            (Some(body), _) => body,
            (None, Some(path)) => text_of(path)?,
            (None, None) => String::new(),
        };
        let meta: Map<_, _> = self.meta.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        let recipient =
            if to.len() > 1 { Recipient::Many(to) } else { Recipient::One(to.pop().unwrap_or_default()) };
        Ok(SendRequest {
            channel: (channels.len() == 1).then(|| channels[0]),
            channels: (channels.len() > 1).then_some(channels),
            recipient: Some(recipient),
            subject: self.subject,
            content: Some(content),
            priority: self.priority,
            scheduled_at: self.at,
            expires_at: self.expires,
            provider_id: self.provider,
            meta_data: (!meta.is_empty()).then_some(meta),
            deduplicate: self.no_dedup.then_some(false),
            dedup_key: self.dedup_key,
            ..SendRequest::default()
        })
    }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let failed =
        |error| Failure::new(Exit::Config, format!("--body-file: cannot read {}: {error}", path.display()));
    if path != Path::new("-") {
        return std::fs::read_to_string(path).map_err(failed);
    }
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// The answer, as a row.
#[derive(Debug, serde::Serialize)]
struct Accepted {
    id: String,
    status: String,
    duplicate: bool,
}

impl crate::output::Row for Accepted {
    const COLUMNS: &'static [crate::output::Column<Self>] = &[
        crate::output::Column {
            name: "id",
            show: crate::output::Show::Always,
            cell: |it| it.id.as_str().into(),
        },
        crate::output::Column {
            name: "status",
            show: crate::output::Show::Always,
            cell: |it| it.status.as_str().into(),
        },
        crate::output::Column {
            name: "duplicate",
            show: crate::output::Show::Always,
            cell: |it| if it.duplicate { "yes" } else { "no" }.into(),
        },
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}
