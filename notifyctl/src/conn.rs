//! Finding the socket, greeting, calling. What can go wrong there has a hint and an exit code each.

use crate::cli::Globals;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use notify_proto::control::{ControlClient, Hello, Welcome};
use notify_proto::socket::{self, NoDaemon, Trouble};
use notify_proto::transport::{self, Context, Reply, RpcError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A greeted connection.
pub(crate) struct Link {
    pub(crate) client: ControlClient,
    pub(crate) welcome: Welcome,
    pub(crate) socket: PathBuf,
    patience: Duration,
    /// What the changes of this command are known by.
    key: String,
}

/// Whether a call that brings no answer may have changed something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Change,
}

impl Link {
    /// Connects and greets.
    pub(crate) async fn open(globals: &Globals, out: &Out) -> Result<Self, Failure> {
        let patience = globals.patience();
        let (client, socket) =
            socket::connect(globals.socket.as_deref()).await.map_err(|none| unreachable(&none))?;
        let hello = Hello::of(concat!("notifyctl ", env!("CARGO_PKG_VERSION")));
        let asked = client.hello(transport::within(patience), hello.clone());
        let welcome = match tokio::time::timeout(patience, asked).await {
            Ok(Ok(reply)) => reply?,
            Ok(Err(RpcError::DeadlineExceeded)) | Err(_) => {
                return Err(silent(&socket, patience, None));
            }
            Ok(Err(_)) => {
                // The daemon shuts the door on whoever may not even look, before a word is exchanged.
                return Err(unreachable(&NoDaemon { places: vec![socket], trouble: Trouble::Closed }));
            }
        };
        if !welcome.fits(&hello) {
            return Err(misfit(&hello, &welcome));
        }
        let daemon = &welcome.daemon;
        out.verbose(&format!(
            "{}: notifyd {} on {}, pid {}, your role is {}",
            socket.display(),
            daemon.version,
            welcome.host,
            daemon.pid,
            format!("{:?}", welcome.role).to_lowercase()
        ));
        Ok(Self { client, welcome, socket, patience, key: globals.key().to_owned() })
    }

    /// The context of a call, with the time the daemon has to answer.
    pub(crate) fn within(&self) -> Context {
        transport::within(self.patience)
    }

    /// The context of a call that takes longer on purpose.
    pub(crate) fn within_and(&self, longer: Duration) -> Context {
        transport::within(self.patience + longer)
    }

    /// Awaits a call that changes nothing.
    pub(crate) async fn read<T>(
        &self,
        call: impl Future<Output = Result<Reply<T>, RpcError>>,
    ) -> Result<T, Failure> {
        self.answer(call.await, Kind::Read)
    }

    /// Awaits a call that changes something.
    pub(crate) async fn change<T>(
        &self,
        call: impl Future<Output = Result<Reply<T>, RpcError>>,
    ) -> Result<T, Failure> {
        self.answer(call.await, Kind::Change)
    }

    fn answer<T>(&self, answer: Result<Reply<T>, RpcError>, kind: Kind) -> Result<T, Failure> {
        match answer {
            Ok(reply) => Ok(reply?),
            Err(RpcError::DeadlineExceeded) => Err(silent(&self.socket, self.patience, self.repeats(kind))),
            Err(RpcError::Server(error)) => {
                Err(Failure::new(Exit::Refused, format!("the daemon is busy: {}", error.detail))
                    .hint("try again in a moment"))
            }
            Err(_) => Err(lost(&self.socket, self.repeats(kind))),
        }
    }

    /// The key with which a change may be asked for once more.
    fn repeats(&self, kind: Kind) -> Option<&str> {
        (kind == Kind::Change).then_some(self.key.as_str())
    }
}

/// The exit code of each way not to connect.
fn unreachable(none: &NoDaemon) -> Failure {
    let exit = match none.trouble {
        Trouble::NoRight | Trouble::Closed => Exit::NotAllowed,
        Trouble::Full => Exit::NoAnswer,
        Trouble::Missing | Trouble::Stale | Trouble::NoSocket | Trouble::Other(_) => Exit::Unreachable,
    };
    Failure::new(exit, none.to_string()).hint(none.trouble.next())
}

fn silent(socket: &Path, patience: Duration, changing: Option<&str>) -> Failure {
    let message = format!("no answer from {} within {patience:?}", socket.display());
    Failure::new(Exit::NoAnswer, message).hint(match changing {
        None => {
            "nothing was changed, so it is safe to try again; is the daemon stopped or overloaded?".to_owned()
        }
        Some(key) => once_more(key),
    })
}

/// How a change is asked for once more.
fn once_more(key: &str) -> String {
    format!(
        "the change may or may not have happened; the same command with --idempotency-key {key}, within 24 hours, \
         changes nothing twice"
    )
}

fn lost(socket: &Path, changing: Option<&str>) -> Failure {
    Failure::new(
        Exit::Unreachable,
        format!("the connection to {} broke before the answer came", socket.display()),
    )
    .hint(match changing {
        None => "nothing was changed, so it is safe to try again; has the daemon ended?".to_owned(),
        Some(key) => once_more(key),
    })
}

fn misfit(hello: &Hello, welcome: &Welcome) -> Failure {
    let older = if welcome.protocol < hello.oldest_protocol { "the daemon" } else { "notifyctl" };
    let message = format!(
        "notifyctl speaks protocol {} to {}, notifyd {} speaks {} to {}",
        hello.oldest_protocol,
        hello.protocol,
        welcome.daemon.version,
        welcome.oldest_protocol,
        welcome.protocol
    );
    Failure::new(Exit::Protocol, message).hint(format!("upgrade {older}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_not_to_connect_has_its_exit_code() {
        for (trouble, exit) in [
            (Trouble::Missing, 69),
            (Trouble::Stale, 69),
            (Trouble::NoSocket, 69),
            (Trouble::Other(std::io::ErrorKind::InvalidInput), 69),
            (Trouble::NoRight, 4),
            (Trouble::Closed, 4),
            (Trouble::Full, 75),
        ] {
            let failure = unreachable(&NoDaemon { places: vec!["/s".into()], trouble });
            assert_eq!(failure.exit as u8, exit, "{trouble:?}");
            assert!(failure.message.starts_with("/s: ") && failure.hint.is_some());
        }
    }
}
