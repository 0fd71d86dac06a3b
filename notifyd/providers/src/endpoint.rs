//! A service's webhook: told of an event by one signed request over the [way out](crate::http) that all share.

use crate::Reach;
use crate::http::{Client, Limits, Network, Request, Target, asked};
use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use notify_proto::{DeliveryId, NotificationId, ServiceId, WebhookEvent};
use notifyd_lifecycle::webhook::event::dotted;
use notifyd_lifecycle::webhook::{Heard, Keys};
use notifyd_lifecycle::{Clock, Destination, Secret};
use std::sync::Arc;
use std::time::Duration;

/// Of an answer, bytes that are kept (delivery, "Webhooks out").
pub const MAX_ANSWER: usize = 4_096;

/// The name by which receivers know who tells them.
const AGENT: &str = "NotificationService-Webhook/1.0";

/// How an endpoint is called.
pub struct Settings<'a> {
    /// Where it is.
    pub url: &'a str,
    /// The secrets that sign, the newest first.
    pub secrets: Vec<&'a Secret<String>>,
    /// Headers that are sent along.
    pub headers: Vec<(&'a str, &'a Secret<String>)>,
    /// Time for one request.
    pub timeout: Duration,
    /// Requests at the same time, at most.
    pub connections: usize,
}

/// An endpoint that can be told.
pub struct Endpoint {
    target: Target,
    client: Client,
    keys: Keys,
    /// What every request has.
    headers: HeaderMap,
    clock: Arc<dyn Clock>,
}

/// An event on its way.
pub struct Telling<'a> {
    /// Its id, the same on every try.
    pub id: DeliveryId,
    /// What happened.
    pub event: WebhookEvent,
    /// To which notification.
    pub notification: NotificationId,
    /// Whose it is.
    pub service: ServiceId,
    /// Which try it is; 1 for the first.
    pub number: u32,
    /// Correlation id of the request that asked for the notification.
    pub correlation_id: Option<&'a str>,
    /// The body.
    pub body: Vec<u8>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Said {
    /// What was heard.
    pub heard: Heard,
    /// The status of the answer.
    pub code: Option<u16>,
    /// Its body, at most 4 KiB.
    pub body: Option<String>,
    /// What went wrong when there is no answer.
    pub problem: Option<String>,
}

impl Endpoint {
    /// Makes one ready. The error is a sentence without the secrets and without the path of the URL.
    pub fn new(network: &Network, settings: &Settings<'_>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let destination = Destination::parse(settings.url).map_err(|error| format!("its url {error}"))?;
        let target = Target::new(destination).map_err(|error| format!("its url {error}"))?;
        let texts: Vec<&str> = settings.secrets.iter().map(|secret| secret.expose().as_str()).collect();
        let keys = Keys::parse(&texts.join(" ")).map_err(|error| format!("its secret {error}"))?;
        let limits = Limits { timeout: settings.timeout, connections: settings.connections };
        let client = Client::new(network, limits, None).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        for (name, value) in &settings.headers {
            let fit = HeaderName::try_from(*name).ok().zip(HeaderValue::try_from(value.expose()).ok());
            let (name, mut value) = fit.ok_or("one of its headers cannot be sent")?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        Ok(Self { target, client, keys, headers, clock })
    }

    /// Tells it, once.
    pub async fn tell(&self, telling: Telling<'_>) -> Said {
        let request = match self.request(telling) {
            Ok(request) => request,
            Err(error) => return Said::nothing(error.to_string()),
        };
        match self.client.send(&self.target, request).await {
            Ok(answer) => {
                let kept = &answer.body[..answer.body.len().min(MAX_ANSWER)];
                let text = self.target.redact(String::from_utf8_lossy(kept).into_owned());
                let after = asked(&answer.headers, self.clock.now());
                let status = answer.status.as_u16();
                Said {
                    heard: Heard::Answer { status, after },
                    code: Some(status),
                    body: Some(text).filter(|text| !text.is_empty()).map(short),
                    problem: None,
                }
            }
            Err(fault) => Said::nothing(fault.to_string()),
        }
    }

    /// Whether it takes connections, under the rules by which it is told. Nothing is said to it.
    pub async fn reach(&self, within: Duration) -> Reach {
        self.client.reach(&self.target, within).await
    }

    fn request(&self, telling: Telling<'_>) -> Result<Request, hyper::header::InvalidHeaderValue> {
        let at = self.clock.now().timestamp();
        let id = telling.id.to_string();
        let mut headers = self.headers.clone();
        let signature = self.keys.sign(&id, at, &telling.body);
        for (name, value) in [
            ("x-webhook-event", dotted(telling.event)),
            ("x-notification-id", telling.notification.to_string()),
            ("x-service-id", telling.service.to_string()),
            ("x-webhook-attempt", telling.number.to_string()),
            ("webhook-id", id),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", signature),
        ] {
            headers.insert(name, HeaderValue::try_from(value)?);
        }
        if let Some(correlation_id) = telling.correlation_id {
            headers.insert("x-correlation-id", HeaderValue::try_from(correlation_id)?);
        }
        Ok(Request { method: Method::POST, headers, body: Bytes::from(telling.body) })
    }
}

impl Said {
    fn nothing(problem: String) -> Self {
        Self { heard: Heard::Nothing, code: None, body: None, problem: Some(problem) }
    }
}

/// What is replaced in a text that was no UTF-8 makes it longer.
fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_ANSWER));
    text
}
