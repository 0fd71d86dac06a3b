//! `notifyctl notification dup`: which one stands for equal requests. A request that was suppressed is none of its own: it was
//! answered with the id of the one that stands.

use super::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::control::Repeat;
use notify_proto::transport::Reply;
use notify_proto::view::rfc3339;
use notify_proto::{NotificationId, Status};
use notifyd_lifecycle::admission::Dedup;

/// Says it by the index that suppresses them.
pub(crate) async fn dup(session: &Session, id: NotificationId) -> Reply<Repeat> {
    let room = session.look()?;
    let it = find(room, id).await?.notification;
    let store = &room.deps.store;
    let key = store.dedup_key(id).await.map_err(refuse::log)?;
    let repeat = |sentence: String| Repeat {
        id,
        deduplicated: key.is_some(),
        stands: None,
        status: None,
        accepted_at: None,
        until: None,
        sentence,
    };
    let Some(key) = key else {
        return Ok(repeat("it asked not to be told apart from equal ones: each of them is sent".into()));
    };
    let window = room.deps.rules.load().dedup_window;
    let found = store.equal(Dedup { key, window }, room.now()).await.map_err(refuse::log)?;
    let Some(found) = found else {
        let why = match it.status.known() {
            Some(status @ (Status::Failed | Status::Cancelled)) => format!("it is {status}"),
            _ => format!("it was accepted more than {} s ago", window.as_secs()),
        };
        return Ok(repeat(format!("{why}, so an equal request is accepted and sent")));
    };
    let until = found.created_at + window;
    let who = if found.id == id {
        "it stands for equal requests".to_owned()
    } else {
        format!("{} was accepted at {} and stands for equal requests", found.id, rfc3339(found.created_at))
    };
    let sentence = format!("{who}: until {} they are answered with it, and send nothing", rfc3339(until));
    Ok(Repeat {
        stands: Some(found.id),
        status: Some(found.status.into()),
        accepted_at: Some(found.created_at),
        until: Some(until),
        ..repeat(sentence)
    })
}
