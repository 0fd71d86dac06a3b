//! Asks for a notification: `/sms`, `/email` and the others, `/notifications` and `/notifications/{channel}`. They are
//! one handler over one body; the path only fixes the channel.
//!
//! This is the hot path: it is matched before the router, and every step that a good request does not need (field by
//! field errors, problem texts, label lookups) is off to the side.

use crate::answer::json;
use crate::body::{check_type, discard, read};
use crate::context::Context;
use crate::decode::{Flaw, decode};
use crate::idempotency;
use crate::problem::Problem;
use crate::visit::Visit;
use axum::body::{Body, HttpBody};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use notify_proto::send::SendRequest;
use notify_proto::view::rfc3339;
use notify_proto::{Channel, NotificationId, Timestamp};
use notifyd_lifecycle::FailPoint;
use notifyd_lifecycle::admission::{Draft, FieldError};
use notifyd_store::Tenant;
use notifyd_store::api::{Accepted, Receipt};
use serde::Serialize;

/// The addresses to send to: the general one, one per channel, and the same under another name.
pub(crate) const ADDRESSES: [&str; 3] =
    ["/api/v1/notifications", "/api/v1/{channel}", "/api/v1/notifications/{channel}"];

/// Which of the addresses was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// The channel, when the path names it.
    channel: Option<Channel>,
    /// The route, for the metrics.
    pub(crate) route: &'static str,
}

impl Form {
    /// The form of a path, if it is one to send to.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/api/v1/")?;
        let [general, of_channel, longer] = ADDRESSES;
        let (word, route) = match rest.strip_prefix("notifications") {
            Some("") => return Some(Self { channel: None, route: general }),
            Some(rest) => (rest.strip_prefix('/')?, longer),
            None => (rest, of_channel),
        };
        let channel = Channel::ALL.iter().find(|channel| channel.as_str() == word)?;
        Some(Self { channel: Some(*channel), route })
    }
}

/// The answer.
#[derive(Serialize)]
struct Answer<'a> {
    success: bool,
    status: &'static str,
    id: NotificationId,
    created_at: String,
    channel: Channel,
    provider_name: Option<&'a str>,
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
    provider_response: Words,
}

#[derive(Serialize)]
struct Words {
    message: &'static str,
    notification_id: NotificationId,
}

/// Accepts it. The answer is given after the commit.
pub(crate) async fn send<B>(
    context: &Context,
    parts: &Parts,
    body: B,
    form: Form,
    visit: &Visit,
) -> Result<Response<Body>, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let opened = context.gate.open(&parts.headers, visit, context.clock.now());
    let checked = opened.and_then(|tenant| {
        // Before the body is read: it could not be kept.
        context.check_takes()?;
        check_type(&parts.headers)?;
        Ok(tenant)
    });
    let tenant = match checked {
        Ok(tenant) => tenant,
        Err(problem) => {
            discard(&parts.headers, body).await;
            return Err(problem);
        }
    };
    let (bytes, _share) = read(context, visit.payer(), &parts.headers, body).await?;
    let subject = form.channel.map_or("notifications", Channel::as_str);
    let idempotency = idempotency::of(&parts.headers, subject, &bytes)?;
    let now = context.clock.now();
    let draft = draft(context, &tenant, &bytes, form, visit, now);
    // From here on the request is in memory once, understood, and not twice.
    drop(bytes);
    let accepted = match (draft, idempotency) {
        (Ok(draft), idempotency) => {
            FailPoint::IntakeReceived.reached();
            let accepted = tenant.accept(draft, idempotency, now).await?;
            FailPoint::IntakeAnswering.reached();
            accepted
        }
        // What was accepted once is answered as it was, even if it would be refused now: its provider may be gone.
        (Err(problem), Some(idempotency)) => tenant.replay(idempotency, now).await?.ok_or(problem)?,
        (Err(problem), None) => return Err(problem),
    };
    match accepted {
        Accepted::Fresh(receipt) => Ok(answer(&receipt, false)),
        Accepted::Duplicate(receipt) => {
            context.metrics.deduplicated.inc();
            Ok(answer(&receipt, true))
        }
        Accepted::Replayed { receipt, duplicate } => {
            let mut response = answer(&receipt, duplicate);
            let name = HeaderName::from_static("idempotency-replayed");
            response.headers_mut().insert(name, HeaderValue::from_static("true"));
            Ok(response)
        }
        Accepted::KeyReused => Err(idempotency::reused()),
    }
}

fn draft(
    context: &Context,
    tenant: &Tenant,
    bytes: &[u8],
    form: Form,
    visit: &Visit,
    now: Timestamp,
) -> Result<Draft, Problem> {
    let check = |request: SendRequest| {
        let correlation = Some(visit.correlation.as_str().to_owned());
        tenant.draft(request, form.channel, correlation, now, &context.rules.load())
    };
    match decode(bytes) {
        Ok(request) => check(request).map_err(Problem::fields),
        Err(Flaw::NotJson(detail)) => Err(Problem::bad_request(detail)),
        Err(Flaw::Fields { errors, rest }) => {
            let more = rest.and_then(|rest| check(rest).err()).unwrap_or_default();
            Err(Problem::fields(merge(errors, more)))
        }
    }
}

/// Adds what is wrong with the fields that could be read, but not that a field is missing which could not.
fn merge(mut errors: Vec<FieldError>, more: Vec<FieldError>) -> Vec<FieldError> {
    let root = |field: &str| match field.split(['.', '[']).next().unwrap_or_default() {
        "to" => "recipient".to_owned(),
        "message" | "body" => "content".to_owned(),
        "channels" => "channel".to_owned(),
        root => root.to_owned(),
    };
    let known: Vec<_> = errors.iter().map(|error| root(&error.field)).collect();
    errors.extend(more.into_iter().filter(|error| !known.contains(&root(&error.field))));
    errors
}

fn answer(receipt: &Receipt, duplicate: bool) -> Response<Body> {
    let answer = Answer {
        success: true,
        status: receipt.status.as_str(),
        id: receipt.id,
        created_at: rfc3339(receipt.created_at),
        channel: receipt.channel,
        provider_name: receipt.provider_name.as_deref(),
        message_id: None,
        duplicate,
        provider_response: Words {
            message: if duplicate {
                "An equal notification was accepted before"
            } else {
                "Notification queued for processing"
            },
            notification_id: receipt.id,
        },
    };
    json(if duplicate { StatusCode::OK } else { StatusCode::ACCEPTED }, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_fixes_the_channel() {
        let channel = |path| Form::of(path).map(|form| form.channel);
        assert_eq!(channel("/api/v1/sms"), Some(Some(Channel::Sms)));
        assert_eq!(channel("/api/v1/notifications/webhook"), Some(Some(Channel::Webhook)));
        assert_eq!(channel("/api/v1/notifications"), Some(None));
        for path in
            ["/api/v1/fax", "/api/v1/notifications/", "/api/v1/notificationsx", "/api/v1/sms/", "/sms", "/"]
        {
            assert_eq!(channel(path), None, "{path}");
        }
    }

    #[test]
    fn a_field_is_not_called_missing_when_it_was_wrong() {
        let error = |field: &str| FieldError { field: field.into(), message: String::new() };
        let merged = merge(vec![error("to"), error("colour")], vec![error("recipient"), error("content")]);
        let fields: Vec<_> = merged.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["to", "colour", "content"]);
    }
}
