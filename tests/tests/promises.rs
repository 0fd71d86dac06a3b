//! What the daemon promises, proven on real processes that are killed, stopped and started for it. Each module is one
//! promise. The ignored cases are the long forms of the others: `cargo test --workspace -- --ignored`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests end the test, and say why")]

#[path = "promises/alone.rs"]
mod alone;
#[path = "promises/bulk.rs"]
mod bulk;
#[path = "promises/bulk_random.rs"]
mod bulk_random;
#[path = "promises/callers.rs"]
mod callers;
#[path = "promises/canaries.rs"]
mod canaries;
#[path = "promises/canary_house.rs"]
mod canary_house;
#[path = "promises/clock.rs"]
mod clock;
#[path = "promises/damaged.rs"]
mod damaged;
#[path = "promises/failing_disk.rs"]
mod failing_disk;
#[path = "promises/frames.rs"]
mod frames;
#[path = "promises/full_disk.rs"]
mod full_disk;
#[path = "promises/holds.rs"]
mod holds;
#[path = "promises/hostile.rs"]
mod hostile;
#[path = "promises/hostile_cases.rs"]
mod hostile_cases;
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
#[path = "promises/overload.rs"]
mod overload;
#[path = "promises/paused.rs"]
mod paused;
#[path = "promises/peers.rs"]
mod peers;
#[path = "promises/pinned.rs"]
mod pinned;
#[path = "promises/questions.rs"]
mod questions;
#[path = "promises/receipts.rs"]
mod receipts;
#[path = "promises/recovered.rs"]
mod recovered;
#[path = "promises/reloaded.rs"]
mod reloaded;
#[path = "promises/reloaded_webhooks.rs"]
mod reloaded_webhooks;
#[path = "promises/revoked.rs"]
mod revoked;
#[path = "promises/stepwise.rs"]
mod stepwise;
#[path = "promises/stopped.rs"]
mod stopped;
#[path = "promises/supervised.rs"]
mod supervised;
#[path = "promises/throttled.rs"]
mod throttled;
#[path = "promises/told.rs"]
mod told;
#[path = "promises/webhooks.rs"]
mod webhooks;
#[path = "promises/written.rs"]
mod written;
