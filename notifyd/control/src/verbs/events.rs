//! `notifyctl tail`: what happens, as it happens; woken by the feed, never by a timer of its own.

use crate::bound::size;
use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::happening::{Event, EventsRequest, EventsView, MAX_EVENTS, MAX_TERMS, MAX_WAIT_MS};
use notify_proto::transport::Reply;
use notify_proto::{ObjectKind, Severity, Status};
use notifyd_store::Directory;
use notifyd_store::feed::{FeedEvent, Item};
use std::time::Duration;

/// Events looked at with one lock of the ring.
const CHUNK: usize = 1_024;

/// Bytes of an answer beyond which it takes no more (control contract: 20 KB). The rest is there for the next question.
const MAX_BYTES: usize = 20_000;

/// Looks back at most so far for those that match.
const MAX_BACK: u32 = 1_000;

/// What happened after a number, or from some moment on.
pub(crate) async fn events(session: &Session, request: EventsRequest) -> Reply<EventsView> {
    let room = session.look()?;
    let terms = &request.filter.terms;
    if terms.len() > MAX_TERMS || terms.iter().any(|term| term.values.len() > MAX_TERMS) {
        return Err(refuse::invalid(format!(
            "filter: at most {MAX_TERMS} terms of at most {MAX_TERMS} values"
        )));
    }
    if request.max > MAX_EVENTS || request.last > MAX_BACK {
        return Err(refuse::invalid(format!("max: use 1 to {MAX_EVENTS} events; last: at most {MAX_BACK}")));
    }
    let max = if request.max == 0 { MAX_EVENTS } else { request.max } as usize;
    let feed = room.deps.store.feed();
    let mut end = feed.subscribe();
    let mut view = EventsView { next_seq: start(room, &request), ..EventsView::default() };
    let wait = Duration::from_millis(request.wait_ms.min(MAX_WAIT_MS).into());
    let hear = async {
        loop {
            collect(room, &request, max, &mut view);
            if !view.events.is_empty() || view.dropped > 0 || wait.is_zero() || end.changed().await.is_err() {
                return;
            }
        }
    };
    if wait.is_zero() {
        hear.await;
    } else {
        // Whoever has waited in vain goes on from where it has looked.
        let _ = tokio::time::timeout(wait, hear).await;
    }
    view.head_seq = feed.end();
    Ok(view)
}

/// Takes what matches, until there are enough, the answer is full or there is no more.
fn collect(room: &Room, request: &EventsRequest, max: usize, view: &mut EventsView) {
    let directory = room.deps.store.directory();
    let mut left = MAX_BYTES;
    loop {
        let page = room.deps.store.feed().read_all(view.next_seq, CHUNK);
        view.dropped += page.dropped;
        let first = page.next - page.events.len() as u64;
        view.next_seq = page.next;
        for (seq, item) in (first + 1..).zip(&page.events) {
            let event = event(seq, item, &directory);
            if !request.filter.matches(&event) {
                continue;
            }
            let bytes = size(&event) + 1;
            if bytes > left && !view.events.is_empty() {
                view.next_seq = seq - 1;
                return;
            }
            left = left.saturating_sub(bytes);
            view.events.push(event);
            if view.events.len() == max {
                view.next_seq = seq;
                return;
            }
        }
        if page.events.len() < CHUNK {
            return;
        }
    }
}

/// Where to begin: a number is that of the event before, which is the place of the next in the ring.
fn start(room: &Room, request: &EventsRequest) -> u64 {
    let feed = room.deps.store.feed();
    let directory = room.deps.store.directory();
    let (from, end) = (feed.start(), feed.end());
    match (request.after_seq, request.since) {
        (Some(after), _) => after,
        (None, Some(since)) => {
            let mut at = from;
            while at < end {
                let page = feed.read_all(at, CHUNK);
                if let Some(n) = page.events.iter().position(|item| item.at() >= since) {
                    return page.next - page.events.len() as u64 + n as u64;
                }
                at = page.next;
            }
            end
        }
        (None, None) => {
            let (mut at, mut left) = (end, request.last);
            while at > from && left > 0 {
                let below = at.saturating_sub(CHUNK as u64).max(from);
                let page = feed.read_all(below, usize::try_from(at - below).unwrap_or(CHUNK));
                for (n, item) in page.events.iter().enumerate().rev() {
                    let place = below + n as u64;
                    if request.filter.matches(&event(place + 1, item, &directory)) {
                        left -= 1;
                        if left == 0 {
                            return place;
                        }
                    }
                }
                at = below;
            }
            at
        }
    }
}

/// One as it is told.
fn event(seq: u64, item: &Item, directory: &Directory) -> Event {
    match item {
        Item::Step(step) => self::step(seq, step, directory),
        Item::Remark(it) => Event {
            seq,
            at: it.at,
            event: it.event.to_owned(),
            severity: it.severity.into(),
            object: it.object.into(),
            id: it.id.clone(),
            service: None,
            channel: None,
            provider: (it.object == ObjectKind::Provider || it.object == ObjectKind::Queue)
                .then(|| it.id.clone()),
            status: None,
            actor: it.actor.clone(),
            detail: it.detail.clone(),
        },
    }
}

/// A step of a notification.
fn step(seq: u64, step: &FeedEvent, directory: &Directory) -> Event {
    Event {
        seq,
        at: step.at,
        event: step.event.to_owned(),
        severity: match step.to {
            Status::Failed | Status::Retrying => Severity::Warning,
            _ => Severity::Info,
        }
        .into(),
        object: ObjectKind::Notification.into(),
        id: step.id.to_string(),
        service: directory.whose(step.service).map(|(_, name)| name.to_owned()),
        channel: step.channel.map(Into::into),
        provider: step.provider.and_then(|id| directory.known_id(id)).map(|it| it.name.clone()),
        status: Some(step.to.into()),
        actor: None,
        detail: step.reason.map(str::to_owned),
    }
}
