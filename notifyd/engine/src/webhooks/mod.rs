//! Tells services what happened to their notifications. What is owed is in the log, written with the step it tells of; here
//! it is read, sent, and what came of it is written down.
//!
//! Each endpoint has a line of its own ([`line`](mod@line)), so that one that is slow or dead delays only itself; [`share`] says how
//! many connections it may have of those there are, [`callers`] keeps them ready to be called, and [`under_way`] shows how
//! many are in use. [`tell`] is one try and what follows from the answer, [`body`] what is said, and [`news`] what the loop
//! hears of it all. Whatever dies, what was owed is read again and sent under the same id.

mod body;
mod callers;
mod line;
mod metrics;
mod news;
mod reach;
mod share;
mod tell;
mod under_way;

use crate::Inner;
use crate::WebhookOptions;
use crate::dispatch::STORE_PAUSE;
pub(crate) use body::body_of;
pub(crate) use metrics::Metrics;
pub(crate) use reach::reach;
pub use under_way::Telling;
pub(crate) use under_way::UnderWay;

use callers::{Caller, Callers};
use line::Line;
use news::News;
use notify_proto::{DeliveryId, SharedQueue, Timestamp};
use notifyd_store::bell::OwedTo;
use notifyd_store::webhooks::Tried;
use share::Share;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tell::Try;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Events read at once for one endpoint.
const CHUNK: usize = 64;

/// Events in memory over all endpoints; an endpoint that has none may read some beyond that.
const LOADED: usize = 8_192;

/// The same for an endpoint that has none.
const RESERVED: usize = 8;

/// Tries written down by one transaction.
const MAX_TRIES: usize = 500;

/// How long it sleeps at most; it then looks by itself, in case a ring was lost.
const LOOK_ANYWAY: Duration = Duration::from_secs(30);

/// The loop.
struct Post {
    inner: Arc<Inner>,
    lines: HashMap<i64, Line>,
    callers: Callers,
    /// When something is due that is not yet, and to whom.
    later: BTreeSet<(Timestamp, i64)>,
    /// Endpoints that may have something to send, in turns.
    turns: VecDeque<i64>,
    /// Those in it.
    queued: HashSet<i64>,
    share: Share,
    /// As they were at the last look.
    options: Option<WebhookOptions>,
    /// Events in memory.
    loaded: usize,
    /// What came of tries and is not written down yet.
    tried: Vec<(Tried, DeliveryId)>,
    recording: bool,
    /// When what could not be written down is tried again.
    paused_until: Option<Instant>,
    tell: mpsc::UnboundedSender<News>,
}

pub(crate) async fn run(inner: Arc<Inner>, shutdown: CancellationToken) {
    // Unbounded, but never more in it than connections, loads and one record.
    let (tell, mut news) = mpsc::unbounded_channel();
    let store = Arc::clone(&inner.deps.store);
    let mut post = Post {
        inner,
        lines: HashMap::new(),
        callers: Callers::default(),
        later: BTreeSet::new(),
        turns: VecDeque::new(),
        queued: HashSet::new(),
        share: Share::default(),
        options: None,
        loaded: 0,
        tried: Vec::new(),
        recording: false,
        paused_until: None,
        tell,
    };
    post.look();
    let mut look_at = Instant::now() + LOOK_ANYWAY;
    let mut drained_by: Option<Instant> = None;
    loop {
        if drained_by.is_none() {
            post.start();
        }
        post.record();
        let done = post.share.under_way() == 0 && post.tried.is_empty() && !post.recording;
        if drained_by.is_some_and(|by| done || Instant::now() >= by) {
            return;
        }
        let wake = post.wake(look_at).min(drained_by.unwrap_or(look_at));
        tokio::select! {
            biased;
            () = shutdown.cancelled(), if drained_by.is_none() => {
                let drain = post.inner.drain_ms.load(Ordering::Acquire);
                drained_by = Some(Instant::now() + Duration::from_millis(drain));
            }
            () = store.bell().webhooks() => post.rung(store.bell().take_webhooks()),
            Some(it) = news.recv() => post.hear(it),
            () = tokio::time::sleep_until(wake) => {}
        }
        while let Ok(it) = news.try_recv() {
            post.hear(it);
        }
        if Instant::now() >= look_at {
            look_at = Instant::now() + LOOK_ANYWAY;
            post.look();
        }
        post.due();
    }
}

impl Post {
    /// Looks in the log to whom something is owed.
    fn look(&self) {
        let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
        tokio::spawn(async move {
            let _ = tell.send(News::Owed(store.webhooks().owed().await));
        });
        self.count();
    }

    /// Lets the metrics see how much is owed.
    fn count(&self) {
        let pending = self.inner.deps.store.webhooks().pending();
        self.inner.metrics.webhooks.pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
    }

    /// More is owed to some, or they changed, or the clock was set.
    fn rung(&mut self, rung: OwedTo) {
        if rung.moved {
            self.look();
        }
        let endpoints = self.inner.deps.store.webhooks().endpoints();
        self.count();
        for no in rung.nos {
            if endpoints.get(no).is_some_and(|it| it.settings.active) {
                self.lines.entry(no).or_default().more = true;
                self.queue(no);
            }
        }
        // Those that were switched off or removed keep nothing here.
        let gone = self.lines.keys().filter(|no| endpoints.get(**no).is_none_or(|it| !it.settings.active));
        for no in gone.copied().collect::<Vec<_>>() {
            self.drop_waiting(no);
        }
    }

