//! Long work, and what is done to many notifications at once.
//!
//! Every piece of long work has a row, so that whoever asks later, even after a restart, finds what came of it. Work that
//! changes notifications in bulk goes on after a restart. It walks the log once, from the oldest to the newest notification
//! there was when it was asked for, so it comes past each at most once. A step is one transaction: the notifications, their
//! events, and how far the walk has come. Whatever kills the daemon leaves all of a step or nothing of it.
//!
//! One step: [`select`](mod@select) finds the next that match by a [`walk`](mod@walk), on a connection that reads; [`step`]
//! looks at just these again inside the transaction, changes those that still match, and moves the cursor; [`steer`] is how
//! it grants what operators wish of what waits. [`recovery`] walks the outbox of webhooks in the same way. [`rows`] is the
//! table.

mod bulk;
mod count;
mod recovery;
mod rows;
mod select;
mod steer;
mod step;
mod walk;

pub use bulk::Bulk;
pub use recovery::Recovery;
pub(crate) use rows::{lost, sweep};
pub(crate) use select::DEAD;

use crate::api::{Audit, Changed};
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::faults::{self, Faults};
use crate::sqlite::SqliteStore;
use crate::webhooks::Webhooks as _;
use crate::writer::Kind;
use async_trait::async_trait;
use notify_proto::filter::Filter;
use notify_proto::upkeep::OperationState;
use notify_proto::{ApiError, BulkOp, ErrorCode, NotificationId, Status, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::sync::watch;

/// Operations that change notifications side by side; whoever asks for one more waits for one to end.
pub const MAX_MOVING: usize = 8;

/// Most notifications of one step: some ten milliseconds of the writer.
pub const MAX_STEP: usize = 500;

/// Work that goes on after a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Work {
    /// Changes notifications.
    Bulk(Bulk),
    /// Has a webhook told once more.
    Recovery(Recovery),
}

impl Work {
    /// How many a second; none when nothing holds it up.
    pub const fn rate_per_second(&self) -> Option<f64> {
        match self {
            Self::Bulk(it) => it.rate_per_second,
            Self::Recovery(it) => it.rate_per_second,
        }
    }
}

/// Long work that is about to begin.
#[derive(Debug, Clone)]
pub struct NewOperation {
    /// Its verb, such as `store.backup`.
    pub verb: &'static str,
    /// What it works on, for people and the audit log.
    pub target: String,
    /// What a step is.
    pub unit: &'static str,
    /// Steps in all, as far as known.
    pub total: u64,
    /// What a start goes on with; none for work that ends with this run of the daemon.
    pub work: Option<Work>,
}

/// Long work as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its number, given once.
    pub no: i64,
    /// Its verb.
    pub verb: String,
    /// What it works on, for people.
    pub target: String,
    /// What a step is.
    pub unit: String,
    /// Who asked for it.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// What a start goes on with.
    pub work: Option<Work>,
    /// The newest of what it walks when it was asked for.
    pub(crate) upto: i64,
    /// The last of that it has been past.
    pub(crate) cursor: i64,
    /// Steps in all, as they were counted.
    pub total: u64,
    /// Steps done.
    pub done: u64,
    /// Notifications that did not allow it.
    pub refused: u64,
    /// The first of those.
    pub refusals: Vec<Refused>,
    /// Where it stands.
    pub state: OperationState,
    /// What came of it.
    pub outcome: Outcome,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Operation {
    /// What it does to notifications.
    pub const fn bulk(&self) -> Option<&Bulk> {
        match &self.work {
            Some(Work::Bulk(bulk)) => Some(bulk),
            _ => None,
        }
    }
}

/// One that did not allow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which.
    pub id: NotificationId,
    /// The status it had.
    pub status: Status,
    /// What was in the way, a sentence; none when the status says it.
    #[serde(default)]
    pub why: Option<String>,
}

/// What came of long work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// A sentence.
    pub result: Option<String>,
    /// The file it made.
    pub path: Option<String>,
    /// Bytes of that file, or bytes given back.
    pub bytes: Option<u64>,
    /// Notifications it removed.
    pub removed: Option<u64>,
    /// Why it failed.
    pub error: Option<ApiError>,
}

/// How long work ended.
#[derive(Debug, Clone)]
pub struct End {
    /// Where it stands; not running.
    pub state: OperationState,
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
    /// What came of it.
    pub outcome: Outcome,
}

impl End {
    /// It failed where it stands.
    pub fn failed(operation: &Operation, message: String) -> Self {
        let error = Some(ApiError::new(ErrorCode::Failed, message));
        let Operation { done, total, .. } = *operation;
        Self { state: OperationState::Failed, done, total, outcome: Outcome { error, ..Outcome::default() } }
    }
}

/// What matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matching {
    /// How many, by status; what is so already does not count.
    pub by_status: BTreeMap<Status, u64>,
    /// How many, by the number of the service.
    pub by_service: BTreeMap<i64, u64>,
    /// Of these, those that do not allow it as they stand.
    pub refused: u64,
    /// The same by status.
    pub refused_by: BTreeMap<Status, u64>,
    /// The first of them.
    pub samples: Vec<NotificationId>,
}

impl Matching {
    /// How many in all.
    pub fn total(&self) -> u64 {
        self.by_status.values().sum()
    }
}

