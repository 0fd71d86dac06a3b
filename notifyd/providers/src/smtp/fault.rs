//! Where a dialogue stopped and why: a [`Failure`] is a [`Fault`] at a [`Step`].

use super::reply::Reply;
use std::fmt;
use std::io;

/// A step of the dialogue, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Waiting for one of the connections.
    Slot,
    Connect,
    Greeting,
    Hello,
    StartTls,
    Auth,
    Mail,
    /// The envelope's recipient of that index.
    Rcpt(usize),
    Data,
    /// The content is being written; the final dot is not.
    Body,
    /// The final dot may have been written.
    Dot,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slot => "waiting for a connection",
            Self::Connect => "connecting",
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL FROM",
            Self::Rcpt(_) => "RCPT TO",
            Self::Data => "DATA",
            Self::Body => "before the final dot",
            Self::Dot => "after the final dot",
        })
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// A whole reply that says no.
    #[error("{0}")]
    Refused(Reply),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the connection was closed before a whole reply")]
    Closed,
    #[error("the answer makes no sense: {0}")]
    Garbage(String),
    #[error("no answer within the time limit")]
    TimedOut,
    /// The server cannot do what the configuration asks for.
    #[error("{0}")]
    Unfit(String),
    /// The server cannot carry this message.
    #[error("{0}")]
    Uncarried(&'static str),
}

/// A fault and its place.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {fault}")]
pub(super) struct Failure {
    pub step: Step,
    pub fault: Fault,
}

impl Failure {
    /// Whether both sides still agree where the dialogue stands, so that the connection can be used again.
    pub(super) fn is_settled(&self) -> bool {
        match &self.fault {
            Fault::Refused(reply) => self.step >= Step::Mail && self.step != Step::Body && reply.code != 421,
            Fault::Uncarried(_) => true,
            _ => false,
        }
    }

    /// Whether a transaction is open that has to be reset.
    pub(super) fn leaves_transaction(&self) -> bool {
        matches!(self.step, Step::Rcpt(_) | Step::Data)
    }

    /// On a connection that was used before: whether it had died in the meantime. Nothing was sent on it then.
    pub(super) fn is_stale(&self) -> bool {
        self.step == Step::Mail
            && match &self.fault {
                Fault::Io(_) | Fault::Closed => true,
                Fault::Refused(reply) => reply.code == 421,
                _ => false,
            }
    }
}

/// Gives a fault its place.
pub(super) trait At<T> {
    fn at(self, step: Step) -> Result<T, Failure>;
}

impl<T> At<T> for Result<T, Fault> {
    fn at(self, step: Step) -> Result<T, Failure> {
        self.map_err(|fault| Failure { step, fault })
    }
}
