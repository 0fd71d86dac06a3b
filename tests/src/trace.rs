//! strace on a running daemon: reads its system calls, or has them fail.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long the tracer may take to attach: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Attaches a prepared `strace` to a process and all its threads; what it sees goes to a file. Answers once it is attached.
/// It ends with the process.
pub fn attach(strace: &mut Command, to: &Path, pid: u32) -> Child {
    let mut tracer = strace
        .arg("-o")
        .arg(to)
        .args(["-p", &pid.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace runs; it is the Debian package strace");
    let stderr = tracer.stderr.take().expect("its notes are piped");
    let (tell, notes) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Read to the end, so that it never waits for a reader.
            let _ = tell.send(line);
        }
    });
    let first = notes.recv_timeout(PATIENCE).expect("strace says that it is attached");
    assert!(first.contains("attached"), "{first}");
    tracer
}
