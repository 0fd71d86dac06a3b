//! `notifyctl notification show`.

use crate::session::{Room, Session};
use crate::{bound, mask, refuse};
use notify_proto::NotificationId;
use notify_proto::transport::Reply;
use notify_proto::view::{NotificationDetail, NotificationView};
use notifyd_store::Scope;

/// One notification with its attempts and story.
pub(crate) async fn show(session: &Session, id: NotificationId, reveal: bool) -> Reply<NotificationDetail> {
    let room = session.look()?;
    let mut detail = find(room, id).await?;
    if reveal {
        session.reveal("notification.reveal", &id.to_string()).await?;
    }
    tidy(&mut detail, reveal);
    Ok(detail)
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
