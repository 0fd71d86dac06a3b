//! The loop that owns the lines and the slots. It hears of rings, loads, claims, answers and commits, and after each
//! looks once what can go next; everything it waits for is somebody else's work.

use crate::attempt::{self, Claimed, Sent};
use crate::lines::{Lines, Load, Loaded};
use crate::queues;
use crate::route::route;
use crate::settle::{self, Settled};
use crate::slots::Slots;
use crate::standing;
use crate::{Ask, Inner, Options, StoreError};
use notify_proto::{Channel, ProviderId, Status, Timestamp};
use notifyd_lifecycle::candidate::{Choice, choose};
use notifyd_providers::Provider;
use notifyd_store::Cause;
use notifyd_store::api::{Backlog, Claim, Job, Verdict};
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Claims of one transaction, at most.
const MAX_CLAIMS: usize = 512;

/// Answers taken together into one record, at most.
const MAX_RECORDS: usize = 1_000;

/// How long the loop sleeps at most; it then looks by itself, in case a ring was lost.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// How long it waits before it repeats what the store refused.
const STORE_PAUSE: Duration = Duration::from_millis(100);

/// What others bring to the loop.
enum News {
    Loaded(Load, Result<Vec<Job>, StoreError>),
    Backlog(Result<Vec<Backlog>, StoreError>),
    Claimed(Vec<Ready>, Result<Vec<Verdict>, StoreError>),
    Recorded(Vec<Settled>, Vec<Verdict>),
}

/// A job with a slot, on its way to be claimed.
struct Ready {
    claimed: Claimed,
    client: Arc<dyn Provider>,
}

