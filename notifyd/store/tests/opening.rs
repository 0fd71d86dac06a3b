//! Opening the log: what is refused, with nothing changed, and that the hot statements use their indexes.

use notifyd_lifecycle::Secret;
use notifyd_lifecycle::clock::SystemClock;
use notifyd_lifecycle::entropy::OsEntropy;
use notifyd_store::{Options, Retention, SqliteStore, Store, StoreError};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

fn open(dir: &Path) -> Result<SqliteStore, StoreError> {
    let options = Options {
        dir: dir.to_owned(),
        retention: Retention::default(),
        room: notifyd_store::disk::Room { floor: 0, reserve: 0 },
        readers: 1,
        master: Secret::new([7; 32]),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    SqliteStore::open(options, &prometheus::Registry::new())
}

#[tokio::test]
async fn one_daemon_per_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Locked(_))));
    first.close().await;
    drop(first);
    open(dir.path()).unwrap();
}

#[tokio::test]
async fn nobody_else_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("a/b");
    let store = open(&state).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in fs::read_dir(&state).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    store.close().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().close().await;
    let path = dir.path().join("notifyd.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::NewerSchema { found: 99, .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notifyd.db");
    fs::write(&path, "this is a letter to my aunt, not a database\n".repeat(100)).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// Statements that run all the time, each with the index that it goes by.
