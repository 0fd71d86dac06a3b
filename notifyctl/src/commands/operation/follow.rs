//! Follows long work to its end. It is the daemon's: a Ctrl-C leaves it alone and says how to come back to it.

use super::super::Desk;
use super::wait::said;
use crate::clock;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use clap::Args;
use notify_proto::transport::{Reply, RpcError};
use notify_proto::upkeep::{OperationState, OperationView, grouped};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long one call waits where nobody watches, seconds; the daemon allows 60.
const TURN: u64 = 30;

/// And where somebody does.
const WATCHED_TURN: u64 = 1;

/// Between two calls when the first was answered early.
const PAUSE: Duration = Duration::from_millis(250);

/// Whether to stay until the work has ended.
#[derive(Debug, Clone, Copy, Args)]
pub struct Stay {
    /// Start it and return at once; notifyctl operation wait follows it
    #[arg(long)]
    no_wait: bool,
}

impl Stay {
    /// To the end, unless it shall not.
    pub(crate) const fn unless(no_wait: bool) -> Self {
        Self { no_wait }
    }
}

/// Ctrl-C, from here on.
pub(crate) struct Interrupts(Signal);

impl Interrupts {
    /// Catches them from now on.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let caught = signal(SignalKind::interrupt());
        caught
            .map(Self)
            .map_err(|error| Failure::new(Exit::Refused, format!("cannot watch for Ctrl-C: {error}")))
    }

    /// The next one.
    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Where work began, and whether somebody wants to leave.
pub(crate) struct Begun<T> {
    answer: T,
    leaves: bool,
}

impl<T> Begun<T> {
    /// The same of a part of the answer.
    pub(crate) fn map<U>(self, part: impl FnOnce(T) -> U) -> Begun<U> {
        Begun { answer: part(self.answer), leaves: self.leaves }
    }
}

impl<T> Begun<Option<T>> {
    /// Nothing when nothing was begun.
    pub(crate) fn some(self) -> Option<Begun<T>> {
        Some(Begun { answer: self.answer?, leaves: self.leaves })
    }
}

/// Awaits the call that starts it. Only its answer tells how to come back to it, so a first Ctrl-C waits for that; a second
/// one does not.
pub(crate) async fn begin<T>(
    desk: &Desk<'_>,
    link: &Link,
    interrupts: &mut Interrupts,
    call: impl Future<Output = Result<Reply<T>, RpcError>>,
) -> Result<Begun<T>, Failure> {
    let mut call = std::pin::pin!(link.change(call));
    tokio::select! {
        answer = &mut call => return Ok(Begun { answer: answer?, leaves: false }),
        () = interrupts.next() => {}
    }
    desk.out.note("waiting for the daemon to say what it has begun; Ctrl-C again leaves at once");
    tokio::select! {
        answer = call => Ok(Begun { answer: answer?, leaves: true }),
        () = interrupts.next() => Err(Failure::new(Exit::Interrupted, "interrupted before the daemon answered")
            .hint("notifyctl operation list shows whether it has begun")),
    }
}

/// Follows what was begun, and tells the result as a document with these members at its top.
pub(crate) async fn finish(
    desk: &Desk<'_>,
    link: &Link,
    interrupts: &mut Interrupts,
    what: &str,
    begun: Begun<OperationView>,
    stay: Stay,
    members: impl FnOnce(&OperationView) -> Value,
) -> Ended {
    let Begun { answer, leaves } = begun;
    if leaves {
        return Err(left(&answer.id).into());
    }
    if stay.no_wait {
        let sentence = format!("{} has begun as {}", answer.verb, answer.id);
        desk.out.changed(what, "operation", &sentence, &answer)?;
        desk.out.advise(&format!("next: notifyctl operation wait {}", answer.id));
        return Ok(Exit::Done);
    }
    let operation = to_the_end(desk, link, answer, None, interrupts).await?;
    if operation.state != OperationState::Done {
        return Err(broken(operation).into());
    }
    if matches!(desk.out.format, crate::cli::Format::Json | crate::cli::Format::Jsonl) {
        let mut document = members(&operation);
        if let Some(document) = document.as_object_mut() {
            document.insert("operation".into(), json!(operation));
        }
        desk.out.document(what, document)?;
    } else {
        desk.out.changed(what, "operation", &said(&operation), &operation)?;
    }
    refusals(&operation)
}

/// Some that it came to may not have allowed it.
pub(super) fn refusals(operation: &OperationView) -> Ended {
    if operation.refused == 0 {
        return Ok(Exit::Done);
    }
    let exit = if operation.done > 0 { Exit::Partly } else { Exit::Conflict };
    let shown: Vec<_> =
        operation.refusals.iter().take(5).map(|it| format!("{}: {}", it.id, it.message)).collect();
    let more = operation.refused.saturating_sub(shown.len() as u64);
    let more = if more > 0 { format!("; and {} more", grouped(more)) } else { String::new() };
    Err(Failure::new(exit, format!("refused: {}{more}", shown.join("; "))).into())
}

/// Waits until it has ended, or for this long; where it stands then.
pub(super) async fn to_the_end(
    desk: &Desk<'_>,
    link: &Link,
    mut operation: OperationView,
    patience: Option<Duration>,
    interrupts: &mut Interrupts,
) -> Result<OperationView, Stop> {
    let start = clock::start();
    let progress = desk.out.progress(&operation.verb, &operation.unit);
    let longest = if progress.is_shown() { WATCHED_TURN } else { TURN };
    while operation.state == OperationState::Running {
        progress.at(operation.done + operation.refused, operation.total);
        let asked = start.elapsed();
        let left_over =
            patience.map_or(Duration::from_secs(longest), |patience| patience.saturating_sub(asked));
        if left_over.is_zero() {
            break;
        }
        // Rounded up, so that the last call does not spin.
        let turn = (left_over.as_secs() + u64::from(left_over.subsec_nanos() > 0)).min(longest);
        let turn = u32::try_from(turn).unwrap_or(0);
        let id = operation.id.clone();
        let context = link.within_and(Duration::from_secs(turn.into()));
        let call = link.read(link.client.operation_show(context, id, turn));
        operation = tokio::select! {
            answer = call => answer.map_err(|failure| lost(failure, &operation))?,
            () = interrupts.next() => return Err(left(&operation.id).into()),
        };
        // A daemon that answers early, as when it is stopping, is not asked without a pause.
        let early = start.elapsed() + PAUSE < asked + Duration::from_secs(turn.into());
        if operation.state == OperationState::Running && early {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(operation)
}

fn left(id: &str) -> Failure {
    Failure::new(Exit::Interrupted, format!("interrupted; {id} goes on in the daemon"))
        .hint(format!("next: notifyctl operation wait {id}, or notifyctl operation cancel {id}"))
}

/// It was begun, so it is not as if nothing had happened.
fn lost(failure: Failure, operation: &OperationView) -> Failure {
    let OperationView { id, verb, .. } = operation;
    failure.hint(format!("{id} ({verb}) had begun: notifyctl operation show {id} says what became of it"))
}

/// It ended, and not well.
fn broken(operation: OperationView) -> Failure {
    let sentence = said(&operation);
    match operation.error {
        Some(error) => error.into(),
        None => Failure::new(Exit::Refused, format!("{}: {sentence}", operation.id)),
    }
}
