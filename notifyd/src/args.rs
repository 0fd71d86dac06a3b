//! Flags.

use crate::demo::Story;
use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The notification daemon: accepts over HTTP, keeps everything in an embedded log, delivers through providers.
///
/// Without any flag it listens on 127.0.0.1:8000 and keeps its state in /var/lib/notifyd (as root) or
/// ~/.local/state/notifyd.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "notifyd",
    version,
    after_long_help = "Examples:\n  notifyd --demo\n  notifyd --demo --story outage\n  notifyd --config /etc/notifyd/notifyd.toml --check\n  notifyd --listen 127.0.0.1:8000 --state-dir /srv/notifyd\n  notifyd --restore /var/lib/notifyd/backups/notifyd-20260131T235959Z.db\n\nExit status:\n  0 ok, 2 usage, 65 damaged data, 70 bug, 74 input/output error, 75 another daemon holds the directory or the socket, 78 configuration"
)]
pub struct Args {
    /// Configuration file (TOML) [env: NOTIFYD_CONFIG] [default: /etc/notifyd/notifyd.toml or ~/.config/notifyd/notifyd.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Address of the HTTP intake; an address other than loopback opens it to the network
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,

    /// State directory: the log, its lock, backups
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// Control socket for notifyctl and notify-tui
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// Check the configuration and exit
    #[arg(long, conflicts_with_all = ["print_config", "demo"])]
    pub check: bool,

    /// Print the configuration in force, defaults included, and exit
    #[arg(long, conflicts_with = "demo")]
    pub print_config: bool,

    /// Put this backup in the place of the log and exit; the log that is there is kept beside it. Nothing in a restored log is sent again until an operator says so
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "print_config", "demo"])]
    pub restore: Option<PathBuf>,

    /// Try it out: a throwaway directory, a service, two simulated providers and a trickle of traffic
    #[arg(long, conflicts_with_all = ["config", "state_dir"])]
    pub demo: bool,

    /// Stop the demo after this many seconds
    #[arg(long, value_name = "SECONDS", requires = "demo", conflicts_with_all = ["config", "state_dir"])]
    pub demo_for: Option<u64>,

    /// Play this story in the demo instead of an ordinary day, and tell it
    #[arg(
        long,
        value_name = "NAME",
        requires = "demo",
        conflicts_with_all = ["config", "state_dir", "check", "print_config", "restore"]
    )]
    pub story: Option<Story>,
}
