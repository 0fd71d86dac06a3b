//! `notifyd --demo --story outage`: what is told while it is played, held against the records it tells of.

use notify_tests::bin;
use notify_tests::ctl::Ctl;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long it may say nothing before the case is given up: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rounds that are listened to: on a busy machine a part of one may go by without a call, or be told late.
const ROUNDS: usize = 5;

/// The running demo and what it says; ended when it is dropped.
struct Show {
    child: Child,
    lines: Receiver<String>,
}

impl Show {
    fn begin(home: &Path) -> Self {
        let mut child = Command::new(bin("notifyd"))
            .args(["--demo", "--story", "outage"])
            .env("TMPDIR", home)
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    // Nobody listens any more; the pipe is drained so that the demo never waits for it.
                }
            }
        });
        Self { child, lines }
    }

    /// What it says up to the first line with these words, that one included.
    fn until(&self, words: &str) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            said.push(line.unwrap_or_else(|_| panic!("it never said `{words}` but: {said:#?}")));
            if said.last().is_some_and(|line| line.contains(words)) {
                return said;
            }
        }
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where in a round something is told first.
fn place(round: &[String], words: &str) -> Option<usize> {
    round.iter().position(|line| line.contains(words))
}

/// The notification that a line is about, with its attempts: through whom, and how they ended.
fn attempts(ctl: &Ctl, line: &str) -> (String, Vec<String>) {
    let id = line.split([' ', ',']).find(|word| word.len() == 36).unwrap_or_else(|| panic!("no id: {line}"));
    let detail = ctl.json(&["notification", "show", id]);
    assert_eq!(detail["notification"]["simulated"], true, "{detail:#}");
    let words = |attempt: &serde_json::Value| {
        let text = |member: &str| attempt[member].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("provider_name"), text("status"))
    };
    let status = detail["notification"]["status"].as_str().unwrap_or_default().to_owned();
    (status, detail["attempts"].as_array().unwrap().iter().map(words).collect())
}

#[test]
fn the_outage_is_told_as_it_happens() {
    let home = tempfile::tempdir().unwrap();
    let mut show = Show::begin(home.path());
    let poster = show.until("The story `outage`");
    assert!(poster.iter().any(|line| line.contains("SIMULATED")), "{poster:#?}");
    let socket = poster.iter().find_map(|line| line.strip_prefix("  socket      ")).unwrap();
    let ctl = Ctl::new(Path::new(socket));
    assert!(show.until(" s: ").last().unwrap().contains("north delivers"), "it begins well");

    let order = ["north fails", "circuit of north opened", "north was probed", "circuit of north closed"];
    let more = [" in_doubt (no answer", "), then failed_over", "south delivers"];
    let mut rounds = (0..ROUNDS).map(|_| show.until("the trouble is over"));
    let whole = |round: &Vec<String>| {
        let parts = order.map(|words| place(round, words));
        let in_time = |words: &&str| place(round, words).is_some_and(|at| Some(at) < parts[3]);
        parts[0].is_some() && parts.is_sorted() && more.iter().all(in_time)
    };
    let round = rounds.find(whole).unwrap_or_else(|| panic!("in {ROUNDS} rounds it was not all told"));
    let told = |words: &str| place(&round, words).unwrap();
    let mut lines = round.iter().filter(|line| !line.is_empty());
    assert!(lines.all(|line| line.starts_with("simulated")), "{round:#?}");

    let over = &round[told("the trouble is over")];
    let count = over.split("over: ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(over.contains(&format!("; {count} were delivered, 0 were not, none waits")), "{over}");
    let (status, tried) = attempts(&ctl, &round[told("), then failed_over")]);
    assert_eq!((status.as_str(), tried.len()), ("delivered", 2), "{tried:?}");
    assert_eq!(tried, ["north failed", "south delivered"]);
    let (status, tried) = attempts(&ctl, &round[told(" in_doubt (no answer")]);
    assert_eq!(status, "delivered");
    assert_eq!(tried.first().map(String::as_str), Some("north in_doubt"), "{tried:?}");
    assert_eq!(tried.last().map(String::as_str), Some("north delivered"), "nobody else may: {tried:?}");
    let (status, tried) = attempts(&ctl, &round[told("north was probed")]);
    assert!(status == "delivered" && tried.contains(&"north failed".to_owned()), "{tried:?}");

    kill_process(Pid::from_child(&show.child), Signal::INT).unwrap();
    assert!(show.child.wait().unwrap().success());
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "the demo left {left:?}");
}

#[test]
fn a_story_needs_the_demo_and_a_name() {
    let refused = |arguments: &[&str]| {
        let ran = Command::new(bin("notifyd")).args(arguments).output().unwrap();
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}");
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    assert!(refused(&["--story", "outage"]).contains("--demo"));
    assert!(refused(&["--demo", "--story", "flood"]).contains("possible values: outage"));
    assert!(refused(&["--check", "--story", "outage"]).contains("--story"));
}
