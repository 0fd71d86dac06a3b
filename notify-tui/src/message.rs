//! What can happen, and what can be asked for.

pub use crate::ask::{Answer, Failure, Question, Slot};
pub use crate::clock::Moment;
pub use crate::export::{Told, Wanted};
pub use crate::keys::Action;
use crossterm::event::{KeyEvent, MouseEvent};
use notify_proto::control::Welcome;
use notify_proto::socket::NoDaemon;
use std::path::PathBuf;
use std::time::Duration;

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// Time went by.
    Tick,
    /// Somebody pressed a key.
    Key(KeyEvent),
    /// Somebody wants something, by whatever key.
    Did(Action),
    /// Somebody used the mouse.
    Mouse(MouseEvent),
    /// Somebody put in text.
    Pasted(String),
    /// The terminal is looked at, or not any more.
    Focused(bool),
    /// The terminal has this size.
    Resized(u16, u16),
    /// The daemon was greeted.
    Greeted(Box<Welcome>, PathBuf),
    /// There is no connection.
    NoDaemon(NoDaemon),
    /// The daemon is there and speaks another protocol.
    Misfit(Box<Welcome>),
    /// The answer to the question with this number, and how long it took.
    Answered(Slot, u64, Result<Answer, Failure>, Duration),
    /// The connection broke.
    Broken,
    /// How the export goes, or how it ended.
    Exported(Told),
    /// A file was written, or was not.
    Saved(Result<String, String>),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Cmd {
    /// Connect and greet.
    Connect,
    /// Ask this; the answer carries the slot and the number.
    Ask(Slot, u64, Box<Question>),
    /// Nobody waits for that answer any more.
    Drop(Slot),
    /// Give this to the terminal's clipboard.
    Copy(String),
    /// Write this to a new file of this name.
    Save(String, String),
    /// Write all of this to a file, page by page.
    Export(Box<Wanted>),
    /// End that, wherever it is.
    EndExport,
    /// Keep this filter under this name in the configuration.
    Keep(String, String),
    /// Let the terminal tell of the mouse, or not.
    Mouse(bool),
    /// Give the terminal back and stop, until the shell lets us go on.
    Suspend,
    /// End the program.
    Quit,
}
