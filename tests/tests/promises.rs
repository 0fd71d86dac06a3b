//! What the daemon promises, proven on real processes that are killed, stopped and started for it. Each module is one
//! promise. The ignored cases are the long forms of the others: `cargo test --workspace -- --ignored`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests end the test, and say why")]

#[path = "promises/alone.rs"]
mod alone;
#[path = "promises/damaged.rs"]
mod damaged;
#[path = "promises/failing_disk.rs"]
mod failing_disk;
#[path = "promises/full_disk.rs"]
mod full_disk;
#[path = "promises/idempotent.rs"]
mod idempotent;
#[path = "promises/killed.rs"]
mod killed;
#[path = "promises/once.rs"]
mod once;
#[path = "promises/pinned.rs"]
mod pinned;
#[path = "promises/reloaded.rs"]
mod reloaded;
#[path = "promises/revoked.rs"]
mod revoked;
#[path = "promises/stepwise.rs"]
mod stepwise;
#[path = "promises/stopped.rs"]
mod stopped;
#[path = "promises/supervised.rs"]
mod supervised;
#[path = "promises/written.rs"]
mod written;
