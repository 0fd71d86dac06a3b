//! Long work. The daemon does it and not the call that asked for it, so it goes on when the caller goes away; whoever comes
//! later can look at it, wait for it, or have it given up. What came of it is in the log.
//!
//! Work on the log as a whole runs here and ends with the daemon. What changes notifications in bulk is the engine's, which
//! goes on with it after a restart.

mod view;

use crate::refuse;
use crate::session::Operator;
use notify_proto::transport::Reply;
use notify_proto::upkeep::{OperationState, OperationView, grouped};
use notify_proto::{ApiError, ErrorCode};
use notifyd_store::operations::{End, NewOperation, Operation, Outcome};
use notifyd_store::upkeep::Progress;
use notifyd_store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

pub(crate) use view::view;

/// Operations shown at most.
const SHOWN: usize = 200;

/// How long operations that were given up may take to end when the daemon stops.
const GRACE: Duration = Duration::from_secs(1);

/// Between two tries to write down an end.
const PAUSE: Duration = Duration::from_secs(1);

/// A kind of long work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// Its verb, such as `store.backup`.
    pub(crate) verb: &'static str,
    /// What a step is.
    pub(crate) unit: &'static str,
    /// What it keeps busy: kinds with the same one take turns.
    pub(crate) busy: &'static str,
}

/// Why nothing came of it.
#[derive(Debug, Clone)]
pub(crate) enum Broken {
    /// Somebody had it given up.
    Cancelled,
    /// It failed.
    Failed(ApiError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cancelled => Self::Cancelled,
            error => Self::Failed(refuse::log(error)),
        }
    }
}

/// Work that keeps something busy.
struct Busy {
    verb: &'static str,
    /// Its number, once it has one.
    no: Option<i64>,
    progress: Arc<Progress>,
}

