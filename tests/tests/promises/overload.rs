//! R11: more than the daemon can bear is refused with a time to come back; its memory stays flat, nothing acknowledged is
//! lost, and a service that asks little is served as if nothing happened.

use hyper::{Method, StatusCode};
use notify_tests::control::Control;
use notify_tests::daemon::Builder;
use notify_tests::http::{Answer, Client};
use notify_tests::pump::message;
use notify_tests::raw::connect_from;
use serde_json::json;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The limit, bytes.
const LIMIT: u64 = 256 * 1_048_576;

/// What the process may have used of it at most, KiB.
const MOST_KIB: u64 = 200 * 1_024;

/// Where the flood comes from, and where the others do: the cap by peer holds for each.
const FLOOD: &str = "127.0.0.1";
const POLITE: &str = "127.0.0.2";
const SLOW: &str = "127.0.0.3";

/// A limit of memory around the daemon; gone when it is dropped.
struct Fence {
    group: Option<PathBuf>,
    launcher: Vec<String>,
}

impl Fence {
    /// A memory cgroup where one can be made, else a limit of the process for its data.
    fn new() -> Self {
        let name = format!("notifyd-test-{}", std::process::id());
        let version1 = Path::new("/sys/fs/cgroup/memory").join(&name);
        let version2 = Path::new("/sys/fs/cgroup").join(&name);
        let limits: [(PathBuf, &[&str]); 2] =
            [(version1, &["memory.limit_in_bytes"]), (version2, &["memory.max"])];
        for (group, files) in limits {
            if !group.parent().is_some_and(|parent| parent.join("cgroup.procs").exists())
                || std::fs::create_dir(&group).is_err()
            {
                continue;
            }
            if files.iter().all(|file| std::fs::write(group.join(file), LIMIT.to_string()).is_ok()) {
                let join = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", group.display());
                let launcher = ["sh", "-c", &join, "sh"].map(str::to_owned).to_vec();
                return Self { group: Some(group), launcher };
            }
            let _ = std::fs::remove_dir(&group);
        }
        println!("no memory cgroup can be made here (it needs root); RLIMIT_DATA stands in for it");
        let limit = format!("--data={LIMIT}:{LIMIT}");
        Self { group: None, launcher: vec!["prlimit".to_owned(), limit] }
    }

    /// Processes the kernel has killed in it.
    fn killed(&self) -> u64 {
        let Some(group) = &self.group else { return 0 };
        let read = |file: &str| std::fs::read_to_string(group.join(file)).unwrap_or_default();
        let counts = read("memory.oom_control") + &read("memory.events");
        counts.lines().filter_map(|line| line.strip_prefix("oom_kill ")?.parse::<u64>().ok()).sum()
    }
}

impl Drop for Fence {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            // Empty: the daemon is dropped before it.
            let _ = std::fs::remove_dir(group);
        }
    }
}

/// The most memory the process ever had, KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What was answered.
#[derive(Default)]
struct Tally {
    sent: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
}

