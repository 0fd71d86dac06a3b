//! Revoke, retry, edit.

use super::Id;
use crate::answer::json;
use crate::auth::Caller;
use crate::body::Json;
use crate::context::Context;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use notify_proto::send::{Recipient, SendRequest};
use notify_proto::view::NotificationView;
use notify_proto::{NotificationId, Open, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::revision::{Revision, revise};
use notifyd_store::Tenant;
use notifyd_store::api::{Changed, Edit};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Longest reason of a revocation, characters.
const MAX_REASON: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RevokeBody {
    reason: Option<String>,
}

/// The body of a retry: nothing yet.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetryBody {}

#[derive(Serialize)]
struct Done {
    message: String,
    status: String,
}

#[derive(Serialize)]
struct Edited {
    message: String,
    notification: NotificationView,
}

/// `POST /api/v1/notifications/{id}/revoke`.
pub(crate) async fn revoke(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    Id(id): Id,
    Json(body, _room): Json<RevokeBody, true>,
) -> Result<Response<Body>, Problem> {
    refuse_while_draining(&context)?;
    if let Some(reason) = &body.reason
        && (reason.chars().count() > MAX_REASON || reason.chars().any(char::is_control))
    {
        let message = format!("must be one line of at most {MAX_REASON} characters");
        return Err(Problem::field("reason", message));
    }
    let changed = tenant.revoke(id, body.reason).await?;
    done(changed, id, "has been revoked", "can no longer be revoked")
}

/// `POST /api/v1/notifications/{id}/retry`.
pub(crate) async fn retry(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    Id(id): Id,
    Json(RetryBody {}, _room): Json<RetryBody, true>,
) -> Result<Response<Body>, Problem> {
    refuse_while_draining(&context)?;
    let changed = tenant.retry(id).await?;
    done(changed, id, "has been queued again", "cannot be retried; only failed and cancelled ones can")
}

/// `PUT /api/v1/notifications/{id}`.
pub(crate) async fn edit(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    Id(id): Id,
    Json(revision, _room): Json<Revision>,
) -> Result<Response<Body>, Problem> {
    refuse_while_draining(&context)?;
    let current = tenant.notification(id).await?.ok_or_else(Problem::no_notification)?.notification;
    let channels: Vec<_> = current.channels.iter().filter_map(Open::known).collect();
    let recipient = revision.recipient.clone();
    let revised = revise(revision, &channels, current.expires_at, context.clock.now(), &context.rules.load())
        .map_err(Problem::fields)?;
    // What can no longer be changed is refused for that.
    if let Some(recipient) = recipient
        && current.status.known().is_some_and(|status| Transition::edit_now().allows(status))
    {
        check_reach(&context, &tenant, id, recipient).await?;
    }
    let edit = Edit {
        recipient: revised.recipient,
        content: revised.content,
        subject: revised.subject,
        priority: revised.priority,
        scheduled_at: revised.scheduled_at,
        meta_data: revised.meta_data,
    };
    match tenant.edit(id, edit).await? {
        Changed::Done(_) => {
            let mut now = tenant.notification(id).await?.ok_or_else(Problem::no_notification)?;
            now.notification.settle();
            let message = format!("Notification {id} has been updated");
            Ok(json(StatusCode::OK, &Edited { message, notification: now.notification }))
        }
        Changed::NotFound => Err(Problem::no_notification()),
        Changed::Refused(status) => Err(refused(id, status, "can no longer be changed")),
    }
}

/// Refuses a recipient whom nobody could reach, in the words of a new request: to the channels and the provider that it was
/// sent for.
async fn check_reach(
    context: &Context,
    tenant: &Tenant,
    id: NotificationId,
    recipient: Recipient,
) -> Result<(), Problem> {
    let plan = context.gate.plan(tenant, id).await?.ok_or_else(Problem::no_notification)?;
    let (channel, channels) = match plan.channels.as_slice() {
        [only] => (Some(*only), None),
        _ => (None, Some(plan.channels)),
    };
    let request = SendRequest {
        channel,
        channels,
        recipient: Some(recipient),
        // Of what it says, nothing is asked here.
        content: Some("unchanged".to_owned()),
        provider_id: plan.pinned.map(|id| id.to_string()),
        allow_failover: Some(plan.allow_failover),
        ..SendRequest::default()
    };
    let draft = tenant.draft(request, None, None, context.clock.now(), &context.rules.load());
    draft.map(drop).map_err(Problem::fields)
}

fn refuse_while_draining(context: &Context) -> Result<(), Problem> {
    if context.draining() { Err(Problem::draining()) } else { Ok(()) }
}

fn done(changed: Changed, id: NotificationId, did: &str, cannot: &str) -> Result<Response<Body>, Problem> {
    match changed {
        Changed::Done(status) => {
            let message = format!("Notification {id} {did}");
            Ok(json(StatusCode::OK, &Done { message, status: status.as_str().to_uppercase() }))
        }
        Changed::NotFound => Err(Problem::no_notification()),
        Changed::Refused(status) => Err(refused(id, status, cannot)),
    }
}

fn refused(id: NotificationId, status: Status, cannot: &str) -> Problem {
    Problem::conflict(format!("Notification {id} is {status} and {cannot}."))
}