/// The work that this room does now.
#[derive(Default)]
pub(crate) struct Operations {
    known: Arc<Mutex<Known>>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Known {
    /// By what it keeps busy.
    busy: HashMap<&'static str, Busy>,
    /// Whether the daemon stops.
    closed: bool,
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A turn for a kind of work; free again when it is dropped.
struct Turn {
    known: Arc<Mutex<Known>>,
    busy: &'static str,
    progress: Arc<Progress>,
}

impl Turn {
    /// It has this number.
    fn is(&self, no: i64) {
        if let Some(busy) = lock(&self.known).busy.get_mut(self.busy) {
            busy.no = Some(no);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.known).busy.remove(self.busy);
    }
}

impl Operations {
    /// Takes a turn for this kind of work.
    fn turn(&self, kind: Kind) -> Reply<Turn> {
        let mut known = lock(&self.known);
        if known.closed {
            return Err(ApiError::new(ErrorCode::Unavailable, "the daemon is stopping"));
        }
        if let Some(other) = known.busy.get(kind.busy) {
            let Some(no) = other.no else {
                return Err(refuse::conflict(format!("{} is about to begin", other.verb)));
            };
            let message = format!("{} is under way as op_{no}", other.verb);
            return Err(refuse::conflict(message).hint(format!("notifyctl operation wait op_{no}")));
        }
        let progress: Arc<Progress> = Arc::default();
        let busy = Busy { verb: kind.verb, no: None, progress: Arc::clone(&progress) };
        known.busy.insert(kind.busy, busy);
        Ok(Turn { known: Arc::clone(&self.known), busy: kind.busy, progress })
    }

    /// How far the work with this number has come, when it is done here.
    fn progress(&self, no: i64) -> Option<Arc<Progress>> {
        let known = lock(&self.known);
        known.busy.values().find(|busy| busy.no == Some(no)).map(|busy| Arc::clone(&busy.progress))
    }

    /// As it is now.
    fn now(&self, mut operation: Operation) -> OperationView {
        if operation.state == OperationState::Running
            && let Some(progress) = self.progress(operation.no)
        {
            operation.done = progress.done.load(Ordering::Acquire);
            operation.total = progress.total.load(Ordering::Acquire);
        }
        view(operation)
    }

    /// The newest, newest first.
    pub(crate) async fn list(&self, store: &dyn Store) -> Reply<Vec<OperationView>> {
        let all = store.operations().list(SHOWN).await.map_err(refuse::log)?;
        Ok(all.into_iter().map(|operation| self.now(operation)).collect())
    }

    /// Where it stands when it has ended or the time is up.
    pub(crate) async fn show(&self, store: &dyn Store, id: &str, wait: Duration) -> Reply<OperationView> {
        let mut changed = store.operations().changed();
        let ended = async {
            loop {
                changed.borrow_and_update();
                let operation = find(store, id).await?;
                if operation.state != OperationState::Running || changed.changed().await.is_err() {
                    return Reply::Ok(operation);
                }
            }
        };
        let operation = match tokio::time::timeout(wait, ended).await {
            Ok(ended) => ended?,
            Err(_) => find(store, id).await?,
        };
        Ok(self.now(operation))
    }

    /// One that runs.
    pub(crate) async fn running(&self, store: &dyn Store, id: &str) -> Reply<Operation> {
        let operation = find(store, id).await?;
        if operation.state == OperationState::Running {
            return Ok(operation);
        }
        Err(refuse::conflict(format!("{id} has ended already: it is {}", operation.state.as_str())))
    }

    /// Has it given up at its next step.
    pub(crate) fn give_up(&self, no: i64) {
        if let Some(progress) = self.progress(no) {
            progress.cancelled.store(true, Ordering::Release);
        }
    }

    /// Takes nothing new, and has everything given up.
    pub(crate) fn close(&self) {
        let mut known = lock(&self.known);
        known.closed = true;
        known.busy.values().for_each(|busy| busy.progress.cancelled.store(true, Ordering::Release));
        self.tasks.close();
    }

    /// Waits for what was given up, for a moment.
    pub(crate) async fn ended(&self) {
        if tokio::time::timeout(GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!("an operation did not end in time");
        }
    }
}

/// One, by its id.
async fn find(store: &dyn Store, id: &str) -> Reply<Operation> {
    let unknown = || {
        let hint = "see notifyctl operation list; what ended is remembered for 30 days";
        refuse::not_found("operation", id).hint(hint)
    };
    let no = id.strip_prefix("op_").and_then(|no| no.parse().ok()).ok_or_else(unknown)?;
    store.operations().find(no).await.map_err(refuse::log)?.ok_or_else(unknown)
}

impl Operator<'_> {
    /// Starts long work in the daemon. That it was asked for is on disk before it begins.
    pub(crate) async fn start<F>(
        &self,
        kind: Kind,
        target: String,
        work: impl FnOnce(Arc<Progress>) -> F + Send + 'static,
    ) -> Reply<OperationView>
    where
        F: Future<Output = Result<Outcome, Broken>> + Send + 'static,
    {
        let turn = self.room.operations.turn(kind)?;
        let Kind { verb, unit, .. } = kind;
        self.tell(verb, &target);
        let (store, audit) = (Arc::clone(&self.room.deps.store), self.audit());
        let (tell, begun) = oneshot::channel();
        // In a task of its own, as the caller may go away.
        self.room.operations.tasks.spawn(async move {
            let new = NewOperation { verb, target, unit, total: 0, work: None };
            let operation = match store.operations().begin(new, audit).await {
                Ok(operation) => operation,
                Err(error) => {
                    let _ = tell.send(Err(refuse::log(error)));
                    return;
                }
            };
            turn.is(operation.no);
            let _ = tell.send(Ok(view(operation.clone())));
            let progress = Arc::clone(&turn.progress);
            // In one more, so that even a panic has an end that is told.
            let outcome = tokio::spawn(work(Arc::clone(&progress))).await.unwrap_or_else(|panic| {
                tracing::error!(operation = operation.no, error = %panic, "operation broke off");
                let message = "it broke off; the log of the daemon says more";
                Err(Broken::Failed(ApiError::new(ErrorCode::Failed, message)))
            });
            // Its turn ends before whoever waits for it hears of its end, who may ask for the next.
            drop(turn);
            ended(&*store, &operation, end(unit, &progress, outcome)).await;
        });
        begun.await.unwrap_or_else(|_| Err(ApiError::new(ErrorCode::Failed, "it did not begin")))
    }
}

/// How it ended.
fn end(unit: &str, progress: &Progress, outcome: Result<Outcome, Broken>) -> End {
    let (done, total) = (progress.done.load(Ordering::Acquire), progress.total.load(Ordering::Acquire));
    let (state, outcome) = match outcome {
        Ok(outcome) => (OperationState::Done, outcome),
        Err(Broken::Cancelled) => {
            let result = format!("cancelled after {} of {} {unit}", grouped(done), grouped(total));
            (OperationState::Cancelled, Outcome { result: Some(result), ..Outcome::default() })
        }
        Err(Broken::Failed(error)) => {
            (OperationState::Failed, Outcome { error: Some(error), ..Outcome::default() })
        }
    };
    End { state, done, total, outcome }
}

/// The work is over: writes it down, however long that takes, and then whoever waits hears of it.
async fn ended(store: &dyn Store, operation: &Operation, end: End) {
    let (id, verb, state) = (format!("op_{}", operation.no), &operation.verb, end.state.as_str());
    let error = end.outcome.error.as_ref().map(|error| &error.message);
    tracing::info!(operation = id, verb, state, result = end.outcome.result, error, "operation ended");
    while let Err(error) = store.operations().end(operation.no, end.clone()).await {
        tracing::warn!(operation = id, %error, "its end could not be written down");
        if matches!(error, StoreError::Closing) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
