//! Decides when: which notification goes next, through whom, and what follows from the answer.
//!
//! The cast:
//!
//! * [`Engine`] assembles the parts and runs them until it is told to stop; [`Handle`] is what others may ask of it.
//! * [`dispatch`] is the loop: it owns the lines of work and the providers' slots, and nobody else touches them; [`assign`]
//!   is its part that gives free slots away, [`write`](mod@write) the way to the log.
//! * [`lines`] holds loaded work; [`backlogs`] knows what is still on disk, and shares out memory; [`tickets`] keeps who
//!   stands in whose line, in the order of turns.
//! * [`slots`] knows each provider's free slots, circuit breaker and pace.
//! * [`route`] tells people where a notification would go now, and why; [`way`] where this one would.
//! * [`holds`] is what operators force by hand on a provider; [`queues`] counts what stands in front of each.
//! * [`standing`] tells where each job in memory stands and where the rest would go; [`rates`] how fast all that moves.
//! * [`measures`] counts and times calls, deliveries and webhooks, [`sliding`] those of the last five minutes; [`history`]
//!   remembers what it was each second, and [`figures`] tells it. [`tries`] counts how tries end after a failed one,
//!   [`services`] what services send, [`timed`] how long that took; [`before`] reads what died within the hour before the start.
//! * [`ahead`] keeps what is claimed before there is room for its call.
//! * [`attempt`] is one call of a provider: `Claimed → Sent`.
//! * [`settle`] turns what came back into the record to be written.
//! * [`bulk`] changes many at once, as operators ask for it.
//! * [`receipts`] settles what providers say later of what they took.
//! * [`webhooks`] tells services what happened to their notifications.
//! * [`reach`] finds out whether the other ends of the ways out are there, when an operator asks.
//! * [`schedule`] moves on what waits for a time; [`rescue`] takes up what a dead run left; [`sweep`] removes what is old.
//!
//! One notification: the bell rings, [`lines`] loads it from the store, it is its turn and a provider has a free slot, so
//! [`assign`] claims it (the claim is on disk before anything is sent), [`attempt`] calls the provider, [`settle`]
//! decides, and the transaction that records it claims the next one for the slot.

mod ahead;
mod assign;
mod attempt;
mod backlogs;
mod before;
mod bulk;
mod dispatch;
pub mod figures;
pub mod handle;
mod history;
mod holds;
mod lines;
mod measures;
mod metrics;
mod options;
mod queues;
mod rates;
mod reach;
mod receipts;
mod rescue;
pub mod route;
mod schedule;
mod services;
mod settle;
mod sliding;
mod slots;
mod standing;
mod sweep;
mod tickets;
mod timed;
mod tries;
pub mod way;
mod webhooks;
mod write;

pub use figures::{Figures, ProviderFigures, WebhookFigures};
pub use handle::{Handle, KindInfo, ProviderState, SettingError, TestCall, Totals};
pub use history::{Of, Pace};
pub use measures::Latencies;
pub use options::{Options, WebhookOptions};
pub use queues::Queue;
pub use rates::Speeds;
pub use route::{Route, Step, Verdict};
pub use sliding::Quantiles;
pub use standing::{InMemory, Standing};
pub use tries::Common;
pub use way::Way;
pub use webhooks::Telling;

use crate::history::History;
use crate::measures::Measures;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::services::Services;
use crate::tries::Tallies;
use crate::webhooks::UnderWay;
use arc_swap::ArcSwap;
use notify_proto::hold::Force;
use notify_proto::{Channel, ProviderId, Timestamp};
use notifyd_lifecycle::{Clock, Entropy};
pub use notifyd_providers::Reach;
use notifyd_providers::{BuildContext, Heard, Network, Sink};
use notifyd_store::api::Job;
use notifyd_store::{Store, StoreError};
use prometheus::Registry;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Questions and orders to the loop that may wait; whoever has one more waits until there is room.
const MAX_ASKED: usize = 16;

/// Time between two tries to take up what another run left.
const RESCUE_PAUSE: Duration = Duration::from_secs(1);

/// What the engine works with.
#[derive(Clone)]
pub struct Deps {
    /// The log.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where providers may go over HTTP.
    pub network: Network,
}

/// What somebody wants of the loop; each is answered when it has come round.
pub(crate) enum Ask {
    /// A sign of life.
    Beat(oneshot::Sender<()>),
    /// What stands in front of each provider.
    Queues(oneshot::Sender<HashMap<ProviderId, Queue>>),
    /// Where each job in memory stands.
    Standing(oneshot::Sender<Standing>),
    /// Force a circuit breaker.
    Force(ProviderId, Force, oneshot::Sender<()>),
    /// Who would be tried now.
    Route { channels: Vec<Channel>, pinned: Option<ProviderId>, answer: oneshot::Sender<Vec<Route>> },
    /// What becomes of one notification.
    Way(Box<Job>, oneshot::Sender<Way>),
}

