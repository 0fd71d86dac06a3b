//! Long work. The daemon does it and not the call that asked for it, so it goes on when the caller goes away; whoever comes
//! later can look at it, wait for it, or have it given up.

use crate::refuse;
use crate::session::Operator;
use notify_proto::transport::Reply;
use notify_proto::upkeep::{OperationState, OperationView, grouped};
use notify_proto::{ApiError, ErrorCode, Timestamp};
use notifyd_lifecycle::Clock;
use notifyd_store::StoreError;
use notifyd_store::upkeep::Progress;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// Operations remembered, those that run always among them.
const KEPT: usize = 100;

/// How long operations that were given up may take to end when the daemon stops.
const GRACE: Duration = Duration::from_secs(1);

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

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// A sentence.
    pub(crate) result: String,
    pub(crate) path: Option<String>,
    pub(crate) bytes: Option<u64>,
    pub(crate) removed: Option<u64>,
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

/// How it ended.
struct End {
    at: Timestamp,
    outcome: Result<Outcome, Broken>,
}

struct Operation {
    id: String,
    kind: Kind,
    actor: String,
    started_at: Timestamp,
    progress: Arc<Progress>,
    end: watch::Sender<Option<End>>,
}

impl Operation {
    fn runs(&self) -> bool {
        self.end.borrow().is_none()
    }

    fn give_up(&self) {
        self.progress.cancelled.store(true, Ordering::Release);
    }

    fn view(&self) -> OperationView {
        let (done, total) =
            (self.progress.done.load(Ordering::Acquire), self.progress.total.load(Ordering::Acquire));
        let mut view = OperationView {
            id: self.id.clone(),
            verb: self.kind.verb.to_owned(),
            actor: self.actor.clone(),
            state: OperationState::Running,
            done,
            total,
            unit: self.kind.unit.to_owned(),
            started_at: self.started_at,
            finished_at: None,
            result: None,
            path: None,
            bytes: None,
            removed: None,
            error: None,
        };
        let end = self.end.borrow();
        let Some(End { at, outcome }) = &*end else { return view };
        view.finished_at = Some(*at);
        match outcome {
            Ok(Outcome { result, path, bytes, removed }) => {
                view.state = OperationState::Done;
                view.result = Some(result.clone());
                (view.path, view.bytes, view.removed) = (path.clone(), *bytes, *removed);
            }
            Err(Broken::Cancelled) => {
                view.state = OperationState::Cancelled;
                view.result = Some(format!(
                    "cancelled after {} of {} {}",
                    grouped(done),
                    grouped(total),
                    self.kind.unit
                ));
            }
            Err(Broken::Failed(error)) => {
                view.state = OperationState::Failed;
                view.error = Some(error.clone());
            }
        }
        view
    }

    /// The work is over.
    fn ended(&self, at: Timestamp, outcome: Result<Outcome, Broken>) {
        self.end.send_replace(Some(End { at, outcome }));
        let view = self.view();
        let (verb, state) = (self.kind.verb, view.state.as_str());
        let error = view.error.map(|error| error.message);
        tracing::info!(operation = self.id, verb, state, result = view.result, error, "operation ended");
    }
}

/// The operations of this run of the daemon.
#[derive(Default)]
pub(crate) struct Operations {
    known: Mutex<Known>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Known {
    /// Number of the newest.
    last: u64,
    /// Oldest first.
    all: VecDeque<Arc<Operation>>,
    /// Whether the daemon stops.
    closed: bool,
}

impl Operations {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn for this kind of work.
    fn begin(&self, kind: Kind, actor: String, started_at: Timestamp) -> Reply<Arc<Operation>> {
        let mut known = self.known();
        if known.closed {
            return Err(ApiError::new(ErrorCode::Unavailable, "the daemon is stopping"));
        }
        if let Some(other) = known.all.iter().find(|other| other.kind.busy == kind.busy && other.runs()) {
            let message = format!("{} is under way as {}", other.kind.verb, other.id);
            return Err(refuse::conflict(message).hint(format!("notifyctl operation wait {}", other.id)));
        }
        known.last += 1;
        let operation = Arc::new(Operation {
            id: format!("op_{}", known.last),
            kind,
            actor,
            started_at,
            progress: Arc::default(),
            end: watch::Sender::new(None),
        });
        known.all.push_back(Arc::clone(&operation));
        if known.all.len() > KEPT
            && let Some(oldest) = known.all.iter().position(|it| !it.runs())
        {
            known.all.remove(oldest);
        }
        Ok(operation)
    }

