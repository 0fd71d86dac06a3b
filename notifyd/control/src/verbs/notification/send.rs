//! `notifyctl notification send`: the same way in as the HTTP intake's.

use crate::refuse;
use crate::session::Session;
use crate::verbs::provider;
use crate::verbs::service::find;
use notify_proto::control::{Change, Sent};
use notify_proto::send::SendRequest;
use notify_proto::transport::Reply;
use notifyd_store::Tenant;
use notifyd_store::api::{Accepted, Idempotency};
use std::sync::Arc;

/// What tells these requests apart from those of the service API that have the same key.
const SUBJECT: &str = "control";

/// Longest idempotency key, characters.
const MAX_KEY: usize = 255;

/// Accepts a notification for a service, with a key once; nothing on a dry run that would be accepted.
pub(crate) async fn send(
    session: &Session,
    service: &str,
    request: SendRequest,
    key: Option<&str>,
    change: &Change,
) -> Reply<Option<Sent>> {
    let operator = session.change(change)?;
    let room = operator.room;
    let service = find(room, service)?;
    if let Some(name) = &request.provider_id {
        provider::find(room, name)?;
    }
    let once = key.map(|key| idempotency(key, &request)).transpose()?;
    if !service.active {
        let hint = format!("enable it: notifyctl service enable {}", service.name);
        return Err(refuse::conflict(format!("service {} is disabled", service.name)).hint(hint));
    }
    let tenant = Tenant::new(Arc::clone(&room.deps.store), service);
    let now = room.now();
    let draft = tenant
        .draft(request, None, None, now, &room.deps.rules.load())
        .map_err(|errors| refuse::fields(&errors))?;
    if operator.dry_run {
        return Ok(None);
    }
    let accepted = tenant.accept_for(draft, once, now, Some(operator.audit())).await.map_err(refuse::log)?;
    let (receipt, duplicate) = match accepted {
        Accepted::Fresh(receipt) => (receipt, false),
        Accepted::Duplicate(receipt) => (receipt, true),
        Accepted::Replayed { receipt, duplicate } => (receipt, duplicate),
        Accepted::KeyReused => {
            let message = "the idempotency key was used with another request within the last 24 hours";
            return Err(refuse::conflict(message).hint("use a new one"));
        }
    };
    operator.tell("notification.send", &receipt.id.to_string());
    Ok(Some(Sent { id: receipt.id, status: receipt.status.into(), duplicate }))
}

fn idempotency(key: &str, request: &SendRequest) -> Reply<Idempotency> {
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse::invalid(format!(
            "idempotency key: write 1 to {MAX_KEY} visible ASCII characters"
        )));
    }
    let body = serde_json::to_vec(request).map_err(|error| refuse::invalid(error.to_string()))?;
    Ok(Idempotency::of(key, SUBJECT, &body))
}
