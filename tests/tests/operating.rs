//! What an operator does and sees: starting the daemon wrongly, working with `notifyctl`, and measuring what it bears.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests end the test, and say why")]

#[path = "operating/load.rs"]
mod load;
#[path = "operating/notifyctl.rs"]
mod notifyctl;
#[path = "operating/starts.rs"]
mod starts;
