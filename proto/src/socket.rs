//! Where the control socket is looked for, and what it means when nobody answers there: the same in both programs.

use crate::control::ControlClient;
use crate::transport;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The variable that names the socket.
const VARIABLE: &str = "NOTIFYD_SOCKET";

/// The places in their order: the system's daemon, then the user's own. `variable` reads the environment.
pub fn usual_places(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let directory = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = directory("XDG_STATE_HOME").or_else(|| Some(directory("HOME")?.join(".local/state")));
    let own = [directory("XDG_RUNTIME_DIR"), state];
    let mut places = vec![PathBuf::from("/run/notifyd/control.sock")];
    places.extend(own.into_iter().flatten().map(|directory| directory.join("notifyd/control.sock")));
    places
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no socket.
    Missing,
    /// There is one, and nobody listens.
    Stale,
    /// There is something else.
    NoSocket,
    /// The caller may not use it.
    NoRight,
    /// The daemon does not take connections.
    Full,
    /// It was closed before a word was exchanged.
    Closed,
    /// Something else.
    Other(io::ErrorKind),
}

impl Trouble {
    fn of(path: &Path, error: &io::Error) -> Self {
        let other = |path: &Path| std::fs::metadata(path).is_ok_and(|it| !it.file_type().is_socket());
        match error.kind() {
            io::ErrorKind::ConnectionRefused if other(path) => Self::NoSocket,
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::ConnectionRefused => Self::Stale,
            io::ErrorKind::PermissionDenied => Self::NoRight,
            io::ErrorKind::WouldBlock => Self::Full,
            other => Self::Other(other),
        }
    }

    /// What it means.
    pub fn meaning(self) -> String {
        match self {
            Self::Missing => "there is no socket: no notifyd is running here".into(),
            Self::Stale => "nobody answers: the socket is left over from a notifyd that ended".into(),
            Self::NoSocket => "that is no socket".into(),
            Self::NoRight => "you have no right to this socket".into(),
            Self::Full => "its queue is full: the daemon takes no connections".into(),
            Self::Closed => "the connection was closed before an answer came".into(),
            Self::Other(kind) => kind.to_string(),
        }
    }

    /// What to do next.
    pub const fn next(self) -> &'static str {
        match self {
            Self::Missing => {
                "start it (systemctl start notifyd, or notifyd), or say where it is with --socket PATH"
            }
            Self::Stale => "see why it ended (systemctl status notifyd, journalctl -u notifyd) and start it",
            Self::NoSocket => "say where the control socket is with --socket PATH, or NOTIFYD_SOCKET",
            Self::NoRight => {
                "join the group notify to look, or notify-admin to change: usermod -aG notify USER as root, then log in again"
            }
            Self::Full => "is it stopped? see systemctl status notifyd",
            Self::Closed => {
                "you are in neither of its groups (see id), it has too many connections, or it is no notifyd"
            }
            Self::Other(_) => "see systemctl status notifyd, or say where it is with --socket PATH",
        }
    }
}

/// No connection to any of the places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoDaemon {
    /// The places that were tried and are to blame.
    pub places: Vec<PathBuf>,
    /// Why.
    pub trouble: Trouble,
}

impl std::fmt::Display for NoDaemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let places: Vec<_> = self.places.iter().map(|path| path.display().to_string()).collect();
        write!(f, "{}: {}", places.join(", "), self.trouble.meaning())
    }
}

impl std::error::Error for NoDaemon {}

/// The one place that is given, or that the environment names; else the usual ones. The variable is read here and not by
/// the command line's parser, so that usage and help are the same wherever they are shown.
fn places_by(given: Option<&Path>, variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let named = || variable(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    given.map(Path::to_owned).or_else(named).map_or_else(|| usual_places(variable), |path| vec![path])
}

/// The places that are looked at in this environment.
pub fn places(given: Option<&Path>) -> Vec<PathBuf> {
    places_by(given, &|name| std::env::var_os(name))
}

/// Connects to the given place or the one that the environment names, or to the first of the usual ones that takes a
/// connection.
pub async fn connect(given: Option<&Path>) -> Result<(ControlClient, PathBuf), NoDaemon> {
    connect_counted(given, Arc::default()).await
}

/// The same, and counts the bytes that come.
pub async fn connect_counted(
    given: Option<&Path>,
    received: Arc<AtomicU64>,
) -> Result<(ControlClient, PathBuf), NoDaemon> {
    let places = places(given);
    let mut worst = None;
    for path in &places {
        match transport::connect_counted(path, received.clone()).await {
            Ok(client) => return Ok((client, path.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                worst = worst.or_else(|| {
                    Some(NoDaemon { places: vec![path.clone()], trouble: Trouble::of(path, &error) })
                });
            }
        }
    }
    Err(worst.unwrap_or(NoDaemon { places, trouble: Trouble::Missing }))
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
            usual_places(&find).iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            with(&[("XDG_RUNTIME_DIR", "/run/user/7"), ("XDG_STATE_HOME", "/s"), ("HOME", "/h")]),
            ["/run/notifyd/control.sock", "/run/user/7/notifyd/control.sock", "/s/notifyd/control.sock"]
        );
        assert_eq!(
            with(&[("XDG_RUNTIME_DIR", "relative"), ("XDG_STATE_HOME", ""), ("HOME", "/h")]),
            ["/run/notifyd/control.sock", "/h/.local/state/notifyd/control.sock"]
        );
        assert_eq!(with(&[]), ["/run/notifyd/control.sock"]);
    }

    #[test]
    fn what_is_given_goes_before_what_the_environment_names() {
        let with = |value: &'static str| move |name: &str| (name == VARIABLE).then(|| OsString::from(value));
        let flag = Path::new("/flag.sock");
        assert_eq!(places_by(Some(flag), &with("/named.sock")), [flag]);
        assert_eq!(places_by(None, &with("/named.sock")), [Path::new("/named.sock")]);
        assert_eq!(places_by(None, &with("")), usual_places(&|_| None), "an empty one names nothing");
    }

    #[test]
    fn each_trouble_has_its_own_words() {
        let kinds = [
            io::ErrorKind::NotFound,
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::WouldBlock,
            io::ErrorKind::InvalidInput,
        ];
        let mut words: Vec<_> =
            kinds.map(|kind| Trouble::of(Path::new("/none"), &io::Error::from(kind)).next()).into();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), kinds.len());
    }
}
