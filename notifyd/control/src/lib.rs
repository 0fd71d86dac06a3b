//! The Unix socket, through which `notifyctl` and `notify-tui` look and change.
//!
//! The cast:
//!
//! * [`Bound`] takes the socket: it replaces a stale one and never a live one; [`Control`] serves on it,
//!   [`run`](Control::run) serves until it is told to stop.
//! * `peer` decides from the uid and groups of whoever connects what it may do, before the first frame.
//! * `session` is one connection. A verb gets at the daemon only through its `look` or `change`, which check greeting and
//!   role; `calls` hands each call of [`notify_proto::control`] to its verb.
//! * `operations` is the long work: the daemon does it, so it goes on when whoever asked for it has gone.
//! * `verbs` has one file per family, by the names of `notifyctl`'s commands.
//! * `lane` tells in front of whom a line of queued work stands, `buckets` parts what waits by time.
//! * `attention` has the rules by which something needs a look.
//! * `view` makes the answers, `mask` takes out of them what the caller may not see, `bound` keeps them below a frame.
//! * [`Deps`] is what the daemon hands in; [`EngineHandle`] what this room asks of the engine.
//!
//! One call: accepted connection → credentials → `hello` → `notification_cancel` → role, reason and dry run checked →
//! [`EngineHandle::revoke`] with the caller as the audit's actor → the new status, or why it was refused.

mod attention;
mod bind;
mod bound;
mod buckets;
mod calls;
mod connection;
mod costly;
mod deps;
mod lane;
mod mask;
mod metrics;
mod name;
mod once;
mod operations;
mod options;
mod peer;
mod refuse;
mod serve;
mod session;
#[cfg(test)]
mod tests;
mod verbs;
mod view;

pub use attention::Thresholds;
pub use bind::BindError;
pub use deps::{Daemon, Deps, EngineHandle, Reload};
pub use options::Options;
pub use serve::{Bound, Control};
