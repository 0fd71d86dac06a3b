//! strace on a running daemon: reads its system calls, or has them fail.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long the tracer may take to attach: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// An strace at work. It ends with the process it is attached to; when it is dropped it lets go of it.
pub struct Tracer(Child);

impl Tracer {
    /// Waits until the process has ended and everything is written.
    pub fn ended(mut self) {
        self.0.wait().expect("it ends with the process");
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Attaches a prepared `strace` to a process and all its threads; what it sees goes to a file. Answers once it is attached.
pub fn attach(strace: &mut Command, to: &Path, pid: u32) -> Tracer {
    let child = strace
        .arg("-o")
        .arg(to)
        .args(["-p", &pid.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace runs; it is the Debian package strace");
    let mut tracer = Tracer(child);
    let stderr = tracer.0.stderr.take().expect("its notes are piped");
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
