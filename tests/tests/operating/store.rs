//! The rest of R29, and the upkeep of the log under a running daemon: copies, checks, removing what is old, making the file
//! smaller. Whatever is done to the log as a whole, applications go on posting meanwhile.

use notify_proto::Status;
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::pump::{Pump, message};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Connections that post.
const POSTING: usize = 4;

/// A house with a service and a provider that takes everything at once.
struct House {
    daemon: Daemon,
    key: String,
}

impl House {
    fn new() -> Self {
        let daemon = Daemon::start();
        let key = daemon.service("acme");
        daemon.mock("mock", &json!({}), &["--channel", "sms"]);
        Self { daemon, key }
    }

    fn pump(&self) -> Pump {
        Pump::start(self.daemon.listen(), &self.key, POSTING)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.daemon.ctl().json(arguments)
    }

    async fn control(&self) -> Control {
        Control::connect(&self.daemon.builder().socket()).await.unwrap()
    }

    /// Posts so many and waits until all of them are delivered; their ids.
    async fn delivered(&self, count: u64) -> Vec<String> {
        let mut pump = self.pump();
        pump.reached(count).await;
        let ids = pump.end().await;
        let control = self.control().await;
        for id in &ids {
            control.settled(id).await.unwrap();
        }
        ids
    }

    async fn posted(&self, body: &Value) -> String {
        let answer = self.daemon.client(&self.key).await.post("/api/v1/notifications", body).await.unwrap();
        assert_eq!(answer.status, 202, "{:?}", answer.json());
        answer.id()
    }
}

