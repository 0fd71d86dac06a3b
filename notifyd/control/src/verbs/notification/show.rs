//! `notifyctl notification show`.

use crate::session::{Room, Session};
use crate::{bound, mask, refuse};
use notify_proto::transport::Reply;
use notify_proto::view::{NotificationDetail, NotificationView};
use notify_proto::{NotificationId, Status};
use notifyd_store::Scope;
use notifyd_store::api::Job;

/// One notification with its attempts and story.
pub(crate) async fn show(session: &Session, id: NotificationId, reveal: bool) -> Reply<NotificationDetail> {
    let room = session.look()?;
    let mut detail = find(room, id).await?;
    if reveal {
        session.reveal("notification.reveal", &id.to_string()).await?;
    }
    tidy(&mut detail, reveal);
    detail.retry_delays = delays(room, &detail.notification).await?;
    Ok(detail)
}

/// Seconds before each of its retries; none when nothing is tried any more.
async fn delays(room: &Room, view: &NotificationView) -> Reply<Vec<u64>> {
    if view.status.known().is_none_or(Status::is_final) {
        return Ok(Vec::new());
    }
    let job = room.deps.store.job(view.id).await.map_err(refuse::log)?;
    let policy = |job: Job| (1..).map_while(|n| job.plan.retry.delay(n)).map(|it| it.as_secs()).collect();
    Ok(job.map(policy).unwrap_or_default())
}

/// One notification, as it is.
pub(crate) async fn find(room: &Room, id: NotificationId) -> Reply<NotificationDetail> {
    let found = room.deps.store.notification(Scope::All, id).await.map_err(refuse::log)?;
    let mut found = found.ok_or_else(refuse::no_notification)?;
    found.notification.settle();
    Ok(found)
}

/// Without what is not shown to everybody.
pub(crate) fn hidden(mut view: NotificationView) -> NotificationView {
    mask::notification(&mut view);
    view
}

/// Makes it fit to be shown.
pub(super) fn tidy(detail: &mut NotificationDetail, reveal: bool) {
    if !reveal {
        mask::detail(detail);
    }
    mask::cut(&mut detail.notification);
    bound::story(detail);
}
