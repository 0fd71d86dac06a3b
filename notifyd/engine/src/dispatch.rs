//! The loop that owns the lines and the slots. It hears of rings, loads, claims, answers and commits, and after each
//! looks once what can go next; everything it waits for is somebody else's work.

use crate::ahead::Ahead;
use crate::attempt::{self, Claimed, Sent};
use crate::backlogs::Load;
use crate::lines::Lines;
use crate::queues;
use crate::route::route;
use crate::settle::{self, Settled};
use crate::slots::Slots;
use crate::standing;
use crate::way::way;
use crate::write;
use crate::{Ask, Inner, Options, StoreError};
use notify_proto::Status;
use notifyd_providers::Provider;
use notifyd_store::Cause;
use notifyd_store::api::{Backlog, Claim, Job, Verdict};
use rand::rngs::StdRng;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Answers taken together into one record, at most.
const MAX_RECORDS: usize = 1_000;

/// How long the loop sleeps at most; it then looks by itself, in case a ring was lost.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// How long it waits before it repeats what the store refused.
pub(crate) const STORE_PAUSE: Duration = Duration::from_millis(100);

/// What others bring to the loop.
pub(crate) enum News {
    Loaded(Load, Result<Vec<Job>, StoreError>),
    Backlog(Result<Vec<Backlog>, StoreError>),
    Claimed(Vec<Ready>, Result<Vec<Verdict>, StoreError>),
    Recorded(Vec<Settled>, Vec<Verdict>),
}

/// A job with a slot, on its way to be claimed.
pub(crate) struct Ready {
    pub claimed: Claimed,
    pub client: Arc<dyn Provider>,
}

pub(crate) struct Dispatch {
    pub inner: Arc<Inner>,
    pub lines: Lines,
    pub slots: Slots,
    pub rng: StdRng,
    pub options: Arc<Options>,
    asks: mpsc::Receiver<Ask>,
    /// What was asked and is answered at the next look, with settings as they are then.
    asked: Vec<Ask>,
    news: mpsc::UnboundedReceiver<News>,
    tell: mpsc::UnboundedSender<News>,
    answers: mpsc::UnboundedReceiver<Sent>,
    answer: mpsc::UnboundedSender<Sent>,
    /// What came out since the last look, to be recorded.
    pub settled: Vec<Settled>,
    /// When something that is closed may open by itself, while anything waits.
    pub reopens_at: Option<std::time::Instant>,
    /// When somebody's patience with a busy provider ends.
    pub restless_at: Option<std::time::Instant>,
    /// What is claimed and awaits room for its call.
    pub ahead: Ahead,
    /// Claims, calls and records under way: the drain waits for them.
    pub under_way: usize,
    draining: bool,
}

