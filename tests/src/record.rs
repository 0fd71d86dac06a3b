//! What the mock provider wrote down with `record_file`: one JSON line per call, written before it answers.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Calls per notification id.
pub fn calls(path: &Path) -> HashMap<String, u32> {
    let count = |(id, attempts): (String, Vec<u32>)| (id, u32::try_from(attempts.len()).unwrap_or(u32::MAX));
    attempts(path).into_iter().map(count).collect()
}

/// The numbers of the attempts for which calls were made, per notification id, in the order of the calls.
pub fn attempts(path: &Path) -> HashMap<String, Vec<u32>> {
    let mut attempts: HashMap<String, Vec<u32>> = HashMap::new();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("the record is whole lines of JSON");
        let id = line["notification"].as_str().expect("a line names its notification").to_owned();
        let number = line["attempt"].as_u64().and_then(|number| u32::try_from(number).ok());
        attempts.entry(id).or_default().push(number.expect("a line numbers its attempt"));
    }
    attempts
}

/// A pipe to be given as `record_file`: whoever reads it learns of a call while it is being made.
pub struct Pipe {
    path: PathBuf,
    lines: BufReader<File>,
}

impl Pipe {
    /// Makes it in this directory.
    pub fn new(directory: &Path) -> Self {
        let path = directory.join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
        assert!(made.success(), "mkfifo {}", path.display());
        // Open for writing too, so that opening does not wait for a daemon and a daemon's end is not the pipe's.
        let file = OpenOptions::new().read(true).write(true).open(&path).expect("the pipe opens");
        Self { path, lines: BufReader::new(file) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the next call; the notification it was made for.
    pub fn call(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the pipe is read");
        let call: serde_json::Value = serde_json::from_str(&line).expect("a call is a line of JSON");
        call["notification"].as_str().expect("a call names its notification").to_owned()
    }
}
