//! Webhooks: who is told what happens to the service's notifications. Here they are created, changed and tried;
//! [`deliveries`] is what they were told, [`replay`] tells them much of it once more.

pub(crate) mod deliveries;
pub(crate) mod replay;

use crate::answer::json;
use crate::auth::Caller;
use crate::body::{Json, Raw};
use crate::context::Context;
use crate::decode::{Flaw, decode};
use crate::idempotency;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use chrono::TimeDelta;
use notify_proto::view::write_opt_time;
use notify_proto::webhook::WebhookView;
use notify_proto::{DeliveryId, Timestamp, WebhookEvent, WebhookId, WebhookStatus};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::admission::FieldError;
use notifyd_lifecycle::webhook::ask::{event, own_secret};
use notifyd_lifecycle::webhook::{Ask, Asked, sign};
use notifyd_store::Tenant;
use notifyd_store::webhooks::Created;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// For how long the secret before a new one signs as well, seconds, when the caller does not say: a day.
const DEFAULT_OVERLAP: i64 = 86_400;

/// The longest: a week.
const MAX_OVERLAP: i64 = 604_800;

/// The webhook and the delivery in the path. What is no id names nothing, just as an unknown one.
pub(crate) struct Ids {
    webhook: WebhookId,
    delivery: Option<DeliveryId>,
}

impl Ids {
    /// The delivery; it is in the path of whoever asks for it.
    fn delivery(&self) -> Result<DeliveryId, Problem> {
        self.delivery.ok_or_else(no_delivery)
    }
}

impl FromRequestParts<Arc<Context>> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        let path = RawPathParams::from_request_parts(parts, context).await;
        let path = path.map_err(|_| Problem::no_webhook())?;
        let named = |name: &str| path.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        let webhook = named("id").and_then(|text| text.parse().ok()).ok_or_else(Problem::no_webhook)?;
        let delivery = named("delivery_id").map(|text| text.parse().map_err(|_| no_delivery()));
        Ok(Self { webhook, delivery: delivery.transpose()? })
    }
}

fn no_delivery() -> Problem {
    Problem::not_found("There is no delivery with this id to this webhook.")
}

#[derive(Serialize)]
struct All {
    webhooks: Vec<WebhookView>,
}

/// A webhook with its secret, which is told this once.
#[derive(Serialize)]
struct New<'a> {
    #[serde(flatten)]
    webhook: &'a WebhookView,
    secret: &'a str,
}

/// The body of a test.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TestBody {
    event: Option<String>,
}

/// The body of a rotation.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RotateBody {
    overlap_seconds: Option<i64>,
    secret: Option<String>,
}

/// What is owed now.
#[derive(Serialize)]
struct Owed {
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    status: WebhookStatus,
}

#[derive(Serialize)]
struct Rotated<'a> {
    webhook_id: WebhookId,
    secret: &'a str,
    #[serde(serialize_with = "write_opt_time")]
    old_secret_until: Option<Timestamp>,
}

/// Reads an [`Ask`] and checks it, so that what is no field and what is no good value are told together.
fn read(bytes: &[u8], check: impl Fn(Ask) -> Result<Asked, Vec<FieldError>>) -> Result<Asked, Problem> {
    match decode::<Ask>(bytes) {
        Ok(ask) => check(ask).map_err(Problem::fields),
        Err(Flaw::NotJson(detail)) => Err(Problem::bad_request(detail)),
        Err(Flaw::Fields { mut errors, rest }) => {
            let more = rest.and_then(|rest| check(rest).err()).unwrap_or_default();
            // What was given and could not be read is not missing.
            let known: Vec<_> = errors.iter().map(|error| error.field.clone()).collect();
            errors
                .extend(more.into_iter().filter(|error| error.field != "$" && !known.contains(&error.field)));
            Err(Problem::fields(errors))
        }
    }
}

/// `POST /api/v1/webhooks`.
pub(crate) async fn create(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    headers: HeaderMap,
    Raw(bytes, _room): Raw,
) -> Result<Response<Body>, Problem> {
    context.check_takes()?;
    let key = idempotency::of(&headers, "webhooks", &bytes)?;
    let rules = context.rules.load();
    let created = match (read(&bytes, |ask| ask.create(&rules.destinations)), key) {
        (Ok(mut asked), key) => {
            let secret = asked.secret.take().unwrap_or_else(|| sign::mint(&*context.entropy));
            let now = context.clock.now();
            tenant.create_webhook(asked, secret, rules.webhooks_per_service, key, now).await?
        }
        // What was created once is answered as it was, even if it would be refused now.
        (Err(problem), Some(key)) => tenant.webhook_before(key).await?.ok_or(problem)?,
        (Err(problem), None) => return Err(problem),
    };
    match created {
        Created::Fresh(id) => created_answer(&tenant, id).await?.ok_or_else(Problem::no_webhook),
        Created::Before(id) => {
            let mut answer = created_answer(&tenant, id).await?.ok_or_else(|| {
                Problem::conflict("The webhook that this Idempotency-Key created was removed; use a new key.")
            })?;
            let name = HeaderName::from_static("idempotency-replayed");
            answer.headers_mut().insert(name, HeaderValue::from_static("true"));
            Ok(answer)
        }
        Created::KeyReused => Err(idempotency::reused()),
    }
}

