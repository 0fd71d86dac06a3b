//! `notifyctl webhook resend`. Refusals of single ids are answers, not errors.

use super::{active, find};
use crate::refuse;
use crate::session::{Operator, Session};
use crate::verbs::notification::MAX_IDS;
use notify_proto::control::Change;
use notify_proto::transport::Reply;
use notify_proto::webhook::Resent;
use notify_proto::{ApiError, DeliveryId, Open, WebhookStatus};

/// Has these told once more, each with a fresh schedule; what is still owed is told now.
pub(crate) async fn resend(session: &Session, ids: Vec<DeliveryId>, change: &Change) -> Reply<Vec<Resent>> {
    let operator = session.change(change)?;
    if ids.len() > MAX_IDS {
        return Err(refuse::invalid(format!("a call takes at most {MAX_IDS} ids; these are {}", ids.len())));
    }
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        let result = one(&operator, id).await;
        all.push(Resent { id, result });
    }
    Ok(all)
}

async fn one(operator: &Operator<'_>, id: DeliveryId) -> Result<Open<WebhookStatus>, ApiError> {
    let room = operator.room;
    let webhooks = room.deps.store.webhooks();
    let unknown = || refuse::not_found("webhook delivery", id);
    let found = webhooks.delivery(id).await.map_err(refuse::log)?.ok_or_else(unknown)?;
    active(&*find(room, found.delivery.webhook_id)?)?;
    if !operator.dry_run {
        if !webhooks.redeliver(id, operator.audit_of_one()).await.map_err(refuse::log)? {
            return Err(unknown());
        }
        operator.tell("webhook.resend", &id.to_string());
    }
    Ok(WebhookStatus::Pending.into())
}
