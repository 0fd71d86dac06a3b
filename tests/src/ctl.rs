//! Runs `notifyctl` as a script does: no terminal, output caught.

use crate::bin;
use crate::person::{Person, copy};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `notifyctl` against one daemon.
#[derive(Debug, Clone)]
pub struct Ctl {
    socket: PathBuf,
    /// The program, after the words it is run through.
    words: Vec<OsString>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// The answer.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
}

impl Ctl {
    /// Against the daemon behind this socket.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), words: vec![bin("notifyctl").into()] }
    }

    /// The same, run by somebody else from a copy in this directory.
    pub fn by(mut self, person: &Person, directory: &Path) -> Self {
        self.words = person.words().into_iter().map(OsString::from).collect();
        self.words.push(copy("notifyctl", directory).into());
        self
    }

    /// Runs it, whatever comes of it.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(&self.words[0])
            .args(&self.words[1..])
            .arg("--socket")
            .arg(&self.socket)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("notifyctl runs");
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs it; it must end well. Answers what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "notifyctl {arguments:?}\n{}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Runs it with `-o json`; it must end well.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{arguments:?} printed no JSON: {error}\n{text}"))
    }
}