/// Long work, and changes to many notifications.
#[async_trait]
pub trait Operations: Send + Sync + 'static {
    /// Writes down that work begins, with the row of the audit log.
    async fn begin(&self, new: NewOperation, audit: Audit) -> Result<Operation>;

    /// Writes down how work ended that is still under way.
    async fn end(&self, no: i64, end: End) -> Result<()>;

    /// The newest, at most so many.
    async fn list(&self, limit: usize) -> Result<Vec<Operation>>;

    /// One.
    async fn find(&self, no: i64) -> Result<Option<Operation>>;

    /// Those under way that go on after a restart, oldest first.
    async fn moving(&self) -> Result<Vec<Operation>>;

    /// One step of such an operation: at most so many notifications or events, [`MAX_STEP`] at once. Where it stands then.
    async fn advance(&self, no: i64, most: usize) -> Result<Option<Operation>>;

    /// Has one of those given up; where it stands then.
    async fn cancel(&self, no: i64, audit: Audit) -> Result<Option<Operation>>;

    /// What matches now.
    async fn matching(&self, bulk: Bulk) -> Result<Matching>;

    /// Removes dead letters with their stories; one verdict for each, in order.
    async fn discard(&self, ids: Vec<NotificationId>, audit: Audit) -> Result<Vec<Changed>>;

    /// Dead letters by what is wrong with them: the `limit` largest groups.
    async fn faults(&self, filter: Filter, limit: usize) -> Result<Faults>;

    /// Changes whenever an operation begins or ends.
    fn changed(&self) -> watch::Receiver<u64>;
}

#[async_trait]
impl Operations for SqliteStore {
    async fn begin(&self, new: NewOperation, audit: Audit) -> Result<Operation> {
        let begun = self.writer()?.run_alone(move |desk| rows::begin(desk, new, &audit)).await?;
        self.operations_changed();
        Ok(begun)
    }

    async fn end(&self, no: i64, end: End) -> Result<()> {
        self.writer()?.run_alone(move |desk| rows::end(desk, no, &end)).await?;
        self.operations_changed();
        Ok(())
    }

    async fn list(&self, limit: usize) -> Result<Vec<Operation>> {
        self.read(move |connection, _| rows::list(connection, limit)).await
    }

    async fn find(&self, no: i64) -> Result<Option<Operation>> {
        self.read(move |connection, _| rows::find(connection, no)).await
    }

    async fn moving(&self) -> Result<Vec<Operation>> {
        self.read(|connection, _| rows::moving(connection)).await
    }

    async fn advance(&self, no: i64, most: usize) -> Result<Option<Operation>> {
        let most = most.clamp(1, MAX_STEP);
        let Some(known) = Operations::find(self, no).await? else { return Ok(None) };
        if matches!(known.work, Some(Work::Recovery(_))) {
            return self.recover_step(no, most).await;
        }
        let mut span = select::SPAN;
        let selected = loop {
            let look =
                move |connection: &_, directory: &_| select::next(connection, directory, no, most, span);
            match self.ask(look).await {
                // Large messages: less at once.
                Err(StoreError::Slow) if span > 1 => span /= 10,
                selected => break selected?,
            }
        };
        let Some(selected) = selected else { return Operations::find(self, no).await };
        // What is queued makes work that has to be recorded; the others only write.
        let kind =
            if matches!(selected.op, BulkOp::Retry | BulkOp::Run) { Kind::Work } else { Kind::Outcome };
        let work = move |desk: &mut Desk<'_>| step::step(desk, no, &selected);
        let stands = self.writer()?.step(kind, most, work).await?;
        if stands.as_ref().is_none_or(|it| it.state != OperationState::Running) {
            self.operations_changed();
        }
        Ok(stands)
    }

    async fn cancel(&self, no: i64, audit: Audit) -> Result<Option<Operation>> {
        let stands = self.writer()?.run_alone(move |desk| rows::cancel(desk, no, &audit)).await?;
        self.operations_changed();
        Ok(stands)
    }

    async fn matching(&self, bulk: Bulk) -> Result<Matching> {
        count::matching(self, bulk).await
    }

    async fn discard(&self, ids: Vec<NotificationId>, audit: Audit) -> Result<Vec<Changed>> {
        self.writer()?.run_alone(move |desk| step::discard(desk, &ids, &audit)).await
    }

    async fn faults(&self, filter: Filter, limit: usize) -> Result<Faults> {
        faults::group(self, filter, limit).await
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.watch_operations()
    }
}

impl SqliteStore {
    /// One step of an operation that has a webhook told once more.
    async fn recover_step(&self, no: i64, most: usize) -> Result<Option<Operation>> {
        let mut span = select::SPAN;
        let selected = loop {
            let endpoints = self.endpoints();
            let look = move |connection: &_, _: &_| recovery::next(connection, &endpoints, no, most, span);
            match self.ask(look).await {
                Err(StoreError::Slow) if span > 1 => span /= 10,
                selected => break selected?,
            }
        };
        let Some(selected) = selected else { return Operations::find(self, no).await };
        let work = move |desk: &mut Desk<'_>| recovery::step(desk, no, &selected);
        let stands = self.writer()?.step(Kind::Work, most, work).await?;
        if stands.as_ref().is_none_or(|it| it.state != OperationState::Running) {
            self.operations_changed();
        }
        Ok(stands)
    }
}

/// A value that is stored as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_an_earlier_daemon_can_be_read() {
        let id = NotificationId::from_bytes([7; 16]);
        let old = to_json(&[(id, Status::Queued)]).unwrap();
        let read: Vec<Refused> = serde_json::from_str(&old).unwrap();
        assert_eq!(read, [Refused { id, status: Status::Queued, why: None }]);
    }
}
