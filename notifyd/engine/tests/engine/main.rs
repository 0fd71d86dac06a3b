//! The engine on a real log with mock providers: what goes where, and what follows.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests end the test, and say where"
)]

mod ahead;
mod delivering;
mod fairness;
mod handover;
mod holds;
mod house;
mod judge;
mod jumps;
mod outage;
mod overflow;
mod paused;
mod posts;
mod receipts;
mod recovering;
mod retries;
mod routes;
mod settings;
mod sim;
mod slow;
mod speeds;
mod steering;
mod stories;
mod targets;
mod turns;
mod waiting;
mod watched;
mod ways;
mod webhook_changes;
mod webhooks;