impl Tally {
    /// Counts one answer; its id when it was accepted.
    fn count(&self, answer: anyhow::Result<Answer>) -> Option<String> {
        let Ok(answer) = answer else {
            self.broken.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        match answer.status {
            StatusCode::ACCEPTED => {
                self.sent.fetch_add(1, Ordering::Relaxed);
                return Some(answer.id());
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let wait = answer.headers["retry-after"].to_str().unwrap();
                assert!(wait.parse::<u32>().unwrap() >= 1, "{wait}");
            }
            other => panic!("{other}: {}", answer.json()),
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        None
    }
}

struct Flood {
    to: SocketAddr,
    key: String,
    tally: Arc<Tally>,
    posting: JoinSet<Vec<String>>,
}

impl Flood {
    /// Posts so many bodies, one after the other, over a connection of its own; over a new one when that is refused.
    fn post(&mut self, times: usize, path: &'static str, body: impl Fn() -> String + Send + 'static) {
        let (to, key, tally) = (self.to, self.key.clone(), Arc::clone(&self.tally));
        self.posting.spawn(async move {
            let mut ids = Vec::new();
            let mut client = None;
            for _ in 0..times {
                if client.is_none() {
                    client = connected(FLOOD, to, &key).await;
                }
                let Some(open) = client.as_mut() else {
                    tally.broken.fetch_add(1, Ordering::Relaxed);
                    continue;
                };
                let answer = open.request(Method::POST, path, &[], body()).await;
                let closed = answer.as_ref().map_or(true, |it| it.headers.get("connection").is_some());
                ids.extend(tally.count(answer));
                if closed {
                    client = None;
                }
            }
            ids
        });
    }
}

async fn connected(from: &str, to: SocketAddr, key: &str) -> Option<Client> {
    Client::over(connect_from(from, to).await.ok()?, key).await.ok()
}

/// A mail of about a mebibyte that no other is like.
fn large() -> String {
    let text = "x".repeat(1_000_000);
    json!({"to": "a@b.example", "subject": message()["message"], "body": text}).to_string()
}

/// Peers that ask for a large page each and never read it.
async fn slow_readers(to: SocketAddr, key: &str, count: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = connect_from(SLOW, to).await.unwrap();
        let ask = format!(
            "GET /api/v1/notifications HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        // The first word of the answer: it is there, and the rest waits for us.
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert!(start.ends_with(b"200") || start.ends_with(b"503"), "{}", String::from_utf8_lossy(&start));
        held.push(stream);
    }
    held
}

/// Posts until it is told to stop, a new connection for every tenth; how many were accepted, and how many not.
async fn polite(to: SocketAddr, key: String, stop: Arc<AtomicBool>) -> (Vec<String>, u32) {
    let (mut ids, mut refused) = (Vec::new(), 0);
    while !stop.load(Ordering::Acquire) {
        let mut client = connected(POLITE, to, &key).await.unwrap();
        for _ in 0..10 {
            match client.post("/api/v1/sms", &message()).await {
                Ok(answer) if answer.status == 202 => ids.push(answer.id()),
                _ => refused += 1,
            }
        }
    }
    (ids, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_refused_in_flat_memory_and_a_polite_service_is_served() {
    flood(3, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and gigabytes of disk"]
async fn a_long_flood_is_refused_in_flat_memory_and_a_polite_service_is_served() {
    flood(30, 2_000).await;
}

/// Floods the daemon with so many large bodies from each of 64 callers, and then so many small ones from each of 320.
async fn flood(large_times: usize, small_times: usize) {
    let fence = Fence::new();
    let launcher: Vec<_> = fence.launcher.iter().map(String::as_str).collect();
    let daemon = Builder::new().through(&launcher).start();
    let (to, pid) = (daemon.listen(), daemon.pid());
    let (greedy, shy) = (daemon.service("greedy"), daemon.service("shy"));
    daemon.mock("only", &json!({}), &[]);

    let stop = Arc::new(AtomicBool::new(false));
    let polite = tokio::spawn(polite(to, shy, Arc::clone(&stop)));
    let tally = Arc::new(Tally::default());
    let mut acked = Vec::new();
    let mut flood = Flood { to, key: greedy.clone(), tally: Arc::clone(&tally), posting: JoinSet::new() };
    for _ in 0..64 {
        flood.post(large_times, "/api/v1/email", large);
    }
    acked.extend(std::mem::take(&mut flood.posting).join_all().await.concat());
    let (sent, refused) = (tally.sent.load(Ordering::Relaxed), tally.refused.load(Ordering::Relaxed));
    println!("large: {sent} accepted, {refused} refused; {} KiB", peak(pid));
    assert!(sent > 0 && refused > 0, "64 bodies of a mebibyte at once are more than one service may hold");
    let unread = slow_readers(to, &greedy, 60).await;
    for _ in 0..320 {
        flood.post(small_times, "/api/v1/sms", || message().to_string());
    }
    acked.extend(flood.posting.join_all().await.concat());
    stop.store(true, Ordering::Release);
    let (mut ids, failed) = polite.await.unwrap();
    println!(
        "all: {} accepted, {} refused, {} broken off; {} and {failed} of the polite; {} KiB",
        tally.sent.load(Ordering::Relaxed),
        tally.refused.load(Ordering::Relaxed),
        tally.broken.load(Ordering::Relaxed),
        ids.len(),
        peak(pid)
    );
    assert!(ids.len() >= 50, "the polite one had its say");
    assert!(ids.len() >= 19 * failed as usize, "{failed} refused, {} accepted", ids.len());
    assert!(tally.refused.load(Ordering::Relaxed) > refused, "320 callers are more than one peer may have");

    // The flood is over, and all is as before.
    drop(unread);
    let mut client = connected(FLOOD, to, &greedy).await.unwrap();
    ids.extend(tally.count(client.post("/api/v1/sms", &message()).await));
    assert_eq!(client.get("/health/ready").await.unwrap().status, 200);
    acked.extend(ids);
    let control = Control::connect(&daemon.builder().socket()).await.unwrap();
    for id in &acked {
        assert_eq!(control.settled(id).await.unwrap().notification.status.to_string(), "delivered");
    }
    assert_eq!(acked.iter().collect::<HashSet<_>>().len(), acked.len(), "each has an id of its own");
    assert_eq!((daemon.pid(), fence.killed()), (pid, 0));
    assert!(peak(pid) <= MOST_KIB, "{} KiB", peak(pid));
}
