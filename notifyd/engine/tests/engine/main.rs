//! The engine on a real log with mock providers: what goes where, and what follows.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests end the test")]

mod delivering;
mod house;
mod recovering;
mod turns;
mod waiting;
