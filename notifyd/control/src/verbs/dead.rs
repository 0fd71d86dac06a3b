//! `notifyctl dead`: what is true of dead letters alone.

use crate::session::{Room, Session};
use crate::verbs::notification::{MAX_IDS, check, find, hidden};
use crate::{bound, refuse};
use notify_proto::bulk::{FaultGroup, FaultGroups};
use notify_proto::control::{Change, Changed};
use notify_proto::filter::Filter;
use notify_proto::transport::Reply;
use notify_proto::{ApiError, NotificationId, Open, Status};
use notifyd_lifecycle::fault::template;
use notifyd_store::api;
use notifyd_store::faults::Fault;

/// Groups told at most.
const MAX_GROUPS: usize = 100;

/// What becomes of one that is discarded.
const DISCARDED: &str = "discarded";

/// Dead letters by what is wrong with them, the largest groups first.
pub(crate) async fn group(session: &Session, filter: Filter) -> Reply<FaultGroups> {
    let room = session.look()?;
    check(session, &filter)?;
    room.answers.dead.get(&*room.deps.clock, &filter, groups(room, filter.clone())).await
}

async fn groups(room: &Room, filter: Filter) -> Reply<FaultGroups> {
    let found = room.deps.store.operations().faults(filter, MAX_GROUPS).await.map_err(refuse::log)?;
    let mut groups: Vec<_> = found.groups.into_iter().map(told).collect();
    let fitting = bound::fitting(&groups);
    let elsewhere = found.elsewhere + groups.iter().skip(fitting).map(|group| group.count).sum::<u64>();
    groups.truncate(fitting);
    Ok(FaultGroups { groups, elsewhere, scanned: found.scanned, partial: found.partial })
}

fn told(fault: Fault) -> FaultGroup {
    let Fault { fingerprint, count, first, last, trend, sample } = fault;
    // An error can quote what was sent, and to whom.
    let sample = hidden(sample);
    FaultGroup {
        fault: fingerprint,
        count,
        reason: sample.failure_reason,
        provider_name: sample.provider_name,
        error: sample.error_message.as_deref().map(template),
        first_at: first,
        last_at: last,
        trend,
        sample: sample.id,
    }
}

/// Removes dead letters from the log, each with its story.
pub(crate) async fn discard(
    session: &Session,
    ids: Vec<NotificationId>,
    change: &Change,
) -> Reply<Vec<Changed>> {
    let operator = session.change(change)?;
    if ids.len() > MAX_IDS {
        return Err(refuse::invalid(format!("a call takes at most {MAX_IDS} ids; these are {}", ids.len())));
    }
    if operator.dry_run {
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            let result = match find(operator.room, id).await {
                Ok(detail) => allowed(detail.notification.status.known()),
                Err(error) => Err(error),
            };
            all.push(Changed { id, result });
        }
        return Ok(all);
    }
    let verdicts = operator.room.deps.engine.discard(ids.clone(), operator.audit_of_one()).await;
    let of = |(id, verdict): (NotificationId, api::Changed)| {
        let result = match verdict {
            api::Changed::Done(_) => {
                operator.tell("dead.discard", &id.to_string());
                Ok(Open::Unknown(DISCARDED.to_owned()))
            }
            api::Changed::NotFound => Err(refuse::no_notification()),
            api::Changed::Refused(status) => Err(refuse::refused(status, DISCARDED)),
        };
        Changed { id, result }
    };
    Ok(ids.into_iter().zip(verdicts.map_err(refuse::log)?).map(of).collect())
}

/// Only what has failed is a dead letter.
fn allowed(status: Option<Status>) -> Result<Open<Status>, ApiError> {
    match status {
        Some(Status::Failed) => Ok(Open::Unknown(DISCARDED.to_owned())),
        Some(status) => Err(refuse::refused(status, DISCARDED)),
        None => Err(refuse::conflict("its status is not known here")),
    }
}
