//! R13: the disk fills up. Intake is refused before it is full, what is under way is recorded, and when there is room again
//! everything goes on without a restart. On a small file system of its own, which takes root to mount.

use hyper::Method;
use notify_proto::Status;
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Answer;
use notify_tests::mailbox::Mailbox;
use notify_tests::pump::message;
use notify_tests::record;
use serde_json::json;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory; unmounted when dropped.
struct Small(PathBuf);

impl Small {
    /// None when it cannot be mounted, which is said.
    fn mount(at: &Path, mib: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mib}m,mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "notifyd-test"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            Ok(output) => {
                println!("skipped: no tmpfs can be mounted: {}", String::from_utf8_lossy(&output.stderr));
                None
            }
            Err(error) => {
                println!("skipped: mount cannot be run: {error}");
                None
            }
        }
    }

    /// Takes all room but this much, as another program would.
    fn fill(&self, leave_kib: u64) -> PathBuf {
        let path = self.0.join("filler");
        let mut filler = File::create(&path).unwrap();
        let stat = rustix::fs::statvfs(&self.0).unwrap();
        let take = (stat.f_bavail * stat.f_frsize).saturating_sub(leave_kib << 10);
        let block = vec![1; 1 << 16];
        let mut left = take;
        while left > 0 {
            let part = left.min(block.len() as u64);
            match filler.write(&block[..usize::try_from(part).unwrap()]) {
                Ok(written) => left -= written as u64,
                // Somebody else was faster: it is full.
                Err(_) => break,
            }
        }
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

const CONFIG: &str = "[store]\nfree_floor_mib = 16\nreserve_mib = 8\n";

async fn post(daemon: &Daemon, key: &str) -> Answer {
    let mut mail = message();
    mail["to"] = "ada@example.org".into();
    mail["subject"] = "Your parcel".into();
    daemon.client(key).await.post("/api/v1/email", &mail).await.unwrap()
}

fn says_full(answer: &Answer, reason: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.json()["type"], "storage-full", "{answer:?}");
    assert!(answer.json()["detail"].as_str().unwrap().contains(reason), "{answer:?}");
    assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
}

const LOW: &str = "less room than its floor";
const FULL: &str = "the disk of the log is full";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_records_and_recovers_alone() {
    let builder = Builder::new().config(CONFIG);
    let Some(disk) = Small::mount(&builder.state(), 64) else { return };
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    // Mails wait until the test lets them go, so that outcomes come in when the disk is full.
    let mut mailbox = Mailbox::closed().await;
    daemon.provider("mail", "smtp", &mailbox.settings(), &["--max-in-flight", "8"]);
    let mut acked = vec![];
    for _ in 0..20 {
        let answer = post(&daemon, &key).await;
        assert_eq!(answer.status, 202);
        acked.push(answer.id());
    }
    mailbox.reached(8).await;

    // Below the floor: refused, with one reason everywhere.
    let filler = disk.fill(12 << 10);
    daemon.wait_for_log(|line| line["event"] == "disk_low");
    says_full(&post(&daemon, &key).await, LOW);
    let mut client = daemon.client("").await;
    let ready = client.get("/health/ready").await.unwrap();
    assert!(ready.status == 503 && ready.json()["reason"].as_str().unwrap().contains(LOW), "{ready:?}");
    let control = Control::connect(&builder.socket()).await.unwrap();
    assert!(control.status().await.unwrap().concerns.iter().any(|concern| concern.contains(LOW)));

    // Full: the reserve is given up, and the outcomes of the calls under way are recorded in its place.
    disk.fill(0);
    daemon.wait_for_log(|line| line["event"] == "disk_full");
    says_full(&post(&daemon, &key).await, FULL);
    mailbox.open();
    for id in &acked[..8] {
        let detail = control.settled(id).await.unwrap();
        assert_eq!(detail.notification.status.known(), Some(Status::Delivered), "{detail:#?}");
    }
    assert_eq!(mailbox.taken(), 8);
    assert_eq!(control.count(Status::Queued).await.unwrap(), 12, "nothing new is begun on a full disk");

    // Reading works.
    let shown = daemon.client(&key).await.get(&format!("/api/v1/notifications/{}", acked[0])).await.unwrap();
    assert_eq!(shown.status, 200);

    // Room: the rest goes out and new ones are taken, by itself.
    std::fs::remove_file(&filler).unwrap();
    daemon.wait_for_log(|line| {
        line["event"] == "disk_room" && line["message"] == "notifications are taken again"
    });
    for id in &acked {
        assert_eq!(control.settled(id).await.unwrap().notification.status.known(), Some(Status::Delivered));
    }
    let fresh = post(&daemon, &key).await;
    assert_eq!(fresh.status, 202, "{fresh:?}");
    assert!(!control.settled(&fresh.id()).await.unwrap().notification.possible_duplicate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_under_load_loses_nothing() {
    let builder = Builder::new().config(CONFIG);
    let record = builder.dir().join("calls");
    let Some(disk) = Small::mount(&builder.state(), 64) else { return };
    let daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("mock", &json!({"record_file": record}), &[]);
    let mut acked = vec![];
    let mut filler = None;
    let mut client = daemon.client(&key).await;
    // Without the floor's help: everything is taken between two looks of the daemon.
    for number in 0..2_000 {
        if number == 500 {
            filler = Some(disk.fill(0));
        }
        let headers = [("idempotency-key", number.to_string())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer =
            client.request(Method::POST, "/api/v1/sms", &headers, message().to_string()).await.unwrap();
        match answer.status.as_u16() {
            202 => acked.push(answer.id()),
            _ => assert_eq!(answer.json()["type"], "storage-full", "{answer:?}"),
        }
    }
    assert!(acked.len() >= 500 && acked.len() < 2_000, "{} were acknowledged", acked.len());
    // A death in the middle of it, and a start on a disk that is still full: only the filler goes.
    let builder = daemon.kill();
    std::fs::remove_file(filler.unwrap()).unwrap();
    let daemon = builder.start();
    let control = Control::connect(&builder.socket()).await.unwrap();
    for id in &acked {
        let detail = control.settled(id).await.unwrap();
        assert_eq!(detail.notification.status.known(), Some(Status::Delivered), "{detail:#?}");
    }
    let calls = record::calls(&record);
    assert!(acked.iter().all(|id| calls[id] >= 1));
    drop(daemon);
}
