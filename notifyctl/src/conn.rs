//! Finding the socket, greeting, calling. What can go wrong there has a hint and an exit code each.

use crate::cli::Globals;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use notify_proto::control::{ControlClient, Hello, Welcome};
use notify_proto::transport::{self, Context, Reply, RpcError};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A greeted connection.
pub(crate) struct Link {
    pub(crate) client: ControlClient,
    pub(crate) welcome: Welcome,
    pub(crate) socket: PathBuf,
    patience: Duration,
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
        let (client, socket) = connect(globals.socket.as_deref()).await?;
        let hello = Hello::of(concat!("notifyctl ", env!("CARGO_PKG_VERSION")));
        let asked = client.hello(transport::within(patience), hello.clone());
        let welcome = match tokio::time::timeout(patience, asked).await {
            Ok(Ok(reply)) => reply?,
            Ok(Err(RpcError::DeadlineExceeded)) | Err(_) => {
                return Err(silent(&socket, patience, Kind::Read));
            }
            Ok(Err(_)) => return Err(closed_at_once(&socket)),
        };
        if !welcome.fits(&hello) {
            return Err(misfit(&hello, &welcome));
        }
        let daemon = &welcome.daemon;
        out.verbose(&format!(
            "{}: notifyd {} on {}, pid {}, your role is {:?}",
            socket.display(),
            daemon.version,
            welcome.host,
            daemon.pid,
            welcome.role
        ));
        Ok(Self { client, welcome, socket, patience })
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
            Err(RpcError::DeadlineExceeded) => Err(silent(&self.socket, self.patience, kind)),
            Err(RpcError::Server(error)) => {
                Err(Failure::new(Exit::Refused, format!("the daemon is busy: {}", error.detail))
                    .hint("try again in a moment"))
            }
            Err(_) => Err(lost(&self.socket, kind)),
        }
    }
}

async fn connect(given: Option<&Path>) -> Result<(ControlClient, PathBuf), Failure> {
    let places = match given {
        Some(path) => vec![path.to_owned()],
        None => places(&|name| std::env::var_os(name)),
    };
    let mut worst = None;
    for path in &places {
        match transport::connect(path).await {
            Ok(client) => return Ok((client, path.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => worst = worst.or_else(|| Some(unusable(path, &error))),
        }
    }
    Err(worst.unwrap_or_else(|| missing(&places)))
}

/// Where a socket may be when nothing is said.
fn places(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let directory = |name| {
        variable(name).filter(|text| !text.is_empty()).map(PathBuf::from).filter(|it| it.is_absolute())
    };
    let state = directory("XDG_STATE_HOME").or_else(|| Some(directory("HOME")?.join(".local/state")));
    let mut places = vec![PathBuf::from("/run/notifyd/control.sock")];
    let own = [directory("XDG_RUNTIME_DIR"), state];
    places.extend(own.into_iter().flatten().map(|directory| directory.join("notifyd/control.sock")));
    places
}

fn missing(places: &[PathBuf]) -> Failure {
    let all: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
    Failure::new(
        Exit::Unreachable,
        format!("no notifyd is running here: there is no socket at {}", all.join(", ")),
    )
    .hint("start it (systemctl start notifyd, or notifyd), or say where it is with --socket PATH")
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::new(
            Exit::Unreachable,
            format!("nobody answers on {path}: the socket is left over from a notifyd that ended"),
        )
        .hint("see why it ended (systemctl status notifyd, journalctl -u notifyd) and start it"),
        io::ErrorKind::PermissionDenied => {
            Failure::new(Exit::NotAllowed, format!("you have no right to {path}")).hint(
                "ask for membership in the group notify (to look) or notify-admin (to change), or use sudo",
            )
        }
        io::ErrorKind::WouldBlock => {
            Failure::new(Exit::NoAnswer, format!("{path} has a full queue: the daemon takes no connections"))
                .hint("is it stopped? see systemctl status notifyd")
        }
        _ => Failure::new(Exit::Unreachable, format!("cannot connect to {path}: {error}")),
    }
}

/// The daemon shuts the door on whoever may not even look, before a word is exchanged.
fn closed_at_once(socket: &Path) -> Failure {
    Failure::new(Exit::NotAllowed, format!("{} closed the connection before it answered", socket.display()))
        .hint("you are in neither of its groups (see id), it has too many connections, or it is no notifyd")
}

fn silent(socket: &Path, patience: Duration, kind: Kind) -> Failure {
    let message = format!("no answer from {} within {patience:?}", socket.display());
    Failure::new(Exit::NoAnswer, message).hint(match kind {
        Kind::Read => "nothing was changed, so it is safe to try again; is the daemon stopped or overloaded?",
        Kind::Change => "the change may or may not have happened: look before you repeat it",
    })
}

fn lost(socket: &Path, kind: Kind) -> Failure {
    Failure::new(
        Exit::Unreachable,
        format!("the connection to {} broke before the answer came", socket.display()),
    )
    .hint(match kind {
        Kind::Read => "nothing was changed, so it is safe to try again; has the daemon ended?",
        Kind::Change => "the change may or may not have happened: look before you repeat it",
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
    fn the_places_come_in_order_and_only_absolute_ones_count() {
        let with = |all: &'static [(&str, &str)]| {
            let find = move |name: &str| {
                all.iter().find(|(it, _)| *it == name).map(|(_, value)| OsString::from(value))
            };
            places(&find).iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            with(&[("XDG_RUNTIME_DIR", "/run/user/7"), ("XDG_STATE_HOME", "/s"), ("HOME", "/h")]),
            ["/run/notifyd/control.sock", "/run/user/7/notifyd/control.sock", "/s/notifyd/control.sock"]
        );
        assert_eq!(
            with(&[("XDG_RUNTIME_DIR", "relative"), ("HOME", "/h")]),
            ["/run/notifyd/control.sock", "/h/.local/state/notifyd/control.sock"]
        );
        assert_eq!(with(&[]), ["/run/notifyd/control.sock"]);
    }

    #[test]
    fn each_way_not_to_connect_has_its_own_hint() {
        let of = |kind: io::ErrorKind| unusable(Path::new("/s"), &io::Error::from(kind));
        let refused = of(io::ErrorKind::ConnectionRefused);
        let forbidden = of(io::ErrorKind::PermissionDenied);
        let full = of(io::ErrorKind::WouldBlock);
        assert_eq!((refused.exit as u8, forbidden.exit as u8, full.exit as u8), (69, 4, 75));
        let none = missing(&[PathBuf::from("/s")]);
        assert_eq!(none.exit as u8, 69);
        let mut hints: Vec<_> =
            [refused, forbidden, full, none].into_iter().filter_map(|it| it.hint).collect();
        hints.sort();
        hints.dedup();
        assert_eq!(hints.len(), 4);
    }
}
