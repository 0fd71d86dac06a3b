//! The queues that no provider stands behind: what webhooks are told, what is tried again, what was accepted for later.

use super::overview::Next;
use crate::refuse;
use crate::session::Room;
use crate::view::{hold_view, thousandths};
use notify_proto::hold::{HoldView, QueueView};
use notify_proto::transport::Reply;
use notify_proto::{SharedQueue, Status, Timestamp};
use notifyd_engine::Figures;
use notifyd_store::HoldOn;

/// How one stands.
#[derive(Default)]
pub(super) struct Shared {
    /// `running`, `late` or `paused`.
    pub(super) state: &'static str,
    /// What could go now; of what waits for a time, whether there is any that should have gone.
    pub(super) ready: u64,
    /// What waits for a time.
    pub(super) later: u64,
    /// Since when the first should have gone.
    pub(super) late_since: Option<Timestamp>,
    /// When the first is due.
    pub(super) next_at: Option<Timestamp>,
    /// What goes, and what comes, per second.
    pub(super) rates: (f64, f64),
    /// Tries under way.
    pub(super) busy: u32,
    /// How many there may be at the same time; what the others let go is called from the queue of a provider.
    pub(super) limit: Option<u32>,
}

/// The queue of that name.
pub(super) fn called(name: &str) -> Option<SharedQueue> {
    name.parse().ok()
}

/// What operators force on it.
pub(super) fn holds(room: &Room, queue: SharedQueue) -> Vec<HoldView> {
    let directory = room.deps.store.directory();
    let holds = directory.holding(HoldOn::Queue(queue), room.now());
    holds.filter_map(|hold| hold_view(hold, &directory)).collect()
}

/// How it stands at `now`, when that is due next.
pub(super) fn stands(
    room: &Room,
    figures: &Figures,
    next: Next,
    queue: SharedQueue,
    now: Timestamp,
) -> Shared {
    let (store, means) = (&room.deps.store, &figures.pace.means);
    let paused = store.directory().paused(queue, now);
    let of = match queue {
        SharedQueue::Webhooks => {
            let owed = store.webhooks().pending();
            // It was known a moment ago.
            let later = next.telling.later.min(owed);
            let ready = owed - later;
            Shared {
                state: "running",
                ready,
                later,
                late_since: next.telling.oldest.filter(|_| ready > 0),
                next_at: next.telling.next.filter(|_| later > 0),
                rates: (means[9], 0.0),
                busy: figures.telling.0,
                limit: Some(figures.telling.1),
            }
        }
        SharedQueue::Retries => waits(store.counts().of(Status::Retrying), next.retry, means[3], now),
        SharedQueue::Scheduled => waits(store.counts().of(Status::Pending), next.scheduled, 0.0, now),
    };
    if paused { Shared { state: "paused", ..of } } else { of }
}

fn waits(later: u64, next_at: Option<Timestamp>, arriving: f64, now: Timestamp) -> Shared {
    // It was known a moment ago, of what may be gone by now.
    let next_at = next_at.filter(|_| later > 0);
    let late_since = next_at.filter(|at| *at <= now);
    Shared {
        state: if late_since.is_some() { "late" } else { "running" },
        ready: u64::from(late_since.is_some()),
        later,
        late_since,
        next_at,
        rates: (0.0, arriving),
        ..Shared::default()
    }
}

/// One of them, as it is at this moment.
pub(super) async fn show(room: &Room, queue: SharedQueue) -> Reply<QueueView> {
    let next = Next::look(room).await.map_err(refuse::log)?;
    Ok(view(room, &room.deps.engine.figures(), next, queue))
}

/// All of them.
pub(super) async fn list(room: &Room) -> Reply<Vec<QueueView>> {
    let (next, figures) = (Next::now(room).await?, room.deps.engine.figures());
    Ok(SharedQueue::ALL.iter().map(|queue| view(room, &figures, next, *queue)).collect())
}

fn view(room: &Room, figures: &Figures, next: Next, queue: SharedQueue) -> QueueView {
    let of = stands(room, figures, next, queue, room.now());
    let (leaving, arriving) = of.rates;
    QueueView {
        name: queue.to_string(),
        state: of.state.to_owned(),
        waiting: of.ready,
        later: of.later,
        rate_per_second: thousandths(leaving),
        arriving_per_second: thousandths(arriving),
        oldest_at: of.late_since,
        next_at: of.next_at,
        busy: of.busy,
        limit: of.limit,
        holds: holds(room, queue),
        ..QueueView::default()
    }
}
