//! `notifyctl top`: the operator's first screen. It is made at most a few times a second, whoever asks, from counters in
//! memory; who has it already is told that nothing has changed.

mod lines;

use super::queue;
use crate::attention::{Facts, attention};
use crate::refuse;
use crate::session::{Room, Session};
pub(in crate::verbs) use lines::percentiles;
use lines::{Lines, channels, latency, share, tenth, trends};
use notify_proto::overview::{Counters, MAX_WEBHOOKS, Overview, OverviewReply, Speeds};
use notify_proto::transport::Reply;
use notify_proto::{ProviderId, SharedQueue, Status, Timestamp};
use notifyd_engine::{Figures, Standing};
use notifyd_store::webhooks::Owing;
use notifyd_store::{Directory, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// For how long an overview is good enough for whoever has seen one.
const FRESH: Duration = Duration::from_millis(200);

/// For how long it is known in front of whom work stands that is on disk alone, and what is due next.
const GLANCE: Duration = Duration::from_secs(5);

/// The overview as it was made last.
#[derive(Default)]
pub(crate) struct Overviews(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    rev: u64,
    made: Option<(Instant, Arc<Overview>)>,
    glance: Option<(Instant, Arc<Glance>)>,
}

impl Kept {
    /// The one of a moment ago, or a new one.
    async fn glance(&mut self, room: &Room) -> Reply<Arc<Glance>> {
        if let Some((at, glance)) = &self.glance
            && at.elapsed() < GLANCE
        {
            return Ok(Arc::clone(glance));
        }
        let glance = Arc::new(look(room).await?);
        self.glance = Some((Instant::now(), Arc::clone(&glance)));
        Ok(glance)
    }
}

/// What takes more than a look at counters.
pub(super) struct Glance {
    /// In front of whom work stands.
    standing: Standing,
    on_disk: HashMap<ProviderId, u64>,
    next: Next,
}

/// When the first of what waits for a time is due, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Next {
    pub(super) retry: Option<Timestamp>,
    pub(super) scheduled: Option<Timestamp>,
    /// What webhooks are told, first of all and later.
    pub(super) telling: Telling,
}

/// What is owed to webhooks that are switched on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Telling {
    /// Since when the first could be told.
    pub(super) oldest: Option<Timestamp>,
    /// How many are told again later, and when the first of them is.
    pub(super) later: u64,
    pub(super) next: Option<Timestamp>,
}

impl Telling {
    async fn look(room: &Room) -> Result<Self, StoreError> {
        let (webhooks, now) = (room.deps.store.webhooks(), room.now());
        if webhooks.pending() == 0 {
            return Ok(Self::default());
        }
        let again = webhooks.due(Owing::Again, vec![now]).await?;
        let endpoints = webhooks.endpoints();
        let mut firsts = webhooks.owed().await?;
        firsts.retain(|(no, _)| endpoints.get(*no).is_some_and(|it| it.settings.active));
        let firsts = || firsts.iter().map(|(_, at)| *at);
        Ok(Self {
            oldest: firsts().min().filter(|at| *at <= now),
            later: again.counts.values().filter_map(|counts| counts.get(1)).sum(),
            next: firsts().filter(|at| *at > now).min(),
        })
    }
}

impl Next {
    /// From the log.
    pub(super) async fn look(room: &Room) -> Result<Self, StoreError> {
        let store = &room.deps.store;
        let first = async |status: Status| match store.counts().of(status) {
            0 => Ok(None),
            _ => store.first_due(status).await,
        };
        let (retry, scheduled) = (first(Status::Retrying).await?, first(Status::Pending).await?);
        Ok(Self { retry, scheduled, telling: Telling::look(room).await? })
    }

    /// As it was known a moment ago, or now where that is over.
    pub(super) async fn now(room: &Room) -> Reply<Self> {
        let next = room.overview.0.lock().await.glance(room).await?.next;
        let (directory, now) = (room.deps.store.directory(), room.now());
        if next.is_over(&directory, now) { Self::look(room).await.map_err(refuse::log) } else { Ok(next) }
    }

    /// Whether it should have gone by now, unless nobody lets it.
    fn is_over(self, directory: &Directory, now: Timestamp) -> bool {
        let over =
            |at: Option<Timestamp>, queue| at.is_some_and(|at| at <= now) && !directory.paused(queue, now);
        over(self.retry, SharedQueue::Retries) || over(self.scheduled, SharedQueue::Scheduled)
    }
}

/// The overview, unless it is the one that the caller has.
pub(crate) async fn overview(
    session: &Session,
    since_rev: Option<u64>,
    webhooks: u32,
) -> Reply<OverviewReply> {
    let room = session.look()?;
    let mut kept = room.overview.0.lock().await;
    let fresh = |(at, _): &(Instant, Arc<Overview>)| since_rev.is_some() && at.elapsed() < FRESH;
    let view = match kept.made.as_ref().filter(|it| fresh(it)) {
        Some((_, view)) => Arc::clone(view),
        None => renew(room, &mut kept).await?,
    };
    let rev = kept.rev;
    drop(kept);
    let overview = (since_rev != Some(rev)).then(|| Box::new(with_webhooks(&view, webhooks)));
    Ok(OverviewReply { rev, overview })
}