    /// Nothing is told to this one any more, or not now: what is owed to it is in the log.
    fn drop_waiting(&mut self, no: i64) {
        self.callers.remove(no);
        let Some(line) = self.lines.get_mut(&no) else { return };
        self.loaded -= line.forget_waiting();
        if line.is_idle() {
            self.lines.remove(&no);
        }
    }

    fn queue(&mut self, no: i64) {
        if self.queued.insert(no) {
            self.turns.push_back(no);
        }
    }

    /// What is due by now is read.
    fn due(&mut self) {
        let now = self.inner.deps.clock.now();
        while let Some((_, no)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.pop_first();
            self.lines.entry(no).or_default().more = true;
            self.queue(no);
        }
    }

    /// When there is something to do without being told.
    fn wake(&self, look_at: Instant) -> Instant {
        let now = self.inner.deps.clock.now();
        let next =
            self.later.first().map(|(at, _)| Instant::now() + (*at - now).to_std().unwrap_or_default());
        [next, self.paused_until].into_iter().flatten().fold(look_at, Instant::min)
    }

    /// Lets each endpoint in turn have what it may, unless an operator has them all wait: then the turns stay, and whoever
    /// ends that has them looked at.
    fn start(&mut self) {
        let store = &self.inner.deps.store;
        if store.directory().paused(SharedQueue::Webhooks, self.inner.deps.clock.now()) {
            return;
        }
        let endpoints = self.inner.deps.store.webhooks().endpoints();
        let options = self.inner.options.load().webhooks;
        self.mind(options);
        let mut without = Vec::new();
        while let Some(no) = self.turns.pop_front() {
            self.queued.remove(&no);
            let Some(webhook) = endpoints.get(no).filter(|it| it.settings.active) else {
                self.drop_waiting(no);
                continue;
            };
            self.load(no);
            let Some(line) = self.lines.get_mut(&no) else { continue };
            if line.waiting.is_empty() {
                continue;
            }
            let Some(caller) = self.callers.get(&self.inner, webhook) else {
                if !std::mem::replace(&mut line.preparing, true) {
                    self.prepare(no);
                }
                continue;
            };
            if !self.share.take(line.under_way, options.concurrency, line.trust) {
                // Who has one goes on when it is free again; who has none, when anybody's is.
                if line.under_way == 0 {
                    without.push(no);
                }
                if self.share.is_full() {
                    break;
                }
                continue;
            }
            let Some(owed) = line.waiting.pop_front() else { continue };
            self.loaded -= 1;
            line.under_way += 1;
            self.inner.under_way.set(no, line.under_way);
            let told = Try::new(&self.inner, webhook, caller, owed, line.trust, self.tell.clone());
            tokio::spawn(told.run());
            self.queue(no);
        }
        for no in without {
            self.queue(no);
        }
    }

    /// Takes over options that were changed since the last look: who had as many connections as it might may have more now.
    fn mind(&mut self, options: WebhookOptions) {
        if self.options.replace(options) == Some(options) {
            return;
        }
        self.share.set_most(options.connections);
        let waiting = self.lines.iter().filter(|(_, line)| !line.waiting.is_empty());
        for no in waiting.map(|(no, _)| *no).collect::<Vec<_>>() {
            self.queue(no);
        }
    }

    /// Reads more for an endpoint when it has little left.
    fn load(&mut self, no: i64) {
        let Some(line) = self.lines.get_mut(&no).filter(|line| line.wants_load(CHUNK / 2)) else { return };
        let room = LOADED.saturating_sub(self.loaded).min(CHUNK);
        let more = if line.waiting.is_empty() { room.max(RESERVED) } else { room };
        if more == 0 {
            return;
        }
        (line.loading, line.more) = (true, false);
        // What is known already is due as well.
        let limit = line.known() + more;
        let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
        let now = self.inner.deps.clock.now();
        tokio::spawn(async move {
            let next = store.webhooks().load(no, now, limit).await;
            if next.is_err() {
                tokio::time::sleep(STORE_PAUSE).await;
            }
            let _ = tell.send(News::Loaded(no, limit, next));
        });
    }

    fn prepare(&self, no: i64) {
        let (inner, tell) = (Arc::clone(&self.inner), self.tell.clone());
        tokio::spawn(async move {
            let caller = Caller::prepare(&inner, no).await;
            if caller.is_err() {
                tokio::time::sleep(STORE_PAUSE).await;
            }
            let _ = tell.send(News::Ready(no, caller));
        });
    }

    /// Writes down what came of tries, one batch after the other.
    fn record(&mut self) {
        if self.paused_until.is_some_and(|until| until > Instant::now()) {
            return;
        }
        self.paused_until = None;
        if self.recording || self.tried.is_empty() {
            return;
        }
        self.recording = true;
        let rest = self.tried.split_off(self.tried.len().min(MAX_TRIES));
        let tries = std::mem::replace(&mut self.tried, rest);
        let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
        tokio::spawn(async move {
            let written = tries.iter().map(|(tried, _)| tried.clone()).collect();
            let verdicts = store.webhooks().acknowledge(written).await;
            let _ = tell.send(News::Recorded(tries, verdicts));
        });
    }
}
