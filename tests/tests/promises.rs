//! What the daemon promises, proven on real processes that are killed, stopped and started for it. Each module is one
//! promise. The ignored cases are the long forms of the others: `cargo test --workspace -- --ignored`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests end the test, and say why")]

#[path = "promises/alone.rs"]
mod alone;
#[path = "promises/clock.rs"]
mod clock;
#[path = "promises/idempotent.rs"]
mod idempotent;
#[path = "promises/killed.rs"]
mod killed;
#[path = "promises/once.rs"]
mod once;
#[path = "promises/paused.rs"]
mod paused;
#[path = "promises/revoked.rs"]
mod revoked;
#[path = "promises/stopped.rs"]
mod stopped;
