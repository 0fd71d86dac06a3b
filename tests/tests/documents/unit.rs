//! `config/notifyd.service` fits the daemon it starts.

use super::read;
use clap::Parser as _;
use notifyd::{Args, Failure, Settings};
use std::path::Path;

/// All values of a key, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// How long the daemon may take to stop beyond the drain timeout: twice its own grace, and closing the log.
const CLOSING_SECONDS: u64 = 10;

#[test]
fn the_flags_are_the_daemons_and_the_places_those_the_unit_makes() {
    let unit = read("config/notifyd.service");
    let start: Vec<_> = values(&unit, "ExecStart")[0].split(' ').collect();
    assert_eq!(start[0], "/usr/bin/notifyd");
    let args = Args::try_parse_from(start).unwrap();
    assert_eq!(
        args.state_dir.as_deref(),
        Some(Path::new("/var/lib").join(values(&unit, "StateDirectory")[0]).as_path())
    );
    let socket = args.socket.unwrap();
    assert_eq!(socket.parent(), Some(Path::new("/run").join(values(&unit, "RuntimeDirectory")[0]).as_path()));
    assert_eq!(args.config.as_deref(), Some(Path::new("/etc/notifyd/notifyd.toml")));
    assert!(unit.contains("-t /etc/notifyd config/notifyd.toml"), "the head installs another configuration");
}

#[test]
fn it_waits_longer_than_the_daemon_drains() {
    let unit = read("config/notifyd.service");
    let seconds: u64 = values(&unit, "TimeoutStopSec")[0].trim_end_matches('s').parse().unwrap();
    assert!(seconds >= Settings::default().delivery.drain_timeout_seconds + CLOSING_SECONDS);
}

#[test]
fn what_a_restart_does_not_mend_is_not_restarted() {
    let unit = read("config/notifyd.service");
    let codes: Vec<_> = values(&unit, "RestartPreventExitStatus")[0].split(' ').collect();
    let wrong = Failure::Configuration(String::new()).code().to_string();
    let damaged = notifyd_store::StoreError::Damaged {
        path: "notifyd.db".into(),
        problem: String::new(),
        dir: "state".into(),
        backup: None,
    };
    let damaged = Failure::Store(damaged).code().to_string();
    assert_eq!(codes, ["2", damaged.as_str(), wrong.as_str()]);
}

#[test]
fn it_names_the_groups_of_the_configuration() {
    let unit = read("config/notifyd.service");
    let control = Settings::default().control;
    assert_eq!(values(&unit, "Group"), [control.group_read.as_str()]);
    for group in [control.group_read, control.group_admin] {
        assert!(
            unit.contains(&format!("#   groupadd --system {group}\n")),
            "the head does not make the group {group}"
        );
    }
}
