//! The service manager is told when the daemon is ready, reloads and stops, and gets signs of life only while the thread
//! that writes and the loop that dispatches come round.

use notify_tests::daemon::Builder;
use rustix::process::Signal;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// How long a word may take to come: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The manager's end.
struct Manager(UnixDatagram);

impl Manager {
    /// What is said next that begins so; signs of life come in between.
    fn hears(&self, wanted: &str) -> String {
        loop {
            let mut bytes = [0; 4_096];
            let length =
                self.0.recv(&mut bytes).unwrap_or_else(|error| panic!("never heard {wanted}: {error}"));
            let said = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if said.lines().any(|line| line.starts_with(wanted)) {
                return said;
            }
        }
    }

    /// Forgets what was said so far.
    fn forget(&self) {
        self.0.set_nonblocking(true).unwrap();
        let mut bytes = [0; 4_096];
        while self.0.recv(&mut bytes).is_ok() {}
        self.0.set_nonblocking(false).unwrap();
    }
}

fn supervised(builder: Builder) -> (Builder, Manager) {
    let path = builder.dir().join("manager");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let builder = builder.env("NOTIFY_SOCKET", path.to_str().unwrap()).env("WATCHDOG_USEC", "600000");
    (builder, Manager(socket))
}

#[test]
fn it_says_when_it_is_ready_reloads_and_stops() {
    let (builder, manager) = supervised(Builder::new());
    let mut daemon = builder.start();
    let ready = manager.hears("READY=1");
    assert!(ready.contains(&format!("STATUS=taking notifications at {}", daemon.listen())), "{ready}");
    manager.hears("WATCHDOG=1");
    daemon.signal(Signal::HUP);
    assert!(manager.hears("RELOADING=1").contains("MONOTONIC_USEC="));
    manager.hears("READY=1");
    daemon.signal(Signal::TERM);
    manager.hears("STOPPING=1");
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn a_writer_that_is_stuck_gives_no_sign_of_life() {
    let (builder, manager) = supervised(Builder::new());
    let mut daemon = builder.start();
    manager.hears("WATCHDOG=1");
    // Another program takes the right to write, and keeps it.
    let other = rusqlite::Connection::open(builder.state().join("notifyd.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    daemon.wait_for_log(|line| line["event"] == "watchdog");
    manager.forget();
    daemon.wait_for_log(|line| line["event"] == "watchdog");
    manager.0.set_nonblocking(true).unwrap();
    assert!(manager.0.recv(&mut [0; 64]).is_err(), "a sign of life came all the same");
    manager.0.set_nonblocking(false).unwrap();
    // It lets go: signs of life again.
    other.execute_batch("ROLLBACK").unwrap();
    manager.hears("WATCHDOG=1");
}
