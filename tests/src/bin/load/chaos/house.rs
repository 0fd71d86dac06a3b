//! Keeps the daemon running as a supervisor does, and notes how it ended each time.

use crate::process::usage;
use anyhow::{Result, ensure};
use notify_tests::ctl::Ctl;
use notify_tests::daemon::{Builder, Daemon};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::sync::watch;

/// Tries to start it before it is given up, and the time between two of them.
const STARTS: (u32, Duration) = (20, Duration::from_millis(500));

/// The codes with which it may end: asked to, or an input or output error.
const RIGHT: [i32; 2] = [0, 74];

/// The daemon, and what became of those before it.
pub struct House {
    builder: Builder,
    daemon: Option<Daemon>,
    address: watch::Sender<SocketAddr>,
    /// How often it ended how: by exit code, or `killed`.
    pub ends: BTreeMap<String, u64>,
    /// Ends and panics that must not be.
    pub wrong: Vec<String>,
    /// The most memory one of them used, MiB.
    pub peak_rss_mib: f64,
}

impl House {
    /// Starts the first.
    pub fn open(builder: Builder) -> Self {
        let daemon = builder.start();
        let (address, _) = watch::channel(daemon.listen());
        Self {
            builder,
            daemon: Some(daemon),
            address,
            ends: BTreeMap::new(),
            wrong: Vec::new(),
            peak_rss_mib: 0.0,
        }
    }

    /// Where the daemon listens: each has another port.
    pub fn address(&self) -> watch::Receiver<SocketAddr> {
        self.address.subscribe()
    }

    /// `notifyctl` against it.
    pub fn ctl(&self) -> Ctl {
        Ctl::new(&self.builder.socket())
    }

    /// Starts it again when it has ended; whether it runs. On a full disk it may not.
    pub fn keep(&mut self) -> bool {
        if let Some(mut daemon) = self.daemon.take() {
            if daemon.ended().is_none() {
                self.peak_rss_mib = self.peak_rss_mib.max(usage(daemon.pid()).peak_rss_mib);
                self.daemon = Some(daemon);
                return true;
            }
            let status = daemon.wait();
            self.note(status, &daemon.log());
        }
        match self.builder.try_start() {
            Ok(daemon) => {
                self.address.send_replace(daemon.listen());
                self.daemon = Some(daemon);
                true
            }
            Err((code, said)) => {
                self.note_code(code, &said);
                false
            }
        }
    }

    /// Has it running, or fails.
    pub async fn up(&mut self) -> Result<()> {
        for _ in 0..STARTS.0 {
            if self.keep() {
                return Ok(());
            }
            tokio::time::sleep(STARTS.1).await;
        }
        anyhow::bail!("it does not start any more: {:?}", self.wrong)
    }

    /// Sends it a signal, if it runs.
    pub fn signal(&self, signal: Signal) {
        if let Some(daemon) = &self.daemon {
            daemon.signal(signal);
        }
    }

    /// Ends it with this signal and waits for the end.
    pub fn end(&mut self, signal: Signal) -> Result<()> {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        self.peak_rss_mib = self.peak_rss_mib.max(usage(daemon.pid()).peak_rss_mib);
        if daemon.ended().is_none() {
            daemon.signal(signal);
        }
        let status = daemon.wait();
        self.note(status, &daemon.log());
        ensure!(self.wrong.len() < 10, "it ends wrongly again and again: {:?}", self.wrong);
        Ok(())
    }

    fn note(&mut self, status: ExitStatus, log: &str) {
        if let Some(signal) = status.signal() {
            if signal != Signal::KILL.as_raw() {
                self.wrong.push(format!("it ended by signal {signal}"));
            }
            *self.ends.entry("killed".to_owned()).or_default() += 1;
            self.panics(log);
        } else {
            self.note_code(status.code(), log);
        }
    }

    fn note_code(&mut self, code: Option<i32>, log: &str) {
        let name = code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
        *self.ends.entry(name.clone()).or_default() += 1;
        if !code.is_some_and(|code| RIGHT.contains(&code)) {
            let last = log.lines().next_back().unwrap_or_default();
            self.wrong.push(format!("it ended with {name}: {last}"));
        }
        self.panics(log);
    }

    fn panics(&mut self, log: &str) {
        let panics = log.lines().filter(|line| line.contains("panicked at"));
        self.wrong.extend(panics.map(str::to_owned));
    }
}
