//! The log: the only room that knows SQL.
//!
//! The cast:
//!
//! * [`Store`], the batch verbs the rest of the daemon speaks; [`api`] has their arguments and answers.
//! * [`SqliteStore`], the embedded log: one writer thread with group commit, pooled readers.
//! * [`Tenant`], a handle that can only see one service's notifications: all that the intake gets.
//! * [`Operations`], long work that outlives a restart, and changes to many notifications.
//! * [`Receipts`], what providers say later of what they took.
//! * [`Webhooks`], who is told of what, and the outbox.
//! * [`Directory`], services and providers as a snapshot in memory.
//! * [`Door`], which key opens which service, and who knocks too often.
//! * [`Feed`], the last events; [`Bell`], which wakes the engine.
//!
//! One notification: [`Store::accept`] writes it, its event and its deduplication entry in one
//! transaction and rings the bell; [`claim`] writes an attempt down before the provider is called;
//! [`record`] writes how it ended. Each is a compare-and-set, so a late or repeated step does nothing.

pub mod api;
mod backup;
pub mod bell;
pub mod directory;
pub mod disk;
pub mod door;
pub mod error;
pub mod faults;
pub mod feed;
mod groups;
pub mod latch;
pub mod operations;
pub mod receipts;
pub mod sqlite;
pub mod tenant;
pub mod upkeep;
pub mod webhooks;

mod accept;
mod again;
mod answered;
mod audit;
mod change;
mod claim;
mod cursor;
mod desk;
mod died;
mod directory_rows;
mod due;
mod filter;
mod holds;
mod key_index;
mod list;
mod metrics;
mod open;
mod provider_rows;
mod read;
mod readers;
mod record;
mod removal;
mod restored;
mod row;
mod schedule;
mod seal;
mod stats;
mod steer;
mod sweep;
mod turnstile;
mod values;
mod waiting;
mod wall;
mod writer;

pub use answered::{Answered, AnsweredCounts};
pub use api::{Scope, Store};
pub use bell::Bell;
pub use directory::{Directory, Hold, HoldOn, Provider, Service};
pub use door::Door;
pub use error::StoreError;
pub use feed::Feed;
pub use latch::Cause;
pub use operations::Operations;
pub use receipts::Receipts;
pub use sqlite::{Lock, Options, SqliteStore, lock, restore};
pub use sweep::Retention;
pub use tenant::{Replay, Tenant};
pub use upkeep::Upkeep;
pub use webhooks::Webhooks;
pub use writer::Fatal;
