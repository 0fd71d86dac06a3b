//! Tells a story while it is played: what the feed says has happened, how the attempts of those notifications ended, and
//! how the circuits stand. It does not know the plan, so it can tell nothing that did not happen.

use notify_proto::view::{AttemptView, NotificationDetail};
use notify_proto::{AttemptStatus, NotificationId, ProviderId, Status, Timestamp};
use notifyd_engine::Handle;
use notifyd_lifecycle::Clock;
use notifyd_store::feed::FeedEvent;
use notifyd_store::{Scope, Store};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;
use tokio::time::Instant;

/// Events read at a time.
const PAGE: usize = 256;

pub(super) struct Narrator {
    store: Arc<dyn Store>,
    engine: Handle,
    clock: Arc<dyn Clock>,
    began: Instant,
    /// Where to read on in the feed.
    next: u64,
    /// Circuits that are not closed, and since when that is known.
    open: HashMap<ProviderId, Timestamp>,
    /// Whose attempt was the last to deliver, and when it began.
    carrier: Option<(ProviderId, Timestamp)>,
    trouble: Trouble,
}

/// What came of the failures since all was well.
#[derive(Default)]
struct Trouble {
    /// Whether a circuit opened.
    opened: bool,
    /// Which ways of failing of which provider were told already.
    told: HashSet<(ProviderId, AttemptStatus)>,
    /// Notifications with a failed attempt that have not come to their end.
    waiting: HashSet<NotificationId>,
    delivered: u64,
    lost: u64,
}

impl Narrator {
    /// One that tells what happens from now on.
    pub(super) fn new(store: Arc<dyn Store>, engine: Handle, clock: Arc<dyn Clock>) -> Self {
        let next = store.feed().end();
        Self {
            store,
            engine,
            clock,
            began: Instant::now(),
            next,
            open: HashMap::new(),
            carrier: None,
            trouble: Trouble::default(),
        }
    }

    /// Tells until it is dropped.
    pub(super) async fn run(mut self) {
        let mut feed = self.store.feed().subscribe();
        loop {
            feed.borrow_and_update();
            loop {
                let page = self.store.feed().read(self.next, PAGE);
                self.next = page.next;
                if page.dropped > 0 {
                    self.say(&format!("{} events went by unread; the story is taken up anew", page.dropped));
                    self.trouble = Trouble::default();
                }
                if page.events.is_empty() {
                    break;
                }
                for event in page.events {
                    self.look();
                    self.hear(event).await;
                }
            }
            if feed.changed().await.is_err() {
                return;
            }
        }
    }

    fn say(&self, text: &str) {
        let line = format!("simulated, {:5.1} s: {text}\n", self.began.elapsed().as_secs_f64());
        // Whoever does not read it has no use for it.
        let _ = std::io::stdout().write_all(line.as_bytes());
    }

    /// Tells of circuits that opened or closed.
    fn look(&mut self) {
        for provider in self.store.directory().providers() {
            let state = self.engine.provider_state(provider.id);
            let name = &provider.name;
            if state.circuit == "closed" {
                if self.open.remove(&provider.id).is_some() {
                    self.say(&format!("the circuit of {name} closed"));
                }
            } else if !self.open.contains_key(&provider.id) {
                self.open.insert(provider.id, self.clock.now());
                self.trouble.opened = true;
                let reason = state.reason.unwrap_or_default();
                self.say(&format!("the circuit of {name} opened: {reason}"));
            }
        }
    }

    async fn hear(&mut self, event: FeedEvent) {
        if event.event == "created" {
            return;
        }
        let detail = match self.store.notification(Scope::All, event.id).await {
            Ok(Some(detail)) => detail,
            Ok(None) => return,
            Err(error) => return tracing::debug!(%error, "the narrator could not read a notification"),
        };
        if let Some(attempt) = failure(&detail, event) {
            self.failed(event, attempt);
        }
        if event.to == Status::Delivered {
            self.delivered(&detail);
        }
        if event.to.is_final() {
            self.ended(event);
        }
    }

    /// Each way in which a provider fails is told once, each probe for itself.
    fn failed(&mut self, event: FeedEvent, attempt: &AttemptView) {
        self.trouble.waiting.insert(event.id);
        let (Some(provider), Some(status)) = (attempt.provider_id, attempt.status.known()) else { return };
        let name = attempt.provider_name.as_deref().unwrap_or_default();
        let why = attempt.error_message.as_deref().or(attempt.reason.as_deref()).unwrap_or_default();
        let (id, next) = (event.id, event.event);
        // Calls that were under way when it opened began before that.
        if self.open.get(&provider).is_some_and(|opened| attempt.attempted_at > *opened) {
            self.say(&format!("{name} was probed and fails: {id} {status} ({why}), then {next}"));
        } else if self.trouble.told.insert((provider, status)) {
            self.say(&format!("{name} fails: {id} {status} ({why}), then {next}"));
        }
    }

    /// Tells when somebody else delivers.
    fn delivered(&mut self, detail: &NotificationDetail) {
        let Some(attempt) = detail.attempts.iter().rfind(|attempt| is(attempt, AttemptStatus::Delivered))
        else {
            return;
        };
        let Some(provider) = attempt.provider_id else { return };
        let began = attempt.attempted_at;
        // One that began earlier and ended later is no change.
        if self.carrier.is_some_and(|(_, since)| began < since) {
            return;
        }
        let same = self.carrier.replace((provider, began)).is_some_and(|(before, _)| before == provider);
        if !same {
            let name = attempt.provider_name.as_deref().unwrap_or_default();
            let id = detail.notification.id;
            let before = detail.attempts.iter().rfind(|attempt| has_failed(attempt));
            let before = before.and_then(|attempt| attempt.provider_name.as_deref());
            let before = before.map(|other| format!(", after {other} had failed")).unwrap_or_default();
            self.say(&format!("{name} delivers: {id}{before}"));
        }
    }

    /// Tells when everything that met the trouble has come to its end and every circuit is closed.
    fn ended(&mut self, event: FeedEvent) {
        let trouble = &mut self.trouble;
        if trouble.waiting.remove(&event.id) {
            *(if event.to == Status::Delivered { &mut trouble.delivered } else { &mut trouble.lost }) += 1;
        }
        if trouble.opened && trouble.waiting.is_empty() && self.open.is_empty() {
            let Trouble { delivered, lost, .. } = std::mem::take(trouble);
            self.say(&format!(
                "the trouble is over: {} notifications met it; {delivered} were delivered, {lost} were not, none waits\n",
                delivered + lost
            ));
        }
    }
}

fn is(attempt: &AttemptView, status: AttemptStatus) -> bool {
    attempt.status.known() == Some(status)
}

fn has_failed(attempt: &AttemptView) -> bool {
    is(attempt, AttemptStatus::Failed) || is(attempt, AttemptStatus::InDoubt)
}

/// The attempt whose failure this event followed from; the log keeps milliseconds.
fn failure(detail: &NotificationDetail, event: FeedEvent) -> Option<&AttemptView> {
    let at = Some(event.at.timestamp_millis());
    let then = |attempt: &&AttemptView| attempt.finished_at.map(|at| at.timestamp_millis()) == at;
    detail.attempts.iter().filter(then).find(|attempt| has_failed(attempt))
}
