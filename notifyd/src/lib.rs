//! The notification daemon: wiring only.
//!
//! The cast: [`args`] are the flags, [`settings`] the sum of the rooms' options, [`places`] where files are,
//! [`master_key`] the key of all secrets, [`telemetry`] the logs, [`daemon`] puts the rooms together and takes them
//! apart, [`reload`] changes its configuration, [`supervisor`] tells the service manager, [`demo`] fills one with a simulated day,
//! [`failure`] gives every end its exit code.
//!
//! A stranger reads on in `lifecycle` (the rules), then `store/src/accept.rs`, `claim.rs`, `engine/src/attempt.rs`, one
//! file of `providers`, and `store/src/record.rs`: the path of one notification.

pub mod args;
pub mod daemon;
pub mod demo;
pub mod failure;
pub mod master_key;
pub mod places;
pub mod reload;
pub mod settings;
pub mod supervisor;
pub mod telemetry;

pub use args::Args;
pub use daemon::Daemon;
pub use failure::Failure;
pub use settings::Settings;
