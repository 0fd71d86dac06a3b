//! R15, R17 and the end of R29: a log that is damaged, somebody else's or of a newer daemon is refused and left as it is; an
//! older one is brought up to date whole or not at all; a restored one sends nothing by itself.

use hyper::StatusCode;
use notify_proto::Status;
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::pump::message;
use notify_tests::record;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the files of the log hold; the index of the write-ahead log is made anew by whoever looks.
fn files(builder: &Builder) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(builder.state()).unwrap().map(|entry| entry.unwrap().path());
    let log = entries.filter(|path| path.is_file() && !path.ends_with("notifyd.db-shm"));
    log.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("notifyd.db"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect()
}

fn database(builder: &Builder) -> PathBuf {
    builder.state().join("notifyd.db")
}

/// Where the tree of a table or an index begins.
fn root(path: &Path, name: &str) -> u64 {
    let log = rusqlite::Connection::open(path).unwrap();
    let page: u64 = log
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [name], |row| row.get(0))
        .unwrap();
    (page - 1) * 4_096
}

/// A daemon that ran, with a service and a provider that takes an hour over each call; killed or stopped.
async fn used(builder: &Builder, gently: bool) -> String {
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    daemon.mock(
        "mock",
        &json!({"record_file": builder.dir().join("calls")}),
        &["--rate", "1/h", "--burst", "1"],
    );
    for _ in 0..20 {
        assert_eq!(daemon.client(&key).await.post("/api/v1/sms", &message()).await.unwrap().status, 202);
    }
    if gently {
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.wait().code(), Some(0));
    } else {
        daemon.kill();
    }
    key
}