async fn created_answer(tenant: &Tenant, id: WebhookId) -> Result<Option<Response<Body>>, Problem> {
    let (Some(webhook), Some(secret)) = (tenant.webhook(id).await?, tenant.webhook_secret(id).await?) else {
        return Ok(None);
    };
    let mut answer = json(StatusCode::CREATED, &New { webhook: &webhook, secret: secret.expose() });
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/webhooks/{id}")) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(Some(answer))
}

/// `GET /api/v1/webhooks`.
pub(crate) async fn list(Caller(tenant): Caller) -> Result<Response<Body>, Problem> {
    Ok(json(StatusCode::OK, &All { webhooks: tenant.webhooks().await? }))
}

/// `GET /api/v1/webhooks/{id}`.
pub(crate) async fn show(Caller(tenant): Caller, ids: Ids) -> Result<Response<Body>, Problem> {
    let webhook = tenant.webhook(ids.webhook).await?.ok_or_else(Problem::no_webhook)?;
    Ok(json(StatusCode::OK, &webhook))
}

/// `PUT /api/v1/webhooks/{id}`.
pub(crate) async fn change(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    ids: Ids,
    Raw(bytes, _room): Raw,
) -> Result<Response<Body>, Problem> {
    context.check_takes()?;
    let rules = context.rules.load_full();
    let changed = tenant
        .change_webhook(ids.webhook, |now, headers| {
            read(&bytes, |ask| ask.change(now.clone(), headers, &rules.destinations))
        })
        .await?;
    let webhook = changed.ok_or_else(Problem::no_webhook)??;
    Ok(json(StatusCode::OK, &webhook))
}

/// `DELETE /api/v1/webhooks/{id}`.
pub(crate) async fn remove(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    ids: Ids,
) -> Result<Response<Body>, Problem> {
    if context.draining() {
        return Err(Problem::draining());
    }
    if !tenant.remove_webhook(ids.webhook).await? {
        return Err(Problem::no_webhook());
    }
    let mut gone = Response::new(Body::empty());
    *gone.status_mut() = StatusCode::NO_CONTENT;
    Ok(gone)
}

/// `POST /api/v1/webhooks/{id}/test`.
pub(crate) async fn test(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    ids: Ids,
    Json(body, _room): Json<TestBody, true>,
) -> Result<Response<Body>, Problem> {
    context.check_takes()?;
    let event = match body.event {
        Some(word) => event(&word).map_err(|problem| Problem::field("event", problem))?,
        None => WebhookEvent::Delivered,
    };
    check_active(&tenant, ids.webhook)?;
    let delivery = tenant.test_webhook(ids.webhook, event, context.clock.now()).await?;
    Ok(owed(ids.webhook, delivery.ok_or_else(Problem::no_webhook)?))
}

/// `POST /api/v1/webhooks/{id}/rotate-secret`.
pub(crate) async fn rotate(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    ids: Ids,
    Json(body, _room): Json<RotateBody, true>,
) -> Result<Response<Body>, Problem> {
    context.check_takes()?;
    let mut errors = Vec::new();
    let overlap = body.overlap_seconds.unwrap_or(DEFAULT_OVERLAP);
    if !(0..=MAX_OVERLAP).contains(&overlap) {
        let message = format!("must be 0 to {MAX_OVERLAP} seconds");
        errors.push(FieldError { field: "overlap_seconds".to_owned(), message });
    }
    let own = body.secret.as_deref().map(own_secret).transpose().map_err(|error| errors.push(error));
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let own: Option<Secret<String>> = own.unwrap_or_default();
    let secret = own.unwrap_or_else(|| sign::mint(&*context.entropy));
    let until = (overlap > 0).then(|| context.clock.now() + TimeDelta::seconds(overlap));
    if !tenant.rotate_webhook(ids.webhook, &secret, until).await? {
        return Err(Problem::no_webhook());
    }
    let rotated = Rotated { webhook_id: ids.webhook, secret: secret.expose(), old_secret_until: until };
    Ok(json(StatusCode::OK, &rotated))
}

/// Refuses to owe something to one that is told nothing.
fn check_active(tenant: &Tenant, id: WebhookId) -> Result<(), Problem> {
    match tenant.webhook_is_active(id) {
        Some(true) => Ok(()),
        Some(false) => Err(Problem::conflict(
            "This webhook is switched off and is told nothing; set is_active to true first.",
        )),
        None => Err(Problem::no_webhook()),
    }
}

fn owed(webhook_id: WebhookId, delivery_id: DeliveryId) -> Response<Body> {
    let owed = Owed { webhook_id, delivery_id, status: WebhookStatus::Pending };
    json(StatusCode::ACCEPTED, &owed)
}
