//! `notifyctl notification wait`: woken by the feed, never by a timer of its own.

use super::show::{find, tidy};
use crate::session::Session;
use notify_proto::NotificationId;
use notify_proto::transport::Reply;
use notify_proto::view::NotificationDetail;
use notifyd_store::Feed;
use std::time::Duration;

/// Longest wait of one call, seconds.
const MAX_WAIT: u32 = 60;

/// Events read at a time.
const PAGE: usize = 1_024;

/// Waits until it is final or the time is up, and tells where it stands.
pub(crate) async fn wait(
    session: &Session,
    id: NotificationId,
    wait_seconds: u32,
) -> Reply<NotificationDetail> {
    let room = session.look()?;
    let feed = room.deps.store.feed();
    let mut end = feed.subscribe();
    // Taken before the first look, so that nothing can happen unseen in between.
    let mut seen = feed.end();
    let mut detail = find(room, id).await?;
    let time = Duration::from_secs(wait_seconds.min(MAX_WAIT).into());
    let wait = async {
        while !is_final(&detail) {
            if end.changed().await.is_err() {
                break;
            }
            if touched(feed, &mut seen, id) {
                detail = find(room, id).await?;
            }
        }
        Reply::Ok(())
    };
    match tokio::time::timeout(time, wait).await {
        Ok(ended) => ended?,
        Err(_) => detail = find(room, id).await?,
    }
    tidy(&mut detail, false);
    Ok(detail)
}

fn is_final(detail: &NotificationDetail) -> bool {
    detail.notification.status.known().is_none_or(notify_proto::Status::is_final)
}

/// Whether an event since `seen` is about this one; when some were missed, it may have been.
fn touched(feed: &Feed, seen: &mut u64, id: NotificationId) -> bool {
    let mut touched = false;
    loop {
        let page = feed.read(*seen, PAGE);
        touched |= page.dropped > 0 || page.events.iter().any(|event| event.id == id);
        *seen = page.next;
        if *seen >= feed.end() {
            return touched;
        }
    }
}
