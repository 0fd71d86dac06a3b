//! What the writer keeps between transactions, and what one of them will have to tell.

use super::shared::{Arrivals, Moved, Shared};
use super::step::Step;
use crate::api::Backlog;
use crate::directory::Directory;
use crate::feed::{FeedEvent, Remark};
use crate::key_index::KeyIndex;
use crate::wall::Wall;
use crate::webhooks::Endpoints;
use notify_proto::{Channel, Priority};
use notifyd_lifecycle::{Clock, FailPoint};
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// What the writer thread keeps between transactions.
pub struct State {
    pub(super) shared: Arc<Shared>,
    pub(super) wall: Wall,
    /// This run of the daemon.
    pub(super) run: i64,
    pub(super) next_seq: i64,
    /// Where equal earlier requests are found.
    pub dedup: KeyIndex,
    /// Where used idempotency keys are found.
    pub idempotency: KeyIndex,
    /// Services removed in this run, by number.
    pub(super) gone: HashSet<i64>,
    pub(super) news: News,
}

/// Notifications accepted, by channel and priority, in the order of their vocabularies.
pub type Acceptances = [[u64; Priority::ALL.len()]; Channel::ALL.len()];

/// What one transaction will have to tell.
#[derive(Default)]
pub(super) struct News {
    pub(super) events: Vec<FeedEvent>,
    pub(super) remarks: Vec<Remark>,
    pub(super) lines: HashMap<Backlog, i64>,
    pub(super) left: Vec<i64>,
    pub(super) arrived: Arrivals,
    pub(super) timed: bool,
    pub(super) counts: [i64; 7],
    /// Notifications that came to a status from another one.
    pub(super) reached: [u64; 7],
    pub(super) accepted: Acceptances,
    pub(super) steps: [bool; Step::ALL.len()],
    pub(super) directory_changed: bool,
    pub(super) directory: Option<Directory>,
    /// Webhooks whose rows changed, and all of them then.
    pub(super) webhooks_changed: Vec<i64>,
    pub(super) endpoints: Option<Endpoints>,
    /// Webhooks to which more is owed, or of which something else is due.
    pub(super) owed_to: HashSet<i64>,
    /// Events of webhooks that came to stand elsewhere.
    pub(super) told: Vec<Moved>,
    /// Whether something is due to webhooks at another time than was known.
    pub(super) moved: bool,
    /// Services that are removed, by number.
    pub(super) gone: Vec<i64>,
}

impl State {
    /// At start: `next_seq` is one above the highest stored number.
    pub fn new(
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
        run: i64,
        next_seq: i64,
        dedup: KeyIndex,
        idempotency: KeyIndex,
    ) -> Self {
        let (wall, gone, news) = (Wall::new(clock), HashSet::new(), News::default());
        Self { shared, wall, run, next_seq, dedup, idempotency, gone, news }
    }

    /// How many came to each status in this transaction, what it accepted, and how many came to each line of the queue.
    pub fn told(&self) -> (&[u64; 7], &Acceptances, &Arrivals) {
        (&self.news.reached, &self.news.accepted, &self.news.arrived)
    }

    /// Everything is written: the fail points right before the commit.
    pub fn pass_written(&self) {
        self.steps().map(Step::written).for_each(FailPoint::reached);
    }

    fn steps(&self) -> impl Iterator<Item = Step> {
        Step::ALL.into_iter().filter(|step| self.news.steps[*step as usize])
    }

    /// After the commit: tells the news.
    pub fn publish(&mut self) {
        self.steps().map(Step::committed).for_each(FailPoint::reached);
        self.news.steps = Default::default();
        self.dedup.commit();
        self.idempotency.commit();
        self.wall.commit();
        for (count, delta) in self.shared.counts.iter().zip(self.news.counts) {
            if delta != 0 {
                count.fetch_add(delta, Ordering::AcqRel);
            }
        }
        self.shared.feed.publish(&self.news.events);
        self.shared.feed.remark(self.news.remarks.drain(..));
        if !self.news.arrived.is_empty() {
            let mut arrivals = self.shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
            for (lane, count) in std::mem::take(&mut self.news.arrived) {
                *arrivals.entry(lane).or_default() += count;
            }
        }
        let changed = self.news.directory.is_some();
        if let Some(directory) = self.news.directory.take() {
            *self.shared.directory.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        }
        if changed || self.news.timed || !self.news.lines.is_empty() {
            self.shared.bell.ring(self.news.lines.drain(), self.news.timed);
        }
        if !self.news.left.is_empty() {
            self.shared.bell.left(self.news.left.drain(..));
        }
        self.shared.told.moved(self.news.told.drain(..));
        if let Some(endpoints) = self.news.endpoints.take() {
            self.shared.told.keep(&endpoints);
            self.shared.endpoints.store(Arc::new(endpoints));
            // One that is told again has been owed something all the while, it may be.
            self.news.owed_to.extend(self.news.webhooks_changed.drain(..));
        }
        let moved = std::mem::take(&mut self.news.moved);
        if moved || !self.news.owed_to.is_empty() {
            self.shared.bell.ring_webhooks(self.news.owed_to.drain(), moved);
        }
        self.gone.extend(self.news.gone.drain(..));
        self.news.events.clear();
        self.news.timed = false;
        self.news.counts = [0; 7];
        self.news.reached = [0; 7];
        let accepted = std::mem::take(&mut self.news.accepted);
        self.shared.accepted.fetch_add(accepted.iter().flatten().sum(), Ordering::AcqRel);
        self.news.directory_changed = false;
    }

    /// After a rollback: there is no news.
    pub fn forget(&mut self) {
        self.dedup.rollback();
        self.idempotency.rollback();
        self.wall.rollback();
        self.news = News::default();
    }

    /// Writes down that this run ended in good order.
    pub fn note_stop(&self, connection: &Connection) {
        let at = self.wall.now().timestamp_millis();
        let noted = connection.execute("UPDATE runs SET stopped_at = ?1 WHERE no = ?2", (at, self.run));
        if let Err(error) = noted {
            tracing::warn!(%error, "the end of the run was not noted");
        }
    }
}