const HOT: &[(&str, &str)] = &[
    (include_str!("../src/sql/claim.sql"), "SEARCH notifications USING INTEGER PRIMARY KEY"),
    (include_str!("../src/sql/record.sql"), "SEARCH notifications USING INTEGER PRIMARY KEY"),
    (include_str!("../src/sql/record_attempt.sql"), "SEARCH attempts USING PRIMARY KEY"),
    (
        include_str!("../src/sql/load.sql"),
        "SEARCH n USING INDEX notifications_queued (lane=? AND priority=? AND retried=? AND service=? AND seq>?); SEARCH m USING INTEGER PRIMARY KEY",
    ),
    (
        include_str!("../src/sql/backlog_next.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_queued (lane=? AND priority=? AND retried=? AND service>?)",
    ),
    (
        include_str!("../src/sql/release_due.sql"),
        "SEARCH notifications USING INDEX notifications_due (due_at<?)",
    ),
    (
        include_str!("../src/sql/release_next.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_due",
    ),
    (
        include_str!("../src/sql/waiting_due.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_due (due_at>?)",
    ),
    (include_str!("../src/sql/waiting_lines.sql"), "USING COVERING INDEX notifications_queued"),
    (include_str!("../src/sql/waiting_numbers.sql"), "USING COVERING INDEX notifications_queued"),
    (include_str!("../src/sql/waiting_queued.sql"), "USING INDEX notifications_queued"),
    (
        include_str!("../src/sql/expire_due.sql"),
        "SEARCH notifications USING INDEX notifications_expiring (expires_at>? AND expires_at<?)",
    ),
    (include_str!("../src/sql/find.sql"), "SEARCH notifications USING INDEX notifications_by_id (id=?)"),
    (include_str!("../src/sql/duplicate.sql"), "SEARCH m USING INTEGER PRIMARY KEY"),
    (
        include_str!("../src/sql/stats_of_service.sql"),
        "SEARCH notifications USING INDEX notifications_by_service (service=?)",
    ),
    (
        include_str!("../src/sql/floor_of_service.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_by_service (service=? AND seq<?)",
    ),
    (
        include_str!("../src/sql/dead_page.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_dead (status=? AND seq<?)",
    ),
    (
        include_str!("../src/sql/died.sql"),
        "SEARCH notifications USING INDEX notifications_dead (status=? AND seq<?)",
    ),
    (
        include_str!("../src/sql/schedule_group.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_due (due_at>?)",
    ),
    (
        include_str!("../src/sql/schedule_count.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_due (due_at>? AND due_at<?)",
    ),
    (
        include_str!("../src/sql/schedule_count_retrying.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_retrying (due_at>? AND due_at<?)",
    ),
    (
        include_str!("../src/sql/release_retrying.sql"),
        "SEARCH notifications USING INDEX notifications_retrying (due_at<?)",
    ),
    (
        include_str!("../src/sql/retrying_after.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_retrying (due_at>?)",
    ),
    (
        include_str!("../src/sql/due_first.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_due (due_at>?)",
    ),
    (
        include_str!("../src/sql/schedule_first.sql"),
        "SEARCH notifications USING COVERING INDEX notifications_due (due_at>?)",
    ),
    (
        include_str!("../src/sql/receipt_find.sql"),
        "SEARCH attempts USING INDEX attempts_told (provider=? AND external_id=?)",
    ),
    (include_str!("../src/sql/receipt_attempt.sql"), "SEARCH attempts USING PRIMARY KEY"),
    (include_str!("../src/sql/receipts_next.sql"), "SEARCH receipts USING COVERING INDEX receipts_due"),
    (
        include_str!("../src/sql/delivery_load.sql"),
        "SEARCH d USING INDEX deliveries_owed (webhook=? AND due_at<?)",
    ),
    (
        include_str!("../src/sql/delivery_retrying.sql"),
        "SEARCH d USING INDEX deliveries_retrying (due_at>? AND due_at<?)",
    ),
    (
        include_str!("../src/sql/delivery_due.sql"),
        "SEARCH deliveries USING COVERING INDEX deliveries_owed (webhook=? AND due_at>?)",
    ),
    (
        include_str!("../src/sql/change_key_find.sql"),
        "SEARCH change_keys USING PRIMARY KEY (who=? AND key=?)",
    ),
    (
        include_str!("../src/sql/sweep_change_keys.sql"),
        "SEARCH change_keys USING COVERING INDEX change_keys_by_age (at<?)",
    ),
    (
        include_str!("../src/sql/delivery_due_again.sql"),
        "SCAN deliveries USING COVERING INDEX deliveries_retrying",
    ),
    (
        include_str!("../src/sql/delivery_owed_next.sql"),
        "SEARCH deliveries USING COVERING INDEX deliveries_owed (webhook=? AND due_at>?)",
    ),
    (
        include_str!("../src/sql/schedule_webhook.sql"),
        "SEARCH d USING INDEX deliveries_owed (webhook=? AND due_at>?)",
    ),
    (
        include_str!("../src/sql/delivery_next.sql"),
        "SEARCH deliveries USING COVERING INDEX deliveries_owed (webhook=? AND due_at>?)",
    ),
    (include_str!("../src/sql/delivery_acks.sql"), "SEARCH d USING INDEX deliveries_by_webhook (webhook=?)"),
    (include_str!("../src/sql/delivery_tried.sql"), "SEARCH deliveries USING INTEGER PRIMARY KEY"),
    (include_str!("../src/sql/delivery_find.sql"), "SEARCH deliveries USING INDEX deliveries_by_id (id=?)"),
    (include_str!("../src/sql/sweep_told.sql"), "SEARCH deliveries USING INDEX deliveries_by_seq (seq=?)"),
    (include_str!("../src/sql/sweep_look.sql"), "SEARCH notifications USING INTEGER PRIMARY KEY"),
];

#[test]
fn the_hot_statements_use_their_indexes() {
    let database = empty().unwrap();
    let plan = |sql: &str| plan(&database, sql).unwrap();
    for (sql, expected) in HOT {
        let found = plan(sql);
        assert!(found.contains(expected), "{sql}\n{found}");
        assert!(!found.contains("TEMP B-TREE"), "{sql}\n{found}");
    }
    let sending = plan(include_str!("../src/sql/interrupted.sql"));
    assert!(sending.contains("notifications_sending"), "{sending}");
}

/// What grows with the log is walked by no statement but these, each for its reason.
#[test]
fn no_statement_walks_the_log() {
    let walk = [
        ("counts", "once, at start"),
        ("newest_at", "ends with the first row"),
        ("oldest_at", "ends with the first row"),
        ("restored", "once, at the start of a restored log"),
        ("restored_attempts", "once, at the start of a restored log"),
        ("restored_events", "once, at the start of a restored log"),
        ("stats", "bounded by its limit"),
    ];
    let database = empty().unwrap();
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql");
    let mut found = vec![];
    for file in fs::read_dir(sql).unwrap() {
        let path = file.unwrap().path();
        let plan = plan(&database, &fs::read_to_string(&path).unwrap()).unwrap();
        let walks = ["notifications", "n", "messages", "m", "attempts", "events", "deliveries", "d", "tries"];
        if plan.split("; ").any(|step| walks.iter().any(|table| step == format!("SCAN {table}"))) {
            found.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    found.sort();
    assert_eq!(found, walk.map(|(name, _)| name));
}

fn empty() -> rusqlite::Result<rusqlite::Connection> {
    let database = rusqlite::Connection::open_in_memory()?;
    for migration in [
        include_str!("../migrations/0001_log.sql"),
        include_str!("../migrations/0002_marks.sql"),
        include_str!("../migrations/0003_providers.sql"),
        include_str!("../migrations/0004_holds.sql"),
        include_str!("../migrations/0005_operations.sql"),
        include_str!("../migrations/0006_switches.sql"),
        include_str!("../migrations/0007_receipts.sql"),
        include_str!("../migrations/0008_webhooks.sql"),
        include_str!("../migrations/0009_removed_services.sql"),
        include_str!("../migrations/0010_shared_queues.sql"),
        include_str!("../migrations/0011_told_again.sql"),
        include_str!("../migrations/0012_change_keys.sql"),
        include_str!("../migrations/0013_told_when.sql"),
        include_str!("../migrations/0014_retrying.sql"),
        include_str!("../migrations/0015_told_how.sql"),
    ] {
        database.execute_batch(migration)?;
    }
    Ok(database)
}

fn plan(database: &rusqlite::Connection, sql: &str) -> rusqlite::Result<String> {
    let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    // Parameters stay unbound: a plan does not depend on their values.
    let lines: rusqlite::Result<Vec<String>> = explain.raw_query().mapped(|row| row.get(3)).collect();
    Ok(lines?.join("; "))
}
