//! R19: one daemon for one state directory and one socket.

use notify_tests::daemon::Builder;
use rustix::process::{Pid, Signal};
use std::collections::HashSet;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long twenty starts may take: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

fn ended(mut child: Child) -> (ExitStatus, String) {
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn answers(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}

#[test]
fn a_second_daemon_on_the_same_directory_ends_at_once() {
    let builder = Builder::new();
    let daemon = builder.start();
    let (code, said) = builder.refused();
    assert_eq!(code, Some(75), "{said}");
    assert!(said.contains("another notifyd"), "{said}");
    assert_eq!(daemon.ctl().run(&["ping"]).code, 0, "the first goes on");
}

#[test]
fn of_twenty_simultaneous_starts_one_runs() {
    let builder = Builder::new();
    let (tell, ends) = channel();
    let mut running = HashSet::new();
    for _ in 0..20 {
        let child = builder.command().spawn().unwrap();
        let pid = Pid::from_child(&child);
        running.insert(pid);
        let tell = tell.clone();
        std::thread::spawn(move || tell.send((pid, ended(child))));
    }
    // The winner goes on, the others end by themselves.
    for _ in 0..19 {
        let (pid, (status, said)) = ends.recv_timeout(PATIENCE).unwrap();
        assert_eq!(status.code(), Some(75), "{said}");
        running.remove(&pid);
    }
    let winner = running.into_iter().next().unwrap();
    rustix::process::kill_process(winner, Signal::KILL).unwrap();
    let (_, (status, said)) = ends.recv_timeout(PATIENCE).unwrap();
    assert_eq!(status.code(), None, "the winner ran until it was killed: {said}");
}

#[test]
fn a_dead_daemons_socket_is_replaced_and_a_live_ones_never() {
    let builder = Builder::new();
    let builder = builder.start().kill();
    assert!(builder.socket().exists(), "a killed daemon leaves its socket");
    let daemon = builder.start();
    assert!(answers(&builder.socket()));
    // Another state directory, the same socket.
    let other = Builder::new().flag(&format!("--socket={}", builder.socket().display()));
    let (code, said) = other.refused();
    assert_eq!(code, Some(75), "{said}");
    assert!(said.contains(&builder.socket().display().to_string()), "{said}");
    assert_eq!(daemon.ctl().run(&["ping"]).code, 0, "the first still answers on it");
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let builder = Builder::new();
    std::fs::write(builder.socket(), "precious").unwrap();
    let (code, said) = builder.refused();
    assert_eq!(code, Some(74), "{said}");
    assert_eq!(std::fs::read_to_string(builder.socket()).unwrap(), "precious");
}
