//! A running `notifyd`: a real process on a free port, in a directory of its own, ended when it is dropped.

use crate::bin;
use crate::ctl::Ctl;
use crate::http::Client;
use crate::person::{self, Person};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tempfile::TempDir;

/// How long a start may take before a test gives up on it: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a case needs of a daemon.
#[derive(Clone)]
pub struct Builder {
    dir: Arc<TempDir>,
    state: PathBuf,
    config: String,
    environment: Vec<(String, String)>,
    flags: Vec<String>,
    through: Vec<String>,
    program: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A daemon in a new directory, with the defaults.
    pub fn new() -> Self {
        let dir =
            tempfile::Builder::new().prefix("notifyd-test").tempdir().expect("a directory for the test");
        let state = dir.path().join("state");
        Self {
            dir: Arc::new(dir),
            state,
            config: String::new(),
            environment: vec![],
            flags: vec![],
            through: vec![],
            program: None,
        }
    }

    /// Another state directory: one on a file system of its own.
    pub fn state_in(mut self, directory: &Path) -> Self {
        directory.clone_into(&mut self.state);
        self
    }

    /// Its configuration file.
    pub fn config(mut self, toml: &str) -> Self {
        toml.clone_into(&mut self.config);
        self
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// A flag.
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// Words before the command line, such as those of `sh -c`.
    pub fn through(mut self, words: &[&str]) -> Self {
        self.through = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Who runs it; the directory everything is in becomes this person's, and everybody gets in.
    pub fn by(mut self, person: &Person) -> Self {
        person.own(self.dir());
        person::open(self.dir());
        self.through = person.words();
        self.program = Some(person::copy("notifyd", self.dir()));
        self
    }

    /// The directory everything is in, unless the state is elsewhere.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.state.clone()
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.dir().join("control.sock")
    }

    /// The command line, not started.
    pub fn command(&self) -> Command {
        let config = self.dir().join("notifyd.toml");
        std::fs::write(&config, &self.config).expect("the configuration is written");
        let program = self.program.clone().unwrap_or_else(|| bin("notifyd"));
        let mut command = match self.through.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg("--config").arg(&config).arg("--state-dir").arg(self.state());
        if !self.flags.iter().any(|flag| flag.starts_with("--socket")) {
            command.arg("--socket").arg(self.socket());
        }
        if !self.flags.iter().any(|flag| flag.starts_with("--listen")) {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(&self.flags);
        command
            .env_remove("NOTIFYD_MASTER_KEY_FILE")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts it when it must not start: its exit code, and what it said.
    pub fn refused(&self) -> (Option<i32>, String) {
        let child = self.command().spawn().expect("notifyd starts");
        let pid = Pid::from_child(&child);
        let (tell, end) = channel();
        std::thread::spawn(move || tell.send(child.wait_with_output()));
        let Ok(output) = end.recv_timeout(PATIENCE) else {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            panic!("notifyd runs, though it must not");
        };
        let output = output.expect("it ended");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }

    /// Starts it and waits until it says that it has started.
    pub fn start(&self) -> Daemon {
        self.try_start()
            .unwrap_or_else(|(code, said)| panic!("notifyd ended with {code:?}; it said:\n{said}"))
    }

    /// Starts it when it may fail to: its exit code, and what it said.
    pub fn try_start(&self) -> Result<Daemon, (Option<i32>, String)> {
        let mut child = self.command().spawn().expect("notifyd starts");
        let stderr = child.stderr.take().expect("its log is piped");
        let (lines, log) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    // Nobody reads any more; the pipe is drained so that the daemon never waits for it.
                }
            }
        });
        let mut daemon = Daemon { builder: self.clone(), child, log, listen: None, said: vec![] };
        match daemon.hear(|line| line["message"] == "started") {
            Ok(started) => {
                daemon.listen = started["listen"].as_str().and_then(|text| text.parse().ok());
                Ok(daemon)
            }
            Err(RecvTimeoutError::Disconnected) => Err((daemon.wait().code(), daemon.log())),
            Err(RecvTimeoutError::Timeout) => panic!("notifyd does not start; it said:\n{}", daemon.log()),
        }
    }
}

/// The running process.
pub struct Daemon {
    builder: Builder,
    child: Child,
    log: Receiver<String>,
    listen: Option<SocketAddr>,
    said: Vec<String>,
}

impl Daemon {
    /// One with the defaults.
    pub fn start() -> Self {
        Builder::new().start()
    }

    /// Where the intake listens.
    pub fn listen(&self) -> SocketAddr {
        self.listen.expect("a started daemon said where it listens")
    }

    /// Its directory and command line.
    pub fn builder(&self) -> &Builder {
        &self.builder
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `notifyctl` against it.
    pub fn ctl(&self) -> Ctl {
        Ctl::new(&self.builder.socket())
    }

    /// A connection with this key.
    pub async fn client(&self, key: &str) -> Client {
        Client::connect(self.listen(), key).await.expect("the intake accepts")
    }

    /// Makes a service; its key.
    pub fn service(&self, name: &str) -> String {
        self.ctl().ok(&["-o", "plain", "-q", "service", "create", name]).trim().to_owned()
    }

    /// Adds a mock provider for all channels with these settings.
    pub fn mock(&self, name: &str, config: &Value, flags: &[&str]) {
        self.provider(name, "mock", config, flags);
    }

    /// Adds a provider of a type with these settings.
    pub fn provider(&self, name: &str, kind: &str, config: &Value, flags: &[&str]) {
        let file = self.builder.dir().join(format!("{name}.json"));
        std::fs::write(&file, config.to_string()).expect("the settings are written");
        let file = file.to_str().expect("a plain path");
        self.ctl().ok(&[&["provider", "add", name, "--type", kind, "--config-file", file], flags].concat());
    }

    /// Waits for a line of its log.
    pub fn wait_for_log(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.hear(wanted)
            .unwrap_or_else(|error| panic!("notifyd never said it ({error}); it said:\n{}", self.log()))
    }

    fn hear(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value, RecvTimeoutError> {
        loop {
            let line = self.log.recv_timeout(PATIENCE)?;
            let value = serde_json::from_str(&line).unwrap_or(Value::Null);
            self.said.push(line);
            if wanted(&value) {
                return Ok(value);
            }
        }
    }

    /// Everything it has logged so far.
    pub fn log(&mut self) -> String {
        self.said.extend(self.log.try_iter());
        self.said.join("\n")
    }

    /// Everything it has logged, once it has ended.
    pub fn rest_of_log(&mut self) -> String {
        self.said.extend(self.log.iter());
        self.said.join("\n")
    }

    /// Kills it as a power cut does.
    pub fn kill(mut self) -> Builder {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ended");
        self.builder.clone()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("it was running");
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is ours")
    }

    /// Waits for its end, and for its last words.
    pub fn wait(&mut self) -> ExitStatus {
        let ended = self.child.wait().expect("it ended");
        self.said.extend(self.log.iter());
        ended
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