/// With so many webhooks of those it was made with.
fn with_webhooks(view: &Overview, most: u32) -> Overview {
    let mut view = view.clone();
    let known = view.webhooks.len();
    view.webhooks.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    view.webhooks_left_off += (known - view.webhooks.len()) as u64;
    view
}

/// Makes it anew. When nothing has changed it stays the one it was.
async fn renew(room: &Room, kept: &mut Kept) -> Reply<Arc<Overview>> {
    let glance = kept.glance(room).await?;
    let mut view = make(room, &glance).await?;
    let as_of = view.as_of;
    let same = |before: &Arc<Overview>| {
        view.as_of = before.as_of;
        view == **before
    };
    let view = if let Some(before) = kept.made.take().map(|(_, it)| it).filter(same) {
        before
    } else {
        kept.rev += 1;
        view.as_of = as_of;
        Arc::new(view)
    };
    kept.made = Some((Instant::now(), Arc::clone(&view)));
    Ok(view)
}

async fn look(room: &Room) -> Reply<Glance> {
    let mut standing = room.deps.engine.standing().await.map_err(refuse::log)?;
    let queued = room.deps.store.counts().of(Status::Queued);
    // What is all in memory need not be looked for on disk.
    let on_disk = if queued > standing.memory.len() as u64 {
        queue::on_disk(room, &standing).await
    } else {
        HashMap::new()
    };
    standing.memory = Vec::new();
    Ok(Glance { standing, on_disk, next: Next::look(room).await.map_err(refuse::log)? })
}

async fn make(room: &Room, glance: &Glance) -> Reply<Overview> {
    let (store, engine, now) = (&room.deps.store, &room.deps.engine, room.now());
    let (counts, totals, figures) = (store.counts(), engine.totals(), engine.figures());
    let queues = engine.queues().await.map_err(refuse::log)?;
    let directory = store.directory();
    let next = if glance.next.is_over(&directory, now) {
        Next::look(room).await.map_err(refuse::log)?
    } else {
        glance.next
    };
    let mut lines = Lines {
        room,
        figures: &figures,
        queues,
        on_disk: &glance.on_disk,
        arriving: queue::arriving(&engine.speeds().arriving, &glance.standing),
        now,
        tallies: store.webhooks().tallies(),
        circuits: Vec::new(),
    };
    let providers: Vec<_> = directory.providers().iter().map(|it| lines.provider(it)).collect();
    let mut queues: Vec<_> = directory.providers().iter().map(|it| lines.queue(it)).collect();
    queues.extend(SharedQueue::ALL.iter().map(|queue| lines.shared(*queue, next)));
    let endpoints = store.webhooks().endpoints();
    let webhooks = lines.webhooks(&endpoints, MAX_WEBHOOKS as usize);
    let active = directory.providers().iter().filter(|it| it.active);
    let (told, acks) = figures.pace.told;
    let mut view = Overview {
        as_of: now,
        by_status: Status::ALL.iter().map(|it| (it.to_string(), counts.of(*it))).collect(),
        counters: Counters {
            accepted: totals.accepted,
            delivered: totals.delivered,
            failed: totals.failed,
            busy: engine.in_flight(),
            limit: active.map(|it| it.max_in_flight).fold(0, u32::saturating_add),
            webhooks_owed: store.webhooks().pending(),
            dead_1h: figures.pace.failed_1h,
            ack_share: share(acks, told),
        },
        rates: rates(&figures),
        attention: Vec::new(),
        queues,
        webhooks_left_off: (endpoints.len() - webhooks.len()) as u64,
        providers,
        webhooks,
        latency: latency(&figures),
        channels: channels(&figures),
        trends: trends(&figures),
    };
    let facts = facts(room, &figures, std::mem::take(&mut lines.circuits), now);
    view.attention = attention(&view, &facts, &room.deps.attention.load(), now);
    Ok(view)
}

fn rates(figures: &Figures) -> Speeds {
    let [accepted, delivered, failed, retried, .., told, _] = figures.pace.means;
    let calls = figures.providers.values().map(|it| it.calls_per_second).sum();
    Speeds {
        accepted: tenth(accepted),
        delivered: tenth(delivered),
        failed: tenth(failed),
        retried: tenth(retried),
        calls: tenth(calls),
        told: tenth(told),
    }
}

fn facts(room: &Room, figures: &Figures, circuits: Vec<(String, Option<String>)>, now: Timestamp) -> Facts {
    let (store, directory) = (&room.deps.store, room.deps.store.directory());
    let holds = directory.holds().iter().filter(|hold| hold.stands(now));
    let locked = directory.services().iter().filter_map(|service| {
        let (_, until) = store.door().failures(service.id, now);
        Some((service.name.clone(), until?))
    });
    Facts {
        holds: holds
            .filter_map(|hold| Some((directory.name_of(hold.on)?.to_owned(), hold.clone())))
            .collect(),
        locked: locked.collect(),
        refusing: store.latched().map(|cause| (cause.reason(), cause.delivers())),
        // It is not known before the first look at the disk.
        disk_free: Some(store.disk_free()).filter(|free| *free > 0),
        clock_set: figures.pace.clock_set,
        circuits,
    }
}