pub(crate) struct Dispatch {
    inner: Arc<Inner>,
    lines: Lines,
    slots: Slots,
    rng: StdRng,
    options: Arc<Options>,
    asks: mpsc::Receiver<Ask>,
    /// What was asked and is answered at the next look, with settings as they are then.
    asked: Vec<Ask>,
    news: mpsc::UnboundedReceiver<News>,
    tell: mpsc::UnboundedSender<News>,
    answers: mpsc::UnboundedReceiver<Sent>,
    answer: mpsc::UnboundedSender<Sent>,
    /// When something that is closed may open by itself, while anything is held.
    reopens_at: Option<std::time::Instant>,
    /// Claims, calls and records under way: the drain waits for them.
    under_way: usize,
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
            reopens_at: None,
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
            if !self.draining && recordable {
                self.load();
                self.dispatch();
            }
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
            if self.under_way > 0 && drained_by.is_some_and(|by| now >= by) {
                tracing::warn!(under_way = self.under_way, "calls still under way are left in doubt");
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
                    drop(answer.send(route(&self.slots, &channels, pinned, now, wall)));
                }
            }
        }
    }

    fn wake(&self, look_at: Instant, drained_by: Option<Instant>) -> Instant {
        let now = Instant::now().into_std();
        let opening = if self.lines.is_empty() { None } else { self.slots.next_opening(now) };
        [opening.map(Instant::from_std), drained_by].into_iter().flatten().fold(look_at, Instant::min)
    }

    fn rung(&mut self) {
        for (line, lowest) in self.inner.deps.store.bell().take().lines {
            self.lines.rung(line, lowest);
        }
    }

    fn look_on_disk(&mut self) {
        self.lines.tidy();
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

    /// Gives free slots to the jobs whose turn it is.
    fn dispatch(&mut self) {
        let now = Instant::now().into_std();
        let wall = self.inner.deps.clock.now();
        let mut ready = Vec::new();
        let mut untried = Vec::new();
        if self.slots.take_opened() || self.reopens_at.is_some_and(|at| now >= at) {
            self.lines.release_held();
        }
        while let Some(loaded) = self.lines.next_fresh() {
            let choice = self.choose(&loaded, now);
            self.place(loaded, choice, wall, &mut untried);
        }
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for provider in self.lines.waited_for() {
                // A provider that is closed is looked at as well: who waits for it may go elsewhere.
                while ready.len() < MAX_CLAIMS && !self.slots.is_busy(provider, now) {
                    let Some(loaded) = self.lines.next_of(provider, now) else { break };
                    match self.choose(&loaded, now) {
                        Choice::Try { channel_index, channel, provider: chosen, skipped }
                            if chosen == provider =>
                        {
                            match self.make_ready(loaded, (channel_index, channel), provider, skipped) {
                                Ok(it) => ready.push(it),
                                Err(loaded) => self.lines.hold(loaded),
                            }
                        }
                        other => {
                            moved = true;
                            self.place(loaded, other, wall, &mut untried);
                        }
                    }
                }
            }
            moved &= ready.len() < MAX_CLAIMS;
        }
        self.reopens_at = if self.lines.has_held() { self.slots.next_reopening(now) } else { None };
        self.record(untried);
        self.claim(ready);
    }

    fn choose(&self, loaded: &Loaded, now: std::time::Instant) -> Choice {
        let job = &loaded.job;
        let candidates = self.slots.directory().candidates();
        choose(&job.plan, &job.message, &job.progress, candidates, |candidate| {
            self.slots.gate(candidate.id, now)
        })
    }

    /// Lets a job wait where the choice sends it, or settles it when there is nowhere to go.
    fn place(&mut self, loaded: Box<Loaded>, choice: Choice, wall: Timestamp, untried: &mut Vec<Settled>) {
        match choice {
            Choice::Try { provider, .. } | Choice::Wait(provider) => self.lines.wait_for(provider, loaded),
            Choice::Closed(_) if loaded.held && !loaded.job.progress.cost => self.lines.hold(loaded),
            other => {
                self.lines.taken(&loaded);
                untried.push(settle::untried(loaded, other, &self.slots, &self.inner, &mut self.rng, wall));
            }
        }
    }

    fn make_ready(
        &mut self,
        loaded: Box<Loaded>,
        (channel_index, channel): (usize, Channel),
        provider: ProviderId,
        skipped: Vec<notifyd_lifecycle::candidate::Skip>,
    ) -> Result<(Ready, Claim), Box<Loaded>> {
        let Some(slot) = self.slots.get(provider) else { return Err(loaded) };
        let Ok(client) = &slot.client else { return Err(loaded) };
        let (client, simulated, built) = (Arc::clone(client), slot.row.simulated, slot.row.client);
        self.slots.take(provider, &self.inner, Instant::now().into_std());
        let claim = Claim {
            seq: loaded.job.seq,
            fence: loaded.job.fence,
            attempts: loaded.job.attempts,
            at: self.inner.deps.clock.now(),
            channel,
            provider,
            skipped,
        };
        self.lines.taken(&loaded);
        let claimed = Claimed { loaded, channel, channel_index, provider, simulated, client: built };
        Ok((Ready { claimed, client }, claim))
    }

    fn claim(&mut self, ready: Vec<(Ready, Claim)>) {
        if ready.is_empty() {
            return;
        }
        self.under_way += 1;
        let (mut ready, claims): (Vec<Ready>, Vec<Claim>) = ready.into_iter().unzip();
        for (it, claim) in ready.iter_mut().zip(&claims) {
            it.claimed.loaded.job.attempts = claim.attempt();
            it.claimed.loaded.job.fence += 1;
            self.lines.raised(&it.claimed.loaded.job);
        }
        let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
        tokio::spawn(async move {
            let verdicts = store.claim(claims).await;
            if verdicts.is_err() {
                tokio::time::sleep(STORE_PAUSE).await;
            }
            let _ = tell.send(News::Claimed(ready, verdicts));
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
                        self.call(it);
                    } else {
                        self.slots.abandon(it.claimed.provider, &self.inner);
                        self.lines.forget(&it.claimed.loaded);
                    }
                }
            }
            News::Claimed(ready, Err(error)) => {
                self.under_way -= 1;
                tracing::error!(%error, "claims were not committed");
                for it in ready {
                    // Whether it was written or not, disk knows: it is loaded again if it is still queued there.
                    self.slots.abandon(it.claimed.provider, &self.inner);
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

    fn call(&mut self, ready: Ready) {
        self.under_way += 1;
        let clock = Arc::clone(&self.inner.deps.clock);
        let timeout = self.options.attempt_timeout;
        tokio::spawn(attempt::send(ready.claimed, ready.client, timeout, clock, self.answer.clone()));
    }

    fn settle(&mut self, answers: &mut Vec<Sent>) {
        let now = Instant::now().into_std();
        self.under_way -= answers.len();
        let settled = answers
            .drain(..)
            .map(|sent| settle::attempt(sent, &mut self.slots, &self.inner, &mut self.rng, now))
            .collect();
        self.record(settled);
    }

    /// Writes records until the store has taken them: an outcome that is known must not be lost.
    fn record(&mut self, settled: Vec<Settled>) {
        if settled.is_empty() {
            return;
        }
        self.under_way += 1;
        let (store, tell) = (Arc::clone(&self.inner.deps.store), self.tell.clone());
        tokio::spawn(async move {
            let records: Vec<_> = settled.iter().map(|it| it.record.clone()).collect();
            let verdicts = loop {
                match store.record(records.clone()).await {
                    Ok(verdicts) => break verdicts,
                    Err(StoreError::Closing) => return,
                    Err(error) => {
                        tracing::error!(%error, "outcomes were not committed; trying again");
                        tokio::time::sleep(STORE_PAUSE).await;
                    }
                }
            };
            let _ = tell.send(News::Recorded(settled, verdicts));
        });
    }

    fn recorded(&mut self, it: Settled, verdict: Verdict) {
        if let Some(provider) = it.provider {
            self.slots.free(provider, &self.inner);
        }
        let mut loaded = it.loaded;
        if verdict == Verdict::SomeoneElses || it.record.transition.to() != Status::Queued {
            self.lines.forget(&loaded);
            return;
        }
        loaded.job.fence += 1;
        loaded.held = it.record.transition.event() == "held";
        self.lines.requeue(loaded);
    }
}