/// What the loop and the handles share.
pub(crate) struct Inner {
    deps: Deps,
    options: ArcSwap<Options>,
    /// When it began, by both clocks: nothing is counted by it that happened before.
    began: (Duration, Timestamp),
    metrics: Metrics,
    context: BuildContext,
    /// Whether it delivers: what another run left is taken up.
    running: AtomicBool,
    in_flight: AtomicU32,
    delivered: AtomicU64,
    failed: AtomicU64,
    rates: Rates,
    measures: Measures,
    history: History,
    tallies: Tallies,
    under_way: UnderWay,
    services: Services,
    /// What stood in front of each provider when it was counted last.
    waiting: Mutex<HashMap<ProviderId, Queue>>,
    /// How long calls under way may finish after a stop was asked for, milliseconds.
    drain_ms: AtomicU64,
    providers: Mutex<HashMap<ProviderId, handle::Shown>>,
    asks: mpsc::Sender<Ask>,
    /// Rung once what another run left is taken up.
    started: CancellationToken,
}

/// The engine.
pub struct Engine {
    inner: Arc<Inner>,
    asks: mpsc::Receiver<Ask>,
    heard: mpsc::Receiver<Heard>,
}

impl Engine {
    /// An engine that does nothing yet, and a handle to it.
    pub fn new(
        deps: Deps,
        options: Options,
        registry: &Registry,
    ) -> Result<(Self, Handle), prometheus::Error> {
        let mut seed = [0; 8];
        deps.entropy.fill(&mut seed);
        let (receipts, heard) = Sink::channel();
        let clock = Arc::clone(&deps.clock);
        let network = deps.network.clone();
        let context = BuildContext { seed: u64::from_le_bytes(seed), clock, receipts, network };
        let (asks, asked) = mpsc::channel(MAX_ASKED);
        let inner = Arc::new(Inner {
            began: (deps.clock.steady(), deps.clock.now()),
            metrics: Metrics::register(registry)?,
            context,
            deps,
            options: ArcSwap::from_pointee(options),
            running: AtomicBool::new(false),
            in_flight: AtomicU32::new(0),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            rates: Rates::default(),
            measures: Measures::default(),
            history: History::default(),
            under_way: UnderWay::default(),
            tallies: Tallies::default(),
            services: Services::default(),
            waiting: Mutex::default(),
            drain_ms: AtomicU64::new(0),
            providers: Mutex::default(),
            asks,
            started: CancellationToken::new(),
        });
        let handle = Handle { inner: Arc::clone(&inner) };
        handle.set_drain_timeout(inner.options.load().drain_timeout);
        Ok((Self { inner, asks: asked, heard }, handle))
    }

    /// Takes up what another run left, then delivers until `shutdown`; after that claims nothing new and gives calls
    /// under way the drain timeout. Outcomes that came in by then are committed when this returns.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let Self { inner, asks, heard } = self;
        while let Err(error) = rescue::run(&inner).await {
            if shutdown.is_cancelled() {
                return Err(error);
            }
            // Nothing may be claimed before this is done, and what failed may pass: a reader that was not free.
            tracing::error!(%error, "what an interrupted run left could not be taken up; trying again");
            tokio::time::sleep(RESCUE_PAUSE).await;
        }
        inner.running.store(true, Ordering::Release);
        inner.started.cancel();
        let schedule = tokio::spawn(schedule::run(Arc::clone(&inner), shutdown.clone()));
        let history = tokio::spawn(history::run(Arc::clone(&inner), shutdown.clone()));
        let before = tokio::spawn(before::run(Arc::clone(&inner), shutdown.clone()));
        let sweep = tokio::spawn(sweep::run(Arc::clone(&inner), shutdown.clone()));
        let bulk = tokio::spawn(bulk::run(Arc::clone(&inner), shutdown.clone()));
        // Calls that end during the drain may bring receipts.
        let ended = CancellationToken::new();
        let collect = tokio::spawn(receipts::collect(Arc::clone(&inner), heard, ended.clone()));
        let receipts = tokio::spawn(receipts::run(Arc::clone(&inner), ended.clone()));
        let webhooks = tokio::spawn(webhooks::run(Arc::clone(&inner), shutdown.clone()));
        let done = dispatch::Dispatch::new(Arc::clone(&inner), asks).run(shutdown.clone()).await;
        // Whatever ended the loop, nothing goes on without it.
        shutdown.cancel();
        ended.cancel();
        inner.running.store(false, Ordering::Release);
        let _ = tokio::join!(schedule, history, before, sweep, bulk, collect, receipts, webhooks);
        done
    }
}
