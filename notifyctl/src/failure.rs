//! Why a command did not do what it was asked, and the exit code that says so.

use notify_proto::{ApiError, ErrorCode};
use serde_json::{Value, json};
use std::io;
use std::path::Path;

macro_rules! exits {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $word:literal, $meaning:literal;)+) => {
        /// The exit codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit { $($(#[$doc])* $name = $code),+ }

        impl Exit {
            /// All of them: code and meaning, as `notifyctl help exit-codes` and the man pages list them.
            pub const TABLE: &'static [(u8, &'static str)] = &[$(($code, $meaning)),+];

            /// The word in a JSON error.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

exits! {
    /// Done.
    Done = 0, "done", "Done. A list that is empty is done, too, and so is output into a pipe that was closed.";
    /// The daemon refused or failed.
    Refused = 1, "refused", "The daemon refused, or the operation failed.";
    /// The command line is wrong.
    Usage = 2, "usage", "Usage error: the command line is wrong.";
    /// There is no such thing.
    NotFound = 3, "not_found", "Not found.";
    /// The role or the socket's rights do not allow it.
    NotAllowed = 4, "forbidden", "Not allowed: your role, or the rights of the socket.";
    /// The state does not allow it.
    Conflict = 5, "conflict", "State conflict: nothing could be done, such as cancelling what is delivered, writing to a file that exists, or what was changed for the same --idempotency-key before.";
    /// Nobody said yes.
    Unconfirmed = 6, "confirmation_needed", "A confirmation was needed and could not be asked for, or the answer was no.";
    /// Some ids were refused.
    Partly = 7, "partly_done", "Partly done: some ids were refused; the output says which and why.";
    /// It did not come in time.
    InVain = 8, "waited_in_vain", "Waited in vain: it did not come in time, or ended otherwise; or status --check found notifyd not healthy.";
    /// Nobody answers on the socket.
    Unreachable = 69, "unreachable", "The daemon cannot be reached.";
    /// The daemon did not answer in time.
    NoAnswer = 75, "no_answer", "The daemon did not answer within --timeout. Reads may be repeated; for a change the message says whether it may have happened.";
    /// The two sides do not understand each other.
    Protocol = 76, "protocol", "The protocols or versions do not fit.";
    /// A file handed in is no good.
    Config = 78, "configuration", "Configuration error: a file handed in cannot be used.";
    /// Ctrl-C.
    Interrupted = 130, "interrupted", "Interrupted (the shell's code for SIGINT). Work that was begun in the daemon goes on; the message names it.";
}

/// A failure, in words for a person and with a code for a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The word in a JSON error.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, code: exit.word(), message: message.into(), hint: None }
    }

    /// A file that shall be new and is there. Nothing is written over, and nothing was changed for it.
    pub fn exists(named_by: &str, path: &Path) -> Self {
        let message = format!("{named_by}: {} exists, and nothing is written over", path.display());
        Self::new(Exit::Conflict, message).hint("nothing was changed; name another file, or remove that one")
    }

    /// The same with what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As one line of JSON.
    pub fn json(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message, "exit": self.exit as u8});
        if let (Some(hint), Some(error)) = (&self.hint, error.as_object_mut()) {
            error.insert("hint".into(), json!(hint));
        }
        json!({"error": error})
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let (exit, code) = match error.code {
            ErrorCode::Invalid => (Exit::Refused, "invalid"),
            ErrorCode::NotFound => (Exit::NotFound, "not_found"),
            ErrorCode::Forbidden => (Exit::NotAllowed, "forbidden"),
            ErrorCode::Conflict => (Exit::Conflict, "conflict"),
            ErrorCode::Unavailable => (Exit::Refused, "unavailable"),
            ErrorCode::Failed => (Exit::Refused, "failed"),
            ErrorCode::Unknown => (Exit::Refused, "unknown"),
        };
        Self { exit, code, message: error.message, hint: error.hint }
    }
}

/// Why a command ended before its end.
#[derive(Debug)]
pub enum Stop {
    /// Something failed.
    Failed(Failure),
    /// Whoever read the output has enough.
    ClosedPipe,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Failed(Failure::new(Exit::Refused, format!("cannot write the output: {error}")))
        }
    }
}

/// How a command ends.
pub type Ended = Result<Exit, Stop>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_exit_code() {
        for (code, exit) in [
            (ErrorCode::Invalid, 1),
            (ErrorCode::NotFound, 3),
            (ErrorCode::Forbidden, 4),
            (ErrorCode::Conflict, 5),
            (ErrorCode::Unavailable, 1),
            (ErrorCode::Failed, 1),
            (ErrorCode::Unknown, 1),
        ] {
            assert_eq!(Failure::from(ApiError::new(code, "x")).exit as u8, exit, "{code:?}");
        }
    }

    #[test]
    fn the_table_is_the_documented_one() {
        let codes: Vec<_> = Exit::TABLE.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 69, 75, 76, 78, 130]);
    }

    #[test]
    fn a_failure_in_json_has_code_message_hint_and_exit() {
        let failure = Failure::new(Exit::NotFound, "there is no service x").hint("see the list");
        let expected = r#"{"error":{"code":"not_found","exit":3,"hint":"see the list","message":"there is no service x"}}"#;
        assert_eq!(failure.json().to_string(), expected);
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        assert!(matches!(Stop::from(io::Error::from(io::ErrorKind::BrokenPipe)), Stop::ClosedPipe));
        assert!(matches!(Stop::from(io::Error::from(io::ErrorKind::StorageFull)), Stop::Failed(_)));
    }
}