    fn run(
        &self,
        operation: Arc<Operation>,
        clock: Arc<dyn Clock>,
        work: impl Future<Output = Result<Outcome, Broken>> + Send + 'static,
    ) {
        self.tasks.spawn(async move {
            // In a task of its own, so that even a panic has an end that is told.
            let outcome = tokio::spawn(work).await.unwrap_or_else(|panic| {
                tracing::error!(operation = operation.id, error = %panic, "operation broke off");
                let message = "it broke off; the log of the daemon says more";
                Err(Broken::Failed(ApiError::new(ErrorCode::Failed, message)))
            });
            operation.ended(clock.now(), outcome);
        });
    }

    fn find(&self, id: &str) -> Reply<Arc<Operation>> {
        let found = self.known().all.iter().find(|operation| operation.id == id).cloned();
        found.ok_or_else(|| {
            refuse::not_found("operation", id).hint("see notifyctl operation list; a restart forgets them")
        })
    }

    /// All that are remembered, newest first.
    pub(crate) fn list(&self) -> Vec<OperationView> {
        self.known().all.iter().rev().map(|operation| operation.view()).collect()
    }

    /// Where it stands when it has ended or the time is up.
    pub(crate) async fn show(&self, id: &str, wait: Duration) -> Reply<OperationView> {
        let operation = self.find(id)?;
        let mut end = operation.end.subscribe();
        let _ = tokio::time::timeout(wait, end.wait_for(Option::is_some)).await;
        Ok(operation.view())
    }

    /// One that runs.
    pub(crate) fn running(&self, id: &str) -> Reply<OperationView> {
        let view = self.find(id)?.view();
        if view.state == OperationState::Running {
            return Ok(view);
        }
        Err(refuse::conflict(format!("{id} has ended already: it is {}", view.state.as_str())))
    }

    /// Has it given up at its next step; where it stands.
    pub(crate) fn cancel(&self, id: &str) -> Reply<OperationView> {
        let operation = self.find(id)?;
        operation.give_up();
        Ok(operation.view())
    }

    /// Takes nothing new, and has everything given up.
    pub(crate) fn close(&self) {
        let mut known = self.known();
        known.closed = true;
        known.all.iter().for_each(|operation| operation.give_up());
        self.tasks.close();
    }

    /// Waits for what was given up, for a moment.
    pub(crate) async fn ended(&self) {
        if tokio::time::timeout(GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!("an operation did not end in time");
        }
    }
}

impl Operator<'_> {
    /// Starts long work in the daemon. That it was asked for is on disk before it begins.
    pub(crate) fn start<F>(
        &self,
        kind: Kind,
        target: String,
        work: impl FnOnce(Arc<Progress>) -> F + Send + 'static,
    ) -> Reply<OperationView>
    where
        F: Future<Output = Result<Outcome, Broken>> + Send + 'static,
    {
        let (room, audit) = (self.room, self.audit());
        let operation = room.operations.begin(kind, audit.actor.clone(), room.now())?;
        self.tell(kind.verb, &target);
        let (store, progress) = (Arc::clone(&room.deps.store), Arc::clone(&operation.progress));
        let view = operation.view();
        room.operations.run(operation, Arc::clone(&room.deps.clock), async move {
            store.audit(kind.verb, target, audit).await?;
            work(progress).await
        });
        Ok(view)
    }
}
