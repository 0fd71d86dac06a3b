//! `notifyctl notification postpone` and `bury`, and what they share with `notifyctl schedule move` and `run`. Refusals of
//! single ids are answers, not errors.

use super::change::each;
use crate::refuse;
use crate::session::{Operator, Session};
use notify_proto::control::{Change, Changed};
use notify_proto::transport::Reply;
use notify_proto::view::NotificationView;
use notify_proto::{ApiError, NotificationId, Open, Status, Timestamp};
use notifyd_lifecycle::clock::{from_millis, to_millis};
use notifyd_lifecycle::steer::{Refusal, Verdict, Waiting, Wish};
use notifyd_store::Scope;
use notifyd_store::api::Steered;

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
    let steered = operator.room.deps.engine.steer(id, wish, verb, operator.audit()).await;
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
    match wish.judge(&waiting, room.now()).map_err(refused)? {
        Verdict::Take(transition) => Ok(transition.to().into()),
        Verdict::Already => Ok(waiting.status.into()),
    }
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
