//! `notifyctl webhook recover`: counted here, done by the engine.

use super::{active, find, known};
use crate::operations::view;
use crate::refuse;
use crate::session::Session;
use crate::verbs::notification::pace;
use notify_proto::control::{Change, Limit};
use notify_proto::transport::Reply;
use notify_proto::upkeep::grouped;
use notify_proto::view::rfc3339;
use notify_proto::webhook::{RecoverRequest, RecoverView};
use notify_proto::{WebhookId, WebhookStatus};
use notifyd_store::operations::{NewOperation, Recovery, Work};

/// Starts to tell a webhook once more; on a dry run it only counts.
pub(crate) async fn recover(
    session: &Session,
    id: WebhookId,
    request: &RecoverRequest,
    change: &Change,
) -> Reply<RecoverView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let webhook = find(room, id)?;
    active(&webhook)?;
    let recovery = checked(id, request, room.now())?;
    let total = room.deps.store.webhooks().count(webhook.no, recovery.page()).await.map_err(refuse::log)?;
    if let Some(expected) = request.expect.filter(|expected| !expected.allows(total)) {
        let message = format!("{} match, not {expected}; nothing was changed", grouped(total));
        return Err(refuse::conflict(message));
    }
    let Recovery { since, until, rate_per_second, .. } = recovery;
    let mut told = RecoverView { total, since, until, rate_per_second, operation: None };
    if operator.dry_run || total == 0 {
        return Ok(told);
    }
    let target = format!("{id}: {} from {} until {}", grouped(total), rfc3339(since), rfc3339(until));
    operator.tell("webhook.recover", &target);
    let work = Some(Work::Recovery(recovery));
    let new = NewOperation { verb: "webhook.recover", target, unit: "events", total, work };
    let operation = room.deps.engine.begin(new, operator.audit()).await.map_err(refuse::log)?;
    told.operation = Some(view(operation));
    Ok(told)
}

fn checked(id: WebhookId, request: &RecoverRequest, now: notify_proto::Timestamp) -> Reply<Recovery> {
    let mut statuses = known(&request.statuses, "status")?;
    if statuses.is_empty() {
        statuses.push(WebhookStatus::Failed);
    }
    let owed = |status: &&WebhookStatus| matches!(status, WebhookStatus::Pending | WebhookStatus::Retrying);
    if let Some(status) = statuses.iter().find(owed) {
        let message = format!("status: what is {status} is told anyway; write failed or acknowledged");
        return Err(refuse::invalid(message));
    }
    // Nothing can have happened after now.
    let until = request.until.map_or(now, |until| until.min(now));
    if request.since >= until {
        return Err(refuse::invalid(format!("since: write a moment before {}", rfc3339(until))));
    }
    let rate_per_second = match request.rate_per_second {
        Limit::Keep => Some(Recovery::RATE),
        rate => pace(rate)?,
    };
    let events = known(&request.events, "events")?;
    Ok(Recovery { webhook: id, statuses, events, since: request.since, until, rate_per_second })
}
