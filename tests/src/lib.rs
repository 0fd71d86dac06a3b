//! What the end-to-end tests and the load program share: the real binaries, started in directories of their own.
//!
//! * [`bin`] finds the programs, built if need be.
//! * [`Daemon`](daemon::Daemon) is a running `notifyd` on a free port; its [`Builder`](daemon::Builder) is where a case
//!   says what it needs.
//! * [`Client`](http::Client) speaks HTTP to it over one connection, as an application does.
//! * [`raw`] writes bytes that are no HTTP, or nearly, and reads until the daemon closes.
//! * [`ctl`](ctl::Ctl) runs `notifyctl` against it.
//! * [`Control`](control::Control) asks it over the control socket, and waits there for ends.
//! * [`Person`](person::Person) is another user of this machine, as whom programs are run.
//! * [`Pump`](pump::Pump) is applications that keep posting.
//! * [`Mailbox`](mailbox::Mailbox) is a mail server that keeps mails waiting for as long as a case needs.
//! * [`Hook`](hook::Hook) is a receiver of webhooks.
//! * [`trace`] reads the system calls of a daemon, or has them fail.
//! * [`Relay`](relay::Relay) is a mail relay that repeats what it is told.
//! * [`Seat`](seat::Seat) is somebody in front of the dashboard, in a terminal.
//! * [`record`] reads what the mock provider wrote down: every call, also of daemons that were killed.

#![expect(clippy::expect_used, reason = "a harness that cannot go on ends the test, with the reason")]

pub mod control;
pub mod ctl;
pub mod daemon;
pub mod hook;
pub mod http;
pub mod mailbox;
pub mod person;
pub mod pump;
pub mod raw;
pub mod record;
pub mod relay;
pub mod seat;
pub mod trace;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Says that a case was left out, and why.
#[expect(clippy::print_stderr, reason = "a case that is skipped says so")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// The path of one of our programs. Cargo builds only the package under test, so they are built here, once, in the
/// profile of the caller.
pub fn bin(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let me = std::env::current_exe().expect("a program has a path");
        // target/PROFILE/deps/test-… or target/PROFILE/load
        let mut directory = me.parent().expect("it lies in a directory").to_owned();
        if directory.ends_with("deps") {
            directory.pop();
        }
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--bin", "notifyd", "--bin", "notifyctl", "--bin", "notify-tui"]);
        if directory.ends_with("release") {
            build.arg("--release");
        }
        if let Some(target) = directory.parent() {
            build.arg("--target-dir").arg(target);
        }
        build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        // What cargo told this program about its own package would have build scripts run anew, here and in the next
        // build from outside.
        let told = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_CRATE_",
            "CARGO_BIN_",
            "CARGO_PRIMARY_",
            "CARGO_TARGET_TMPDIR",
        ];
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| told.iter().any(|told| name.starts_with(told))) {
                build.env_remove(name);
            }
        }
        let status = build.status().expect("cargo runs");
        assert!(status.success(), "the programs could not be built");
        directory
    });
    directory.join(name)
}
