//! The channel `webhook`: a JSON document by HTTP, to one URL of the operator's for all messages or to that of each
//! recipient, signed after Standard Webhooks.
//!
//! [`settings`] is the configuration, read once; [`document`] is what is sent; [`verdict`] is what an answer means here.
//! The rest is the [way out](crate::http) that all share.

mod document;
mod settings;
mod verdict;

use crate::http::{Answer, Client, Request, Target, classify};
use crate::kind::{Field, Kind, SecretUse};
use crate::{Call, ConfigError, Provider, Reach};
use async_trait::async_trait;
use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use notify_proto::Channel;
use notifyd_lifecycle::outcome::{MAX_RESPONSE_BYTES, Scope};
use notifyd_lifecycle::webhook::header;
use notifyd_lifecycle::{Clock, Destination, Outcome, Report};
use serde_json::Value;
use settings::Settings;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const KIND: Kind = Kind {
    name: "webhook",
    about: "a signed JSON document by HTTP, see WEBHOOKS",
    channels: &[Channel::Webhook],
    simulated: false,
    fields: &[
        Field::optional("url", "where all messages go; default the address of each recipient"),
        Field::optional("method", "POST, PUT or PATCH; default POST"),
        Field::optional("headers", "further headers, an object of names and values; default none"),
        Field::optional(
            "id_path",
            "where a JSON answer has the receiver's id, such as data.id; default unread",
        ),
        Field::optional("timeout_seconds", "time for one request, 0.1 to 600; default 15"),
        Field::optional("max_connections", "connections at the same time, 1 to 1000; default 100"),
        Field::optional("ca_file", "file with further root certificates (PEM), or the PEM text itself"),
    ],
    secret: SecretUse::Optional,
    build: |fields, secret, context| {
        let settings = Settings::read(fields, secret)?;
        let client = Client::new(&context.network, settings.limits, settings.authorities.as_deref())?;
        Ok(Arc::new(Webhook { settings, client, clock: Arc::clone(&context.clock) }))
    },
};

static ID: HeaderName = HeaderName::from_static("webhook-id");
static TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
static SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

struct Webhook {
    settings: Settings,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// Why a message cannot be sent as it is.
struct Unfit(String);

impl Webhook {
    /// The operator's URL, or that of the recipient.
    fn target(&self, call: &Call<'_>) -> Result<Arc<Target>, Unfit> {
        if let Some((_, target)) = &self.settings.url {
            return Ok(Arc::clone(target));
        }
        let url = call.to.first().map(String::as_str).unwrap_or_default();
        let taken = Destination::parse(url).map_err(|refusal| refusal.to_string());
        let target = taken.and_then(|it| Target::new(it).map_err(|error| error.to_string()));
        target.map(Arc::new).map_err(|problem| Unfit(format!("the recipient's URL {problem}")))
    }

    fn request(&self, call: &Call<'_>) -> Result<Request, Unfit> {
        let now = self.clock.now();
        let body = document::write(call, now).map_err(|error| Unfit(error.to_string()))?;
        let id = call.notification.to_string();
        let mut method = self.settings.method.clone();
        let mut headers = self.settings.headers.clone();
        if let Some(options) = call.message.channel_options.as_ref().and_then(|all| all.get("webhook")) {
            wish(options, &mut method, &mut headers)?;
        }
        // Digits, hyphens and base64: they always fit.
        let value = |text: &str| HeaderValue::from_str(text).map_err(|error| Unfit(error.to_string()));
        headers.insert(&ID, value(&id)?);
        headers.insert(&TIMESTAMP, HeaderValue::from(now.timestamp()));
        if let Some(keys) = &self.settings.keys {
            headers.insert(&SIGNATURE, value(&keys.sign(&id, now.timestamp(), &body))?);
        }
        Ok(Request { method, headers, body: Bytes::from(body) })
    }

    fn answered(&self, answer: &Answer, target: &Target, call: &Call<'_>) -> Report {
        let verdict = verdict::answer(answer, self.scope(), call.attempt, self.clock.now());
        let outcome = match verdict {
            Outcome::Accepted { .. } => Outcome::Accepted { external_id: self.settings.id_of(&answer.body) },
            other => other,
        };
        let said =
            if matches!(outcome, Outcome::Accepted { .. }) { String::new() } else { said(&answer.body) };
        let colon = if said.is_empty() { "" } else { ": " };
        Report::new(outcome, Some(target.redact(format!("{}{colon}{said}", answer.status))))
    }
}

/// The first words of an answer.
fn said(body: &[u8]) -> String {
    let body = &body[..body.len().min(MAX_RESPONSE_BYTES)];
    String::from_utf8_lossy(body).trim().to_owned()
}

/// What the caller wants of the request. The operator's own headers stay as they are.
fn wish(options: &Value, method: &mut Method, headers: &mut HeaderMap) -> Result<(), Unfit> {
    let wrong = |what: &str| Unfit(format!("channel_options.webhook.{what}"));
    if let Some(wanted) = options.get("method") {
        let known = wanted.as_str().filter(|wanted| header::METHODS.contains(wanted));
        *method = known.and_then(|it| it.parse().ok()).ok_or_else(|| wrong("method is not known"))?;
    }
    let Some(wanted) = options.get("headers") else { return Ok(()) };
    let pairs = header::read(wanted).map_err(|it| wrong(&format!("headers.{} {}", it.name, it.problem)))?;
    for (name, value) in pairs {
        let (name, value) = settings::pair(name, value).ok_or_else(|| wrong("headers cannot be sent"))?;
        headers.entry(name).or_insert(value);
    }
    Ok(())
}

#[async_trait]
impl Provider for Webhook {
    async fn send(&self, call: Call<'_>) -> Report {
        if call.channel != Channel::Webhook {
            let text = format!("webhook cannot serve the channel {}", call.channel);
            return Report::new(Outcome::ProviderConfig, Some(text));
        }
        let prepared = self.target(&call).and_then(|target| Ok((target, self.request(&call)?)));
        let (target, request) = match prepared {
            Ok(prepared) => prepared,
            Err(Unfit(problem)) => return Report::new(Outcome::Permanent, Some(problem)).of(self.scope()),
        };
        let report = match self.client.send(&target, request).await {
            Ok(answer) => self.answered(&answer, &target, &call),
            Err(fault) => {
                Report::new(verdict::fault(classify::fault(&fault), self.scope()), Some(fault.to_string()))
            }
        };
        report.of(self.scope())
    }

    async fn reach(&self, within: Duration) -> Reach {
        match &self.settings.url {
            Some((_, target)) => self.client.reach(target, within).await,
            None => Reach::Nowhere("each message names its own URL"),
        }
    }

    fn scope(&self) -> Scope {
        if self.settings.url.is_some() { Scope::Provider } else { Scope::Target }
    }

    fn check(&self) -> Result<(), ConfigError> {
        match &self.settings.url {
            Some((url, _)) => settings::admitted(url, &self.client.network().policy()),
            None => Ok(()),
        }
    }
}
