//! What can happen, and what can be asked for.

pub use crate::clock::Moment;
use notify_proto::control::Welcome;
use notify_proto::socket::NoDaemon;
use notify_proto::view::StatusView;
use std::path::PathBuf;
use std::time::Duration;

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// Time went by.
    Tick,
    /// Somebody pressed a key that means something.
    Did(Action),
    /// The terminal has another size.
    Resized,
    /// The daemon was greeted.
    Greeted(Box<Welcome>, PathBuf),
    /// There is no connection.
    NoDaemon(NoDaemon),
    /// The daemon is there and speaks another protocol.
    Misfit(Box<Welcome>),
    /// An answer, and how long it took.
    Status(Box<StatusView>, Duration),
    /// The daemon did not answer in time; the connection stands.
    Late,
    /// The daemon refused to answer.
    Refused(String),
    /// The connection broke.
    Broken,
}

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// End.
    Quit,
    /// Help on or off.
    Help,
    /// Look, or connect, at once.
    Refresh,
    /// Stop asking, or go on.
    Pause,
    /// Look more often.
    Faster,
    /// Look less often.
    Slower,
    /// Close what is open.
    Close,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cmd {
    /// Connect and greet.
    Connect,
    /// Ask for the status.
    Look,
    /// End the program.
    Quit,
}