/// The start is refused with this code and these words, and nothing has changed.
fn refused(builder: &Builder, code: i32, words: &[&str]) {
    let before = files(builder);
    let (found, said) = builder.refused();
    assert_eq!(found, Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
    assert!(files(builder) == before, "the files were changed: {said}");
}

#[tokio::test]
async fn a_damaged_log_is_refused_with_the_way_back_and_left_as_it_is() {
    // With everything in the database, and with some of it in the write-ahead log.
    for gently in [true, false] {
        let builder = Builder::new();
        used(&builder, gently).await;
        let path = database(&builder);
        let whole = fs::read(&path).unwrap();
        let spoil = |at: u64, bytes: &[u8]| {
            OpenOptions::new().write(true).open(&path).unwrap().write_all_at(bytes, at).unwrap();
        };
        if gently {
            for table in ["notifications", "messages", "events", "notifications_queued"] {
                spoil(root(&path, table), &[0xff; 512]);
                refused(&builder, 65, &["is damaged", "nothing was changed", "--restore"]);
                fs::write(&path, &whole).unwrap();
            }
            for part in [whole.len() / 2, 4_096, 100, 10] {
                fs::write(&path, &whole[..part]).unwrap();
                refused(&builder, 65, &["is damaged"]);
            }
        }
        spoil(0, b"Nonsense format 3");
        refused(&builder, 65, &["does not begin as a database does", "--restore"]);
        fs::write(&path, &whole).unwrap();
        let daemon = builder.start();
        assert_eq!(
            daemon.ctl().json(&["notification", "count"])["total"],
            20,
            "the whole log is taken again"
        );
    }
}

#[tokio::test]
async fn a_log_whose_database_is_gone_is_not_started_over() {
    let builder = Builder::new();
    used(&builder, false).await;
    fs::rename(database(&builder), builder.dir().join("elsewhere")).unwrap();
    refused(&builder, 65, &["missing", "write-ahead log"]);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let builder = Builder::new();
    used(&builder, true).await;
    fs::remove_file(database(&builder)).unwrap();
    let other = rusqlite::Connection::open(database(&builder)).unwrap();
    other.execute_batch("CREATE TABLE songs (title)").unwrap();
    drop(other);
    refused(&builder, 65, &["not a log of notifyd", "--state-dir"]);
}

#[tokio::test]
async fn a_newer_log_is_refused_and_left_as_it_is() {
    let builder = Builder::new();
    used(&builder, true).await;
    let newer = rusqlite::Connection::open(database(&builder)).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(newer);
    refused(&builder, 78, &["has schema 99", "newer notifyd"]);
}

/// Makes the log one of the first schema, as the first daemon left it.
fn of_first_schema(builder: &Builder) {
    let log = rusqlite::Connection::open(database(builder)).unwrap();
    let older = "DROP TABLE marks; DROP TABLE holds; DROP TABLE removed_providers; DROP TABLE operations; \
                 DROP TABLE webhooks; DROP TABLE deliveries; DROP TABLE tries; DROP TABLE removed_webhooks; \
                 DROP TABLE removed_services; DROP TABLE change_keys; \
                 DROP TABLE receipts; DROP INDEX attempts_told; DROP INDEX notifications_retrying; \
                 ALTER TABLE attempts DROP COLUMN receipt; \
                 ALTER TABLE providers DROP COLUMN client; PRAGMA user_version = 1; PRAGMA application_id = 0;";
    log.execute_batch(older).unwrap();
}

/// Its number, and how many of the tables it has that the first one had not.
fn schema(path: &Path) -> (i64, i64) {
    let log = rusqlite::Connection::open(path).unwrap();
    let newer = "SELECT count(*) FROM sqlite_schema
                 WHERE type = 'table'
                     AND name IN ('marks', 'holds', 'removed_providers', 'operations', 'receipts', 'webhooks',
                         'deliveries', 'tries', 'removed_webhooks', 'removed_services',
                         'change_keys')";
    let version = log.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    (version, log.query_row(newer, [], |row| row.get(0)).unwrap())
}

fn backups(builder: &Builder) -> Vec<PathBuf> {
    let entries = fs::read_dir(builder.state().join("backups")).into_iter().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[tokio::test]
async fn an_older_log_is_brought_up_to_date_whole_or_not_at_all_after_a_backup() {
    let builder = Builder::new();
    used(&builder, true).await;
    of_first_schema(&builder);
    let (code, said) = builder.clone().env("NOTIFYD_FAIL_POINT", "migration.written").refused();
    assert_eq!(code, None, "killed in the middle: {said}");
    assert_eq!(schema(&database(&builder)), (1, 0), "not at all");
    let daemon = builder.start();
    assert_eq!(daemon.ctl().json(&["notification", "count"])["total"], 20);
    drop(daemon);
    assert_eq!(schema(&database(&builder)), (15, 11), "whole");
    let backups = backups(&builder);
    let backup = backups.last().expect("a backup was made first");
    assert_eq!(schema(backup), (1, 0), "{}", backup.display());
    let copy = rusqlite::Connection::open(backup).unwrap();
    let kept: i64 = copy.query_row("SELECT count(*) FROM notifications", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 20);
}

fn restore(builder: &Builder, backup: &Path) -> (Option<i32>, String) {
    let mut command: Command = builder.command();
    let output = command.arg("--restore").arg(backup).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

async fn posted(daemon: &Daemon, key: &str) -> String {
    let answer = daemon.client(key).await.post("/api/v1/sms", &message()).await.unwrap();
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    answer.id()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_sends_nothing_by_itself() {
    let builder = Builder::new();
    let record = builder.dir().join("calls");
    let mut daemon = builder.start();
    let key = daemon.service("acme");
    // Held back by its pace until it is replaced.
    daemon.mock("slow", &json!({}), &["--rate", "1/h", "--burst", "1"]);
    let first = posted(&daemon, &key).await;
    let mut ids = vec![];
    for _ in 0..10 {
        ids.push(posted(&daemon, &key).await);
    }
    let control = Control::connect(&builder.socket()).await.unwrap();
    control.settled(&first).await.unwrap();
    let made = daemon.ctl().json(&["store", "backup"]);
    let backup = PathBuf::from(made["path"].as_str().unwrap());
    // After the backup they are sent.
    daemon.mock("fast", &json!({"record_file": record}), &[]);
    daemon.ctl().ok(&["provider", "disable", "slow", "--yes"]);
    for id in &ids {
        control.settled(id).await.unwrap();
    }
    let (code, said) = restore(&builder, &backup);
    assert_eq!(code, Some(75), "not under a daemon that runs: {said}");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0));
    // A crash while it is restored leaves the log that was there.
    let (code, said) = {
        let armed = builder.clone().env("NOTIFYD_FAIL_POINT", "restore.copied");
        restore(&armed, &backup)
    };
    assert_eq!(code, None, "{said}");
    let daemon = builder.start();
    assert_eq!(delivered(&daemon), 11, "the log that was there goes on");
    drop(daemon);
    let (code, said) = restore(&builder, &backup);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("kept in") && said.contains("is held"), "{said}");
    let mut daemon = builder.start();
    assert!(daemon.log().contains(r#""event":"log_restored","held":10"#), "{}", daemon.log());
    let control = Control::connect(&builder.socket()).await.unwrap();
    let status = control.status().await.unwrap();
    assert!(
        status.concerns.iter().any(|concern| concern.starts_with("10 notifications are held")),
        "{status:?}"
    );
    // What comes in new is sent, although it came later than what is held.
    daemon.mock("fast", &json!({"record_file": record}), &[]);
    daemon.ctl().ok(&["provider", "disable", "slow", "--yes"]);
    control.settled(&posted(&daemon, &key).await).await.unwrap();
    assert_eq!(record::calls(&record).values().sum::<u32>(), 11, "nothing was sent again");
    // An operator decides.
    let held = daemon.ctl().ok(&["notification", "list", "--status", "held", "--all", "--output", "id"]);
    assert_eq!(held.lines().count(), 10);
    daemon.ctl().ok(&[&["notification", "retry"], held.lines().collect::<Vec<_>>().as_slice()].concat());
    for id in &ids {
        let detail = control.settled(id).await.unwrap();
        assert_eq!(detail.notification.status.known(), Some(Status::Delivered));
        assert!(detail.notification.possible_duplicate, "it may have been sent after the backup was made");
        assert_eq!(record::calls(&record)[id], 2);
    }
}

fn delivered(daemon: &Daemon) -> u64 {
    let counted: Value = daemon.ctl().json(&["notification", "count"]);
    counted["by_status"]["delivered"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn an_older_copy_put_back_by_hand_sends_nothing_by_itself() {
    let builder = Builder::new();
    used(&builder, true).await;
    let copy = builder.dir().join("copy");
    fs::copy(database(&builder), &copy).unwrap();
    // Another run, which the copy does not know.
    let daemon = builder.start();
    daemon.kill();
    for name in ["notifyd.db", "notifyd.db-wal", "notifyd.db-shm"] {
        let _ = fs::remove_file(builder.state().join(name));
    }
    fs::copy(&copy, database(&builder)).unwrap();
    let mut daemon = builder.start();
    assert!(daemon.log().contains(r#""event":"log_restored","held":19"#), "{}", daemon.log());
}

#[tokio::test]
async fn a_spoilt_backup_is_not_put_in_place() {
    let builder = Builder::new();
    used(&builder, true).await;
    let spoilt = builder.dir().join("spoilt.db");
    let mut bytes = fs::read(database(&builder)).unwrap();
    bytes[4_096..4_608].fill(0xff);
    fs::write(&spoilt, bytes).unwrap();
    let before = files(&builder);
    let (code, said) = restore(&builder, &spoilt);
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("damaged, too"), "{said}");
    assert!(files(&builder) == before);
}
