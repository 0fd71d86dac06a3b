//! Tells a webhook once more what it was told in some time, in the order it happened: as an operation, bit by bit behind the
//! answer, so that everybody else's writes come between and a restart goes on with it.

use super::{Ids, check_active};
use crate::answer::json;
use crate::auth::Caller;
use crate::body::Json;
use crate::context::Context;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use notify_proto::view::write_time;
use notify_proto::{Timestamp, WebhookId, WebhookStatus};
use notifyd_lifecycle::admission::FieldError;
use notifyd_store::StoreError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// When to ask again while another replay is under way, seconds.
const BUSY: u64 = 5;

/// The body.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReplayBody {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    status: Option<WebhookStatus>,
}

#[derive(Serialize)]
struct Begun {
    webhook_id: WebhookId,
    status: WebhookStatus,
    #[serde(serialize_with = "write_time")]
    since: Timestamp,
    #[serde(serialize_with = "write_time")]
    until: Timestamp,
    count: u64,
    operation: Option<String>,
}

impl ReplayBody {
    fn check(&self, now: Timestamp) -> Result<(Timestamp, Timestamp, WebhookStatus), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: &str| {
            errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
        };
        // What happens from now on is told anyway.
        let until = self.until.unwrap_or(now).min(now);
        match self.since {
            None => wrong("since", "is missing: from when on, such as 2026-01-31T12:00:00Z"),
            Some(since) if since >= until => wrong("since", "must be earlier than until and than now"),
            Some(_) => {}
        }
        let status = self.status.unwrap_or(WebhookStatus::Failed);
        if matches!(status, WebhookStatus::Pending | WebhookStatus::Retrying) {
            wrong("status", "must be failed or acknowledged; what is still owed is told anyway");
        }
        if errors.is_empty() { Ok((self.since.unwrap_or(until), until, status)) } else { Err(errors) }
    }
}

/// `POST /api/v1/webhooks/{id}/replay`.
pub(crate) async fn replay(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    ids: Ids,
    Json(body, _room): Json<ReplayBody>,
) -> Result<Response<Body>, Problem> {
    context.check_takes()?;
    let (since, until, status) = body.check(context.clock.now()).map_err(Problem::fields)?;
    check_active(&tenant, ids.webhook)?;
    let begun = match tenant.replay_webhook(ids.webhook, status, (since, until)).await {
        Err(error @ StoreError::Busy(_)) => {
            return Err(Problem::conflict(format!("{error}.")).retry_after(BUSY));
        }
        begun => begun?.ok_or_else(Problem::no_webhook)?,
    };
    let operation = begun.operation.map(|no| format!("op_{no}"));
    let webhook_id = ids.webhook;
    Ok(json(StatusCode::ACCEPTED, &Begun { webhook_id, status, since, until, count: begun.count, operation }))
}
