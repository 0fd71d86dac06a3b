//! What an operator does and sees: starting the daemon wrongly, working with `notifyctl`, looking after the log,
//! rehearsing a bad day, and measuring what it bears.

#![expect(clippy::unwrap_used, reason = "helpers of tests end the test")]

#[path = "operating/dashboard.rs"]
mod dashboard;
#[path = "operating/errors.rs"]
mod errors;
#[path = "operating/exported.rs"]
mod exported;
#[path = "operating/guided.rs"]
mod guided;
#[path = "operating/load.rs"]
mod load;
#[path = "operating/notifyctl.rs"]
mod notifyctl;
#[path = "operating/questions.rs"]
mod questions;
#[path = "operating/scripts.rs"]
mod scripts;
#[path = "operating/services.rs"]
mod services;
#[path = "operating/starts.rs"]
mod starts;
#[path = "operating/steering.rs"]
mod steering;
#[path = "operating/store.rs"]
mod store;
#[path = "operating/story.rs"]
mod story;
#[path = "operating/terminal.rs"]
mod terminal;
#[path = "operating/webhooks.rs"]
mod webhooks;
