//! What the daemon promises, proven on real processes that are killed, stopped and started for it. Each module is one
//! promise. The ignored cases are the long forms of the others: `cargo test --workspace -- --ignored`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests end the test, and say why")]

#[path = "promises/alone.rs"]
mod alone;
#[path = "promises/callers.rs"]
mod callers;
#[path = "promises/canaries.rs"]
mod canaries;
#[path = "promises/canary_house.rs"]
mod canary_house;
#[path = "promises/frames.rs"]
mod frames;
#[path = "promises/idempotent.rs"]
mod idempotent;
#[path = "promises/isolation.rs"]
mod isolation;
#[path = "promises/killed.rs"]
mod killed;
#[path = "promises/modes.rs"]
mod modes;
#[path = "promises/once.rs"]
mod once;
#[path = "promises/peers.rs"]
mod peers;
#[path = "promises/questions.rs"]
mod questions;
#[path = "promises/revoked.rs"]
mod revoked;
#[path = "promises/stopped.rs"]
mod stopped;
