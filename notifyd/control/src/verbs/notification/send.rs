//! `notifyctl notification send`: the same way in as the HTTP intake's.

use crate::refuse;
use crate::session::Session;
use crate::verbs::service::find;
use notify_proto::control::{Change, Sent};
use notify_proto::send::SendRequest;
use notify_proto::transport::Reply;
use notifyd_store::Tenant;
use notifyd_store::api::Accepted;
use std::sync::Arc;

/// Accepts a notification for a service; nothing on a dry run that would be accepted.
pub(crate) async fn send(
    session: &Session,
    service: &str,
    request: SendRequest,
    change: &Change,
) -> Reply<Option<Sent>> {
    let operator = session.change(change)?;
    let room = operator.room;
    let service = find(room, service)?;
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
    let accepted = tenant.accept_for(draft, None, now, Some(operator.audit())).await.map_err(refuse::log)?;
    let (receipt, duplicate) = match accepted {
        Accepted::Fresh(receipt) => (receipt, false),
        Accepted::Duplicate(receipt) => (receipt, true),
        Accepted::Replayed { receipt, duplicate } => (receipt, duplicate),
        Accepted::KeyReused => {
            return Err(refuse::conflict("the idempotency key was used with another request"));
        }
    };
    operator.tell("notification.send", &receipt.id.to_string());
    Ok(Some(Sent { id: receipt.id, status: receipt.status.into(), duplicate }))
}
