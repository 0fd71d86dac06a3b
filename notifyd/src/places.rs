//! Where files are (operations contract, "Where things are").

use crate::args::Args;
use crate::settings::Settings;
use std::path::{Path, PathBuf};

/// The places in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The configuration file, if there is one.
    pub config: Option<PathBuf>,
    /// The state directory.
    pub state: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
}

/// What of the surroundings decides about places.
pub struct Surroundings {
    /// Whether this is root.
    pub root: bool,
    /// The user's configuration directory.
    pub config_home: Option<PathBuf>,
    /// The user's state directory.
    pub state_home: Option<PathBuf>,
    /// The user's runtime directory.
    pub runtime: Option<PathBuf>,
    /// The configuration file that `NOTIFYD_CONFIG` names.
    pub named_config: Option<PathBuf>,
}

impl Surroundings {
    /// As they are.
    pub fn now() -> Self {
        let base = directories::BaseDirs::new();
        let of = |get: fn(&directories::BaseDirs) -> Option<&Path>| {
            base.as_ref().and_then(get).map(Path::to_owned)
        };
        Self {
            root: rustix::process::geteuid().is_root(),
            config_home: of(|base| Some(base.config_dir())),
            state_home: of(directories::BaseDirs::state_dir),
            runtime: of(directories::BaseDirs::runtime_dir),
            named_config: std::env::var_os("NOTIFYD_CONFIG")
                .filter(|name| !name.is_empty())
                .map(PathBuf::from),
        }
    }

    /// The configuration file: the one asked for, by flag or else by the environment, or the usual one if it is there.
    pub fn config(&self, args: &Args) -> Option<PathBuf> {
        if let Some(named) = args.config.as_ref().or(self.named_config.as_ref()) {
            return Some(named.clone());
        }
        let usual = if self.root { PathBuf::from("/etc") } else { self.config_home.clone()? };
        Some(usual.join("notifyd/notifyd.toml")).filter(|path| path.exists())
    }

    /// Everything else, once the configuration is read.
    pub fn places(&self, args: &Args, config: Option<PathBuf>, settings: &Settings) -> Places {
        let usual = if self.root {
            PathBuf::from("/var/lib/notifyd")
        } else {
            self.state_home.clone().unwrap_or_else(std::env::temp_dir).join("notifyd")
        };
        let given = args.state_dir.clone().or_else(|| settings.store.path.clone());
        // A state directory of its own is a daemon of its own: its socket is found there, not where another's may be.
        let beside = given.as_ref().map(|dir| dir.join("control.sock"));
        let state = given.unwrap_or(usual);
        let usual_socket = if self.root {
            PathBuf::from("/run/notifyd/control.sock")
        } else {
            self.runtime
                .as_ref()
                .map_or_else(|| state.join("control.sock"), |dir| dir.join("notifyd/control.sock"))
        };
        let socket = args
            .socket
            .clone()
            .or_else(|| settings.control.socket.clone())
            .or(beside)
            .unwrap_or(usual_socket);
        // Said in logs and answers, where nobody knows the directory the daemon was started in.
        let whole = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Places { config: config.map(whole), state: whole(state), socket: whole(socket) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn user() -> Surroundings {
        Surroundings {
            root: false,
            config_home: Some("/home/a/.config".into()),
            state_home: Some("/home/a/.local/state".into()),
            runtime: Some("/run/user/7".into()),
            named_config: None,
        }
    }

    fn places(surroundings: &Surroundings, flags: &[&str]) -> Places {
        let args = Args::parse_from([&["notifyd"], flags].concat());
        surroundings.places(&args, None, &Settings::default())
    }

    #[test]
    fn a_user_and_root_have_their_usual_places() {
        let mine = places(&user(), &[]);
        assert_eq!(mine.state, Path::new("/home/a/.local/state/notifyd"));
        assert_eq!(mine.socket, Path::new("/run/user/7/notifyd/control.sock"));
        let root = Surroundings { root: true, ..user() };
        let roots = places(&root, &[]);
        assert_eq!(roots.state, Path::new("/var/lib/notifyd"));
        assert_eq!(roots.socket, Path::new("/run/notifyd/control.sock"));
    }

    #[test]
    fn a_flag_goes_before_the_environment() {
        let named = Surroundings { named_config: Some("/srv/named.toml".into()), ..user() };
        let config = |flags: &[&str]| named.config(&Args::parse_from([&["notifyd"], flags].concat()));
        assert_eq!(config(&["--config", "/srv/flag.toml"]).as_deref(), Some(Path::new("/srv/flag.toml")));
        assert_eq!(config(&[]).as_deref(), Some(Path::new("/srv/named.toml")));
    }

    #[test]
    fn a_directory_of_its_own_has_its_socket_with_it() {
        let own = places(&user(), &["--state-dir", "/srv/n"]);
        assert_eq!(own.socket, Path::new("/srv/n/control.sock"));
        let both = places(&user(), &["--state-dir", "/srv/n", "--socket", "/tmp/x.sock"]);
        assert_eq!(both.socket, Path::new("/tmp/x.sock"));
    }
}