/// Opens a copy that nobody else uses, without leaving anything beside it.
fn open(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// Ids as a log has them.
fn ids(log: &Connection) -> BTreeSet<String> {
    let mut query = log.prepare("SELECT lower(hex(id)) FROM notifications").unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn hex(id: &str) -> String {
    id.replace('-', "")
}

fn whole(log: &Connection) -> bool {
    let said: String = log.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    said == "ok"
}

/// Files in a directory, by name.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_and_has_all_that_was_acknowledged_before_it() {
    let house = House::new();
    let before = house.delivered(2_000).await;
    let pump = house.pump();
    let made = house.json(&["store", "backup"]);
    let meanwhile = pump.end().await;
    assert!(!meanwhile.is_empty(), "nobody was held up");
    let path = PathBuf::from(made["path"].as_str().unwrap());
    assert_eq!(fs::metadata(&path).unwrap().len(), made["bytes"].as_u64().unwrap());
    let copy = open(&path);
    assert!(whole(&copy));
    let kept = ids(&copy);
    let lost: Vec<_> = before.iter().filter(|id| !kept.contains(&hex(id))).collect();
    assert!(lost.is_empty(), "acknowledged before and not in it: {lost:?}");
    let count = |path: &Path| names(path.parent().unwrap()).len();
    assert_eq!(count(&path), 1, "one file: {:?}", names(path.parent().unwrap()));
    let stats = house.json(&["store", "stats"]);
    assert_eq!(stats["storage"]["backups"][0]["path"], made["path"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_overwrites_nothing_and_says_what_is_in_the_way() {
    let house = House::new();
    let mine = house.daemon.builder().dir().join("mine.db");
    fs::write(&mine, "precious").unwrap();
    let name = mine.to_str().unwrap();
    let ctl = house.daemon.ctl();
    let taken = ctl.run(&["store", "backup", name]);
    assert_eq!((taken.code, taken.stdout.as_str()), (5, ""), "{}", taken.stderr);
    assert!(taken.stderr.contains(name) && taken.stderr.contains("exists already"), "{}", taken.stderr);
    assert_eq!(fs::read_to_string(&mine).unwrap(), "precious");
    let nowhere = ctl.run(&["store", "backup", "/nowhere/at/all.db"]);
    assert!(nowhere.code == 1 && nowhere.stderr.contains("/nowhere/at/all.db"), "{}", nowhere.stderr);
    let list = house.json(&["operation", "list"]);
    let states: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["failed"], "what is in the way is seen before anything is begun");
    let left = names(house.daemon.builder().dir());
    assert!(!left.iter().any(|name| name.contains("partial")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_dies_in_the_middle_leaves_nothing_that_could_be_taken_for_one() {
    let builder = Builder::new();
    let mut daemon = builder.clone().env("NOTIFYD_FAIL_POINT", "backup.written").start();
    let ran = daemon.ctl().run(&["store", "backup"]);
    assert_eq!(daemon.wait().code(), None, "it was to be killed: {}", daemon.log());
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert!(ran.stderr.contains("op_1") && ran.stdout.is_empty(), "{}", ran.stderr);
    let backups = builder.state().join("backups");
    let left = names(&backups);
    assert!(left.len() == 1 && left[0].ends_with(".partial"), "{left:?}");
    let daemon = builder.start();
    assert_eq!(names(&backups), [""; 0], "the next start throws it away");
    assert_eq!(daemon.ctl().json(&["store", "stats"])["storage"]["backups"], json!([]));
    daemon.ctl().ok(&["store", "backup"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_reads_all_of_the_log_and_says_that_it_is_whole() {
    let house = House::new();
    house.delivered(200).await;
    let pump = house.pump();
    let check = house.json(&["store", "check"]);
    pump.end().await;
    assert_eq!((&check["whole"], &check["operation"]["result"]), (&json!(true), &json!("the log is whole")));
    let pages = &check["operation"];
    assert!(pages["total"].as_u64() > Some(10) && pages["done"] == pages["total"], "{pages}");
    let left = names(&house.daemon.builder().state().join("backups"));
    assert_eq!(left, [""; 0], "the copy that was read is gone");
}

#[expect(clippy::disallowed_methods, reason = "the daemon under test runs on the real clock")]
fn in_a_day() -> String {
    notify_proto::view::rfc3339(chrono::Utc::now() + chrono::TimeDelta::days(1))
}

/// One notification of every status there is, and some more that are delivered or failed.
async fn one_of_each(house: &House) {
    house.daemon.mock("refuses", &json!({"outcome": "permanent"}), &["--channel", "email"]);
    // Sent once and then not again for an hour.
    house.daemon.mock("slow", &json!({}), &["--channel", "slack", "--rate", "1/h", "--burst", "1"]);
    house.delivered(30).await;
    let control = house.control().await;
    let mail = |subject: &str| json!({"channel": "email", "to": "a@example.org", "subject": subject, "content": "x"});
    for number in 0..5 {
        control.settled(&house.posted(&mail(&number.to_string())).await).await.unwrap();
    }
    let later = json!({"channel": "sms", "to": "+15005550006", "content": "later", "deduplicate": false,
        "scheduled_at": in_a_day()});
    let cancelled = house.posted(&later).await;
    house.daemon.ctl().ok(&["notification", "cancel", &cancelled, "--yes"]);
    house.posted(&later).await;
    let slack = |text: &str| json!({"channel": "slack", "to": "@ada", "content": text});
    control.settled(&house.posted(&slack("first")).await).await.unwrap();
    house.posted(&slack("second")).await;
}

fn counts(house: &House) -> Value {
    house.json(&["notification", "count"])["by_status"].clone()
}

/// Removes what has these statuses and ended before now.
fn prune(house: &House, statuses: &[&str]) -> Value {
    let flags: Vec<_> = statuses.iter().flat_map(|status| ["--status", status]).collect();
    let line = [&["store", "prune", "--older-than", "1s"], flags.as_slice()].concat();
    let counted = house.json(&[&line[..], &["--dry-run"]].concat());
    let total = counted["total"].to_string();
    house.json(&[&line[..], &["--confirm", &total]].concat())
}

/// Waits until everything that has ended did so more than a second ago, by the clock of the log.
fn let_a_second_pass(house: &House, statuses: &[&str], wanted: u64) {
    let flags: Vec<_> = statuses.iter().flat_map(|status| ["--status", status]).collect();
    let line = [&["store", "prune", "--older-than", "1s", "--dry-run"], flags.as_slice()].concat();
    for _ in 0..2_000 {
        if house.json(&line)["total"] == wanted {
            return;
        }
    }
    panic!("there are not {wanted} {statuses:?}: {}", house.json(&line));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prune_removes_only_final_notifications_of_the_named_statuses_and_age() {
    let house = House::new();
    one_of_each(&house).await;
    let before = counts(&house);
    let delivered = before["delivered"].as_u64().unwrap();
    assert!(delivered > 30, "{before}");
    assert_eq!(
        (&before["failed"], &before["cancelled"], &before["pending"]),
        (&json!(5), &json!(1), &json!(1))
    );
    assert_eq!(before["queued"], 1, "{before}");

    // Nothing is as old as a day.
    let day = ["store", "prune", "--older-than", "1d", "--status", "delivered", "--status", "failed"];
    let none = house.json(&day);
    assert_eq!((&none["total"], &none["removed"]), (&json!(0), &json!(0)));
    // What is not final is not even asked of the daemon, and would be refused by it.
    let ctl = house.daemon.ctl();
    assert_eq!(ctl.run(&["store", "prune", "--older-than", "1s", "--status", "queued"]).code, 2);
    let now = ctl.run(&["store", "prune", "--older-than", "now", "--status", "failed"]);
    assert!(now.code == 1 && now.stderr.contains("older_than: "), "{}", now.stderr);

    let_a_second_pass(&house, &["failed"], 5);
    // A script says how many it will be; where it is wrong, nothing is removed.
    let line = ["store", "prune", "--older-than", "1s", "--status", "failed"];
    assert_eq!(ctl.run(&line).code, 6);
    let wrong = ctl.run(&[&line[..], &["--confirm", "6"]].concat());
    assert!(wrong.code == 5 && wrong.stderr.contains("5 would be removed, not 6"), "{}", wrong.stderr);
    assert_eq!(counts(&house), before, "nothing was removed yet");

    assert_eq!(prune(&house, &["failed"])["removed"], 5);
    let mut wanted = before.clone();
    wanted["failed"] = json!(0);
    assert_eq!(counts(&house), wanted, "the other statuses are as they were");
    let_a_second_pass(&house, &["delivered", "cancelled"], delivered + 1);
    assert_eq!(prune(&house, &["delivered", "cancelled"])["removed"], delivered + 1);
    let left = counts(&house);
    for (status, count) in left.as_object().unwrap() {
        let is_final = status.parse::<Status>().unwrap().is_final();
        assert_eq!(*count, if is_final { json!(0) } else { before[status].clone() }, "{status}: {left}");
    }
    // With its whole story, and nothing of what is left has lost its own.
    let log = open(&house.daemon.builder().state().join("notifyd.db"));
    for table in ["messages", "events", "attempts"] {
        let orphans =
            format!("SELECT count(*) FROM {table} WHERE seq NOT IN (SELECT seq FROM notifications)");
        let orphans: i64 = log.query_row(&orphans, [], |row| row.get(0)).unwrap();
        assert_eq!(orphans, 0, "{table}");
    }
    let listed = ctl.ok(&["notification", "list", "--all", "-o", "id"]);
    assert_eq!(listed.lines().count(), 2);
    for id in listed.lines() {
        assert_eq!(ctl.json(&["notification", "show", id])["events"][0]["event"], "created");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compacting_gives_the_room_back_while_posts_go_on() {
    let house = House::new();
    let count = house.delivered(3_000).await.len() as u64;
    let_a_second_pass(&house, &["delivered"], count);
    prune(&house, &["delivered"]);
    let storage = || house.json(&["store", "stats"])["storage"].clone();
    let before = storage();
    let unused = before["unused_bytes"].as_u64().unwrap();
    assert!(unused > 1 << 20, "{before}");
    let mut pump = house.pump();
    let compacted = house.json(&["store", "compact"]);
    // Posts were taken all the while and still are.
    pump.reached(50).await;
    let meanwhile = pump.end().await;
    assert!(meanwhile.len() >= 50);
    let after = storage();
    assert!(after["unused_bytes"].as_u64().unwrap() < unused / 10, "{before} {after}");
    assert!(compacted["bytes"].as_u64().unwrap() > 0, "{compacted}");
    let control = house.control().await;
    for id in &meanwhile {
        control.settled(id).await.unwrap();
    }
    assert!(house.json(&["store", "check"])["whole"] == true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_true() {
    let house = House::new();
    let empty = house.json(&["store", "stats"])["storage"].clone();
    assert_eq!((&empty["oldest_at"], &empty["newest_at"]), (&Value::Null, &Value::Null));
    house.delivered(100).await;
    let state = house.daemon.builder().state();
    let path = state.join("notifyd.db");
    let sizes = || ["notifyd.db", "notifyd.db-wal"].map(|name| fs::metadata(state.join(name)).unwrap().len());
    // Unless the log grew while it was looked at.
    let looks = (0..100).map(|_| (sizes(), house.json(&["store", "stats"])["storage"].clone(), sizes()));
    let (before, storage, _) = looks.into_iter().find(|(before, _, after)| before == after).unwrap();
    assert_eq!(storage["path"], path.to_str().unwrap());
    assert_eq!([&storage["database_bytes"], &storage["wal_bytes"]], before.map(|it| json!(it)).each_ref());
    let log = open(&path);
    let number = |sql: &str| log.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(storage["schema"], number("PRAGMA user_version"));
    assert_eq!(storage["unused_bytes"], number("PRAGMA freelist_count") * 4_096);
    assert_eq!(storage["by_status"], counts(&house));
    assert_eq!(storage["by_status"]["delivered"], number("SELECT count(*) FROM notifications"));
    for (member, order) in [("oldest_at", ""), ("newest_at", "DESC")] {
        let sql = format!("SELECT created_at FROM notifications ORDER BY seq {order} LIMIT 1");
        let at = notify_proto::Timestamp::from_timestamp_millis(number(&sql)).unwrap();
        assert_eq!(storage[member], notify_proto::view::rfc3339(at));
    }
    assert_eq!(storage["refusing"], Value::Null);
    assert!(storage["disk_free_bytes"].as_u64() > storage["disk_floor_bytes"].as_u64());
    let table = house.daemon.ctl().ok(&["store", "stats"]);
    assert!(table.contains(" MiB") && table.contains("delivered"), "{table}");
    let mut client = house.daemon.client("").await;
    let metrics = client.get("/metrics").await.unwrap();
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("\nnotifyd_control_calls_total{verb=\"store_stats\"} "), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_work_outlives_its_caller_and_is_given_up_with_the_daemon() {
    let house = House::new();
    house.posted(&json!({"channel": "sms", "to": "+15005550006", "content": message()["message"]})).await;
    let begun = house.json(&["store", "backup", "--no-wait"]);
    let id = begun["operation"]["id"].as_str().unwrap();
    // Another program, long after the one that asked for it has ended.
    let waited = house.json(&["operation", "wait", id]);
    assert_eq!(waited["operation"]["state"], "done");
    assert!(Path::new(waited["operation"]["path"].as_str().unwrap()).exists());
    assert_eq!(house.json(&["operation", "show", id])["operation"]["bytes"], waited["operation"]["bytes"]);
    let ctl = house.daemon.ctl();
    assert_eq!(ctl.run(&["operation", "cancel", id, "--yes"]).code, 5, "it has ended");
    assert_eq!(ctl.run(&["operation", "wait", "op_99"]).code, 3);
    let mut daemon = house.daemon;
    daemon.ctl().ok(&["store", "check", "--no-wait"]);
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
}