impl Dispatch {
    pub(crate) fn new(inner: Arc<Inner>, asks: mpsc::Receiver<Ask>) -> Self {
        // Unbounded, but never more in them than slots and loads: both are bounded.
        let (tell, news) = mpsc::unbounded_channel();
        let (answer, answers) = mpsc::unbounded_channel();
        let options = inner.options.load_full();
        Self {
            lines: Lines::new(Options::clone(&options)),
            options,
            asks,
            asked: Vec::new(),
            slots: Slots::default(),
            rng: inner.deps.entropy.fork(),
            news,
            tell,
            answers,
            answer,
            settled: Vec::new(),
            reopens_at: None,
            restless_at: None,
            ahead: Ahead::default(),
            under_way: 0,
            draining: false,
            inner,
        }
    }

    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let store = Arc::clone(&self.inner.deps.store);
        let mut answers = Vec::with_capacity(MAX_RECORDS);
        let mut look_at = Instant::now();
        let mut drained_by = None;
        loop {
            if let Err(error) = self.slots.refresh(&self.inner, Instant::now().into_std()).await {
                tracing::error!(%error, "providers could not be read");
            }
            self.mind_options();
            self.answer_asked();
            // While outcomes could not be recorded nothing is claimed; the bell rings when that has passed.
            let recordable = store.latched().is_none_or(Cause::delivers);
            let mut ready = Vec::new();
            if !self.draining && recordable {
                self.load();
                self.assign(&mut ready);
            }
            self.commit(ready);
            if self.draining && self.under_way == 0 {
                return Ok(());
            }
            let wake = self.wake(look_at, drained_by);
            // What happens first is decided here and not by chance, so that a simulation can be repeated.
            tokio::select! {
                biased;
                () = shutdown.cancelled(), if !self.draining => {
                    self.draining = true;
                    let drain = self.inner.drain_ms.load(std::sync::atomic::Ordering::Acquire);
                    drained_by = Some(Instant::now() + Duration::from_millis(drain));
                }
                () = store.bell().heard() => {}
                Some(ask) = self.asks.recv() => self.asked.push(ask),
                Some(news) = self.news.recv() => self.hear(news),
                count = self.answers.recv_many(&mut answers, MAX_RECORDS) => {
                    debug_assert!(count > 0, "the loop holds a sender");
                }
                () = tokio::time::sleep_until(wake) => {}
            }
            // Whatever woke it, all else that has arrived is heard before the next look: nothing that is always ready
            // keeps the rest waiting.
            self.rung();
            while let Ok(news) = self.news.try_recv() {
                self.hear(news);
            }
            while answers.len() < MAX_RECORDS
                && let Ok(sent) = self.answers.try_recv()
            {
                answers.push(sent);
            }
            self.settle(&mut answers);
            let now = Instant::now();
            let over = drained_by.is_some_and(|by| now >= by);
            self.mind_ahead(over);
            if self.under_way > 0 && over {
                tracing::warn!(under_way = self.under_way, "calls still under way are left in doubt");
                self.commit(vec![]);
                return Ok(());
            }
            if now >= look_at {
                look_at = now + LOOK_ANYWAY;
                self.look_on_disk();
            }
        }
    }

    /// Takes over options that were changed since the last look.
    fn mind_options(&mut self) {
        let options = self.inner.options.load();
        if !Arc::ptr_eq(&options, &self.options) {
            self.options = Arc::clone(&options);
            self.lines.set_options(Options::clone(&options));
            self.slots.set_breakers(options.breaker);
        }
    }

    /// Answers what was asked since the last look. Who asked may be gone.
    fn answer_asked(&mut self) {
        let (now, wall) = (Instant::now().into_std(), self.inner.deps.clock.now());
        for ask in std::mem::take(&mut self.asked) {
            match ask {
                Ask::Beat(answer) => drop(answer.send(())),
                Ask::Queues(answer) => drop(answer.send(queues::count(&self.lines, &self.slots))),
                Ask::Standing(answer) => {
                    drop(answer.send(standing::look(&self.lines, &self.slots, now, wall)));
                }
                Ask::Force(provider, to, answer) => {
                    self.slots.force(provider, to, &self.inner, now);
                    let _ = answer.send(());
                }
                Ask::Route { channels, pinned, answer } => {
                    let overflow = self.options.overflow_after.is_some();
                    drop(answer.send(route(&self.slots, overflow, &channels, pinned, now, wall)));
                }
                Ask::Way(job, answer) => {
                    let overflow = self.options.overflow_after.is_some();
                    drop(answer.send(way(&self.lines, &self.slots, overflow, &job, now, wall)));
                }
            }
        }
    }

    fn wake(&self, look_at: Instant, drained_by: Option<Instant>) -> Instant {
        let now = Instant::now().into_std();
        let opening = if self.lines.is_empty() { None } else { self.slots.next_opening(now) };
        let [opening, restless] = [opening, self.restless_at].map(|at| at.map(Instant::from_std));
        let stuck = self.ahead.next_stuck().map(Instant::from_std);
        [opening, restless, stuck, drained_by].into_iter().flatten().fold(look_at, Instant::min)
    }

    fn rung(&mut self) {
        let rung = self.inner.deps.store.bell().take();
        if !rung.left.is_empty() {
            self.lines.drop_those(&rung.left.into_iter().collect());
        }
        for (line, lowest) in rung.lines {
            self.lines.rung(line, lowest);
        }
    }

    fn look_on_disk(&mut self) {
        self.lines.queues.tidy();
        self.slots.publish(&self.inner, Instant::now().into_std());
        self.count_waiting();
        self.inner.rates.sample(&self.inner.deps);
        let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
        tokio::spawn(async move {
            let _ = tell.send(News::Backlog(store.backlog().await));
        });
    }

    /// Lets the metrics see how long the queues are.
    fn count_waiting(&self) {
        let queues = queues::count(&self.lines, &self.slots);
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&queues);
        for provider in self.slots.directory().providers() {
            let waiting = queues.get(&provider.id).map_or(0, |queue| queue.waiting);
            let gauge = self.inner.metrics.provider_waiting.with_label_values(&[provider.name.as_str()]);
            gauge.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        }
    }

    fn load(&mut self) {
        for load in self.lines.wanted() {
            let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
            tokio::spawn(async move {
                let jobs = store.load(load.line.clone(), load.after, load.limit, load.bytes).await;
                if jobs.is_err() {
                    tokio::time::sleep(STORE_PAUSE).await;
                }
                let _ = tell.send(News::Loaded(load, jobs));
            });
        }
    }

    /// Records what came out and claims what goes next, on one way to the log: a slot changes hands in one transaction.
    fn commit(&mut self, ready: Vec<(Ready, Claim)>) {
        let settled = std::mem::take(&mut self.settled);
        self.under_way += usize::from(!settled.is_empty()) + usize::from(!ready.is_empty());
        if settled.is_empty() && ready.is_empty() {
            return;
        }
        let (mut ready, claims): (Vec<Ready>, Vec<Claim>) = ready.into_iter().unzip();
        for (it, claim) in ready.iter_mut().zip(&claims) {
            it.claimed.loaded.job.attempts = claim.attempt();
            it.claimed.loaded.job.fence += 1;
            self.lines.raised(&it.claimed.loaded.job);
        }
        let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
        tokio::spawn(async move {
            tokio::join!(write::record(&*store, settled, &tell), write::claim(&*store, ready, claims, &tell))
        });
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Backlog(Ok(lines)) => {
                for line in lines {
                    self.lines.rung(line, 1);
                }
            }
            News::Backlog(Err(error)) => tracing::error!(%error, "queued work could not be looked up"),
            News::Loaded(load, Ok(jobs)) => {
                let bytes = jobs.iter().map(|job| job.bytes).sum::<usize>();
                let full = jobs.len() >= load.limit || (!jobs.is_empty() && bytes >= load.bytes);
                let now = (self.inner.deps.clock.now(), Instant::now().into_std());
                self.lines.loaded(&load.line, load.after, jobs, full, now);
            }
            News::Loaded(load, Err(error)) => {
                tracing::error!(%error, "queued work could not be loaded");
                self.lines.load_failed(&load.line);
            }
            News::Claimed(ready, Ok(verdicts)) => {
                self.under_way -= 1;
                for (it, verdict) in ready.into_iter().zip(verdicts) {
                    if verdict == Verdict::Applied {
                        self.under_way += 1;
                        self.call_or_wait(it);
                    } else {
                        self.slots.abandon(it.claimed.call, &self.inner);
                        self.lines.forget(&it.claimed.loaded);
                    }
                }
            }
            News::Claimed(ready, Err(error)) => {
                self.under_way -= 1;
                tracing::error!(%error, "claims were not committed");
                for it in ready {
                    // Whether it was written or not, disk knows: it is loaded again if it is still queued there.
                    self.slots.abandon(it.claimed.call, &self.inner);
                    let loaded = it.claimed.loaded;
                    self.lines.forget(&loaded);
                    self.lines.rung(loaded.line, loaded.job.seq);
                }
            }
            News::Recorded(settled, verdicts) => {
                self.under_way -= 1;
                for (it, verdict) in settled.into_iter().zip(verdicts) {
                    self.recorded(it, verdict);
                }
            }
        }
    }

    /// Makes the call of what is claimed.
    pub(crate) fn call(&mut self, ready: Ready) {
        self.slots.begun(ready.claimed.provider);
        let clock = Arc::clone(&self.inner.deps.clock);
        let timeout = self.options.attempt_timeout;
        tokio::spawn(attempt::send(ready.claimed, ready.client, timeout, clock, self.answer.clone()));
    }

    /// Decides what follows from what came back.
    pub(crate) fn settle(&mut self, answers: &mut Vec<Sent>) {
        let now = Instant::now().into_std();
        self.under_way -= answers.len();
        for sent in answers.drain(..) {
            let settled = settle::attempt(sent, &mut self.slots, &self.inner, &mut self.rng, now);
            self.settled.push(settled);
        }
    }

    fn recorded(&mut self, it: Settled, verdict: Verdict) {
        if let Some(provider) = it.provider {
            self.slots.recorded(provider, &self.inner);
        }
        let mut loaded = it.loaded;
        if verdict == Verdict::SomeoneElses || it.record.transition.to() != Status::Queued {
            self.lines.forget(&loaded);
            return;
        }
        loaded.job.fence += 1;
        loaded.job.held = it.record.transition.event() == "held";
        self.lines.requeue(loaded);
    }
}
