//! What an operator does and sees: starting the daemon wrongly, and working with `notifyctl`.

#![expect(clippy::unwrap_used, reason = "helpers of tests end the test")]

#[path = "operating/notifyctl.rs"]
mod notifyctl;
#[path = "operating/starts.rs"]
mod starts;
