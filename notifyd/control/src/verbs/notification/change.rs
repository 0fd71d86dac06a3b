//! `notifyctl notification cancel`, and how ids are changed one by one. Refusals of single ids are answers, not errors.

use crate::refuse;
use crate::session::{Operator, Session};
use futures::StreamExt as _;
use notify_proto::control::{Change, Changed};
use notify_proto::transport::Reply;
use notify_proto::{ApiError, NotificationId, Open, Status};
use notifyd_lifecycle::Transition;
use notifyd_store::Scope;

/// Most ids of one call.
pub(crate) const MAX_IDS: usize = 1_000;

/// Ids changed side by side, so that they share commits.
const AT_ONCE: usize = 64;

/// Revokes what was not sent yet.
pub(crate) async fn cancel(
    session: &Session,
    ids: Vec<NotificationId>,
    change: &Change,
) -> Reply<Vec<Changed>> {
    let operator = session.change(change)?;
    each(ids, |id| one(&operator, id)).await
}

/// Changes one after the other, some of them side by side; each id has its own answer.
pub(super) async fn each<F>(
    ids: Vec<NotificationId>,
    one: impl Fn(NotificationId) -> F,
) -> Reply<Vec<Changed>>
where
    F: Future<Output = Result<Open<Status>, ApiError>>,
{
    if ids.len() > MAX_IDS {
        return Err(refuse::invalid(format!("a call takes at most {MAX_IDS} ids; these are {}", ids.len())));
    }
    let changes = ids.into_iter().map(|id| {
        let changed = one(id);
        async move { Changed { id, result: changed.await } }
    });
    Ok(futures::stream::iter(changes).buffered(AT_ONCE).collect().await)
}

async fn one(operator: &Operator<'_>, id: NotificationId) -> Result<Open<Status>, ApiError> {
    if operator.dry_run {
        return preview(operator, id).await;
    }
    let changed = operator.room.deps.engine.revoke(id, operator.audit_of_one()).await;
    let status = refuse::changed(changed.map_err(refuse::log)?, "cancelled")?;
    operator.tell("notification.cancel", &id.to_string());
    Ok(status.into())
}

/// What would become of it, by the rules of the transition.
async fn preview(operator: &Operator<'_>, id: NotificationId) -> Result<Open<Status>, ApiError> {
    let detail = operator.room.deps.store.notification(Scope::All, id).await.map_err(refuse::log)?;
    let view = detail.ok_or_else(refuse::no_notification)?.notification;
    let transition = Transition::cancel();
    match view.status.known() {
        Some(status) if transition.allows(status) => Ok(transition.to().into()),
        Some(status) => Err(refuse::refused(status, "cancelled")),
        None => Err(refuse::conflict(format!("its status {} is not known here", view.status))),
    }
}
