//! R16: the write-ahead log stays below 64 MiB whoever reads. The daemon's own readers end within a second; another program
//! that holds an old state open stops the intake before the bound, and everything goes on once it ends.

use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::Answer;
use notify_tests::pump::message;
use serde_json::json;

/// The bound, bytes.
const BOUND: u64 = 64 << 20;

/// More posts than the bound has room for.
const ENOUGH: usize = 250;

/// A mail of 300 KiB.
async fn post(daemon: &Daemon, key: &str) -> Answer {
    let mut mail = message();
    mail["to"] = "ada@example.org".into();
    mail["subject"] = "A long story".into();
    mail["html_body"] = "x".repeat(300 << 10).into();
    daemon.client(key).await.post("/api/v1/email", &mail).await.unwrap()
}

fn wal(builder: &Builder) -> u64 {
    std::fs::metadata(builder.state().join("notifyd.db-wal")).map_or(0, |meta| meta.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_reader_stops_the_intake_before_the_bound_and_no_longer() {
    let builder = Builder::new();
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("mock", &json!({}), &["--rate", "1/h", "--burst", "1"]);
    let reader = rusqlite::Connection::open(builder.state().join("notifyd.db")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM notifications", [], |row| row.get(0)).unwrap();
    let mut taken = 0;
    let refused = loop {
        let answer = post(&daemon, &key).await;
        assert!(wal(&builder) <= BOUND, "{} bytes after {taken} posts", wal(&builder));
        if answer.status != 202 {
            break answer;
        }
        taken += 1;
        assert!(taken < ENOUGH, "it was never refused");
    };
    assert_eq!(refused.status, 503, "{refused:?}");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("another program holds the log open for reading"), "{detail}");
    daemon.wait_for_log(|line| line["event"] == "log_pinned");
    reader.execute_batch("COMMIT").unwrap();
    daemon.wait_for_log(|line| line["event"] == "log_unpinned");
    assert!(wal(&builder) < BOUND / 4, "it is small again: {} bytes", wal(&builder));
    assert_eq!(post(&daemon, &key).await.status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_readers_never_hold_it() {
    let builder = Builder::new();
    let daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock("mock", &json!({}), &["--rate", "1/h", "--burst", "1"]);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (address, key, stopped) = (daemon.listen(), key.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut client = notify_tests::http::Client::connect(address, &key).await.unwrap();
                let mut read = 0;
                while !*stopped.borrow() {
                    let answer = client.get("/api/v1/notifications?limit=20&with_total=true").await.unwrap();
                    assert!(matches!(answer.status.as_u16(), 200 | 503), "{:?}", answer.status);
                    // Whatever is asked for, an answer is no larger than it must be.
                    assert!(answer.body.len() < 8 << 20, "{} bytes", answer.body.len());
                    read += 1;
                }
                read
            })
        })
        .collect();
    for posted in 0..ENOUGH {
        let answer = post(&daemon, &key).await;
        assert_eq!(answer.status, 202, "{posted}: {answer:?}");
        assert!(wal(&builder) <= BOUND, "{} bytes after {posted} posts", wal(&builder));
    }
    stop.send_replace(true);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}
