//! `notifyctl notification retry`, `postpone` and `bury`, and what they share with `notifyctl schedule move` and `run`.
//! Refusals of single ids are answers, not errors.

use super::change::each;
use crate::refuse;
use crate::session::{Operator, Room, Session};
use crate::verbs::provider::find;
use notify_proto::bulk::Again;
use notify_proto::control::{Change, Changed};
use notify_proto::transport::Reply;
use notify_proto::view::NotificationView;
use notify_proto::{ApiError, NotificationId, Open, Status, Timestamp};
use notifyd_lifecycle::clock::{from_millis, to_millis};
use notifyd_lifecycle::steer::{self, Refusal, Verdict, Waiting, Wish};
use notifyd_store::api::Steered;
use notifyd_store::{Scope, StoreError};

/// Tries again what has ended, is held or waits for a retry.
pub(crate) async fn retry(
    session: &Session,
    ids: Vec<NotificationId>,
    again: Again,
    change: &Change,
) -> Reply<Vec<Changed>> {
    let room = session.change(change)?.room;
    let wish = Wish::Retry(wished(room, &again)?);
    steer(session, ids, wish, "notification.retry", change).await
}

/// Another try, with the provider it names: one that is switched on.
pub(super) fn wished(room: &Room, again: &Again) -> Reply<steer::Again> {
    let provider = again.provider.as_deref().map(|name| find(room, name)).transpose()?;
    if let Some(off) = provider.as_ref().filter(|provider| !provider.active) {
        let message = format!("provider: {} is switched off", off.name);
        return Err(refuse::conflict(message).hint(format!("notifyctl provider enable {} first", off.name)));
    }
    Ok(steer::Again {
        at: again.at.map(stored),
        provider: provider.map(|provider| provider.id),
        reset: again.reset_attempts,
    })
}

/// Gives what is neither final nor under way a later time.
pub(crate) async fn postpone(
    session: &Session,
    ids: Vec<NotificationId>,
    until: Timestamp,
    change: &Change,
) -> Reply<Vec<Changed>> {
    steer(session, ids, Wish::Postpone(stored(until)), "notification.postpone", change).await
}

/// Gives up what is neither final nor under way; with `notify` the webhooks of its service are told.
pub(crate) async fn bury(
    session: &Session,
    ids: Vec<NotificationId>,
    notify: bool,
    change: &Change,
) -> Reply<Vec<Changed>> {
    steer(session, ids, Wish::Bury { notify }, "notification.bury", change).await
}

/// A moment as the log keeps it.
pub(in crate::verbs) fn stored(at: Timestamp) -> Timestamp {
    from_millis(to_millis(at))
}

/// Grants a wish to each of them that the rules allow it; `verb` is the word of the audit log.
pub(in crate::verbs) async fn steer(
    session: &Session,
    ids: Vec<NotificationId>,
    wish: Wish,
    verb: &'static str,
    change: &Change,
) -> Reply<Vec<Changed>> {
    let operator = session.change(change)?;
    each(ids, |id| one(&operator, id, wish, verb)).await
}

async fn one(
    operator: &Operator<'_>,
    id: NotificationId,
    wish: Wish,
    verb: &'static str,
) -> Result<Open<Status>, ApiError> {
    if operator.dry_run {
        return preview(operator, id, wish).await;
    }
    let steered = operator.room.deps.engine.steer(id, wish, verb, operator.audit_of_one()).await;
    match steered.map_err(refuse::log)? {
        Steered::Applied(status) => {
            operator.tell(verb, &id.to_string());
            Ok(status.into())
        }
        Steered::AlreadyDone(status) => Ok(status.into()),
        Steered::NotFound => Err(refuse::no_notification()),
        Steered::Refused(refusal) => Err(refused(refusal)),
        Steered::SomeoneElses => {
            Err(refuse::conflict("it was changed at the same moment").hint("look at it and try again"))
        }
    }
}

/// What would become of it, by the same rules.
async fn preview(operator: &Operator<'_>, id: NotificationId, wish: Wish) -> Result<Open<Status>, ApiError> {
    let room = operator.room;
    let detail = room.deps.store.notification(Scope::All, id).await.map_err(refuse::log)?;
    let view = detail.ok_or_else(refuse::no_notification)?.notification;
    let Some(waiting) = waiting(&view) else {
        return Err(refuse::conflict(format!("its status {} is not known here", view.status)));
    };
    let verdict = wish.judge(&waiting, room.now()).map_err(refused)?;
    if let Wish::Retry(again) = wish {
        may_start(room, &view, again).await?;
    }
    match verdict {
        Verdict::Take(transition) => Ok(transition.to().into()),
        Verdict::Already => Ok(waiting.status.into()),
    }
}

/// Refuses what nobody would send.
async fn may_start(room: &Room, view: &NotificationView, again: steer::Again) -> Reply<()> {
    let directory = room.deps.store.directory();
    if directory.service(view.service_id).is_none() {
        return Err(refuse::log(StoreError::ServiceGone));
    }
    let Some(id) = again.provider else { return Ok(()) };
    let job = room.deps.store.job(view.id).await.map_err(refuse::log)?.ok_or_else(refuse::no_notification)?;
    let served = directory.provider(id).map_or(&[][..], |provider| &provider.channels);
    let reaches = job.plan.reaches(&job.message.addresses, served);
    if reaches { Ok(()) } else { Err(refused(Refusal::Unserved)) }
}

fn waiting(view: &NotificationView) -> Option<Waiting> {
    Some(Waiting {
        status: view.status.known()?,
        due_at: view.next_attempt_at,
        expires_at: view.expires_at,
        failure: view.failure_reason.as_ref().and_then(Open::known),
    })
}

/// Why it cannot be, with a way out.
pub(super) fn refused(refusal: Refusal) -> ApiError {
    let message = refusal.to_string();
    match refusal {
        Refusal::Past(_) | Refusal::TooFar(_) => refuse::invalid(message),
        Refusal::Final(..) => refuse::conflict(message),
        Refusal::Scheduled(_) => refuse::conflict(message)
            .hint("notifyctl schedule run sends it now; notifyctl schedule move gives it another time"),
        Refusal::Unserved => refuse::conflict(message).hint("notifyctl notification show tells its channels"),
        Refusal::Sending(_) => refuse::conflict(message).hint("try again when it has ended"),
        Refusal::Held(_) => refuse::conflict(message)
            .hint("notifyctl notification retry sends it; notifyctl notification bury gives it up"),
        Refusal::Queued(_) => {
            refuse::conflict(message).hint("notifyctl notification postpone gives it a time")
        }
        Refusal::NoLater(_) => {
            refuse::conflict(message).hint("notifyctl schedule move gives it a sooner one")
        }
        Refusal::Expires(_) => refuse::conflict(message).hint("choose a time before that"),
    }
}
