//! What went wrong with a request that has no answer, and whether any of it had been sent. It names scheme, host and port;
//! path, query, headers and body never come into it.

use std::fmt;
use std::io;

/// What went wrong.
#[derive(Debug)]
pub enum What {
    /// All connections were busy for the whole time.
    NoConnection,
    /// The destination is not one that may be called.
    Forbidden(&'static str),
    /// Its name could not be looked up, or stands for nothing.
    Unknown(String),
    /// Nobody took the connection.
    Unconnected(io::Error),
    /// The connection could not be encrypted, or not to whom it should be.
    Untrusted(io::Error),
    /// No answer, or no connection, in time.
    TimedOut,
    /// The connection broke, or what came over it was no answer.
    Broken(String),
}

/// A request without an answer.
#[derive(Debug, thiserror::Error)]
pub struct Fault {
    /// What went wrong.
    pub what: What,
    /// Whether the first byte of the request may have left: whether it was carried out is unknown then.
    pub sent: bool,
    /// Scheme, host and port.
    pub to: String,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection => f.write_str("no connection was free within the time limit"),
            Self::Forbidden(kind) => write!(
                f,
                "leads to {kind}, which is not called; [webhooks] allow_private in the configuration allows it"
            ),
            Self::Unknown(why) => write!(f, "the name cannot be looked up: {why}"),
            Self::Unconnected(error) => write!(f, "cannot connect: {error}"),
            Self::Untrusted(error) => write!(f, "cannot encrypt: {error}"),
            Self::TimedOut => f.write_str("no answer within the time limit"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.sent { "after the request was sent" } else { "before anything was sent" };
        write!(f, "{}: {} ({side})", self.to, self.what)
    }
}
