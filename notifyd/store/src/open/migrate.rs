//! Brings the schema up to date: every step in one transaction with its number, after a backup of what was there.

use super::{APPLICATION_ID, Paths};
use crate::backup;
use crate::error::{Result, StoreError};
use notify_proto::Timestamp;
use notifyd_lifecycle::FailPoint;
use rusqlite::{Connection, TransactionBehavior};

/// The schema this daemon knows: that of the last step, which a test holds it to.
pub const SCHEMA: i64 = 15;

/// The steps, each from the schema before it.
const STEPS: [&str; 15] = [
    include_str!("../../migrations/0001_log.sql"),
    include_str!("../../migrations/0002_marks.sql"),
    include_str!("../../migrations/0003_providers.sql"),
    include_str!("../../migrations/0004_holds.sql"),
    include_str!("../../migrations/0005_operations.sql"),
    include_str!("../../migrations/0006_switches.sql"),
    include_str!("../../migrations/0007_receipts.sql"),
    include_str!("../../migrations/0008_webhooks.sql"),
    include_str!("../../migrations/0009_removed_services.sql"),
    include_str!("../../migrations/0010_shared_queues.sql"),
    include_str!("../../migrations/0011_told_again.sql"),
    include_str!("../../migrations/0012_change_keys.sql"),
    include_str!("../../migrations/0013_told_when.sql"),
    include_str!("../../migrations/0014_retrying.sql"),
    include_str!("../../migrations/0015_told_how.sql"),
];

/// Takes all steps that are missing, in one transaction.
pub fn migrate(connection: &mut Connection, paths: &Paths, now: Timestamp) -> Result<()> {
    let found: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(StoreError::Read)?;
    if found >= SCHEMA {
        return Ok(());
    }
    if found > 0 {
        let copy = backup::before_migration(connection, paths, now)?;
        tracing::info!(from = found, to = SCHEMA, backup = %copy.display(), "migrating the log");
    }
    steps(connection, found, &STEPS).map_err(StoreError::Write)
}

fn steps(connection: &mut Connection, found: i64, steps: &[&str]) -> rusqlite::Result<()> {
    let done = usize::try_from(found).unwrap_or(0);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    let marks = format!("PRAGMA user_version = {}; PRAGMA application_id = {APPLICATION_ID};", steps.len());
    transaction.execute_batch(&marks)?;
    FailPoint::MigrationWritten.reached();
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(connection: &Connection) -> (i64, String) {
        let tables = "SELECT coalesce(group_concat(name), '') FROM sqlite_schema";
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
        let tables: String = connection.query_row(tables, [], |row| row.get(0)).unwrap();
        (one("PRAGMA user_version"), tables)
    }

    #[test]
    fn the_schema_is_the_number_of_steps() {
        assert_eq!(usize::try_from(SCHEMA), Ok(STEPS.len()));
    }

    #[test]
    fn a_step_that_fails_undoes_those_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        steps(&mut connection, 0, &["CREATE TABLE a (x)"]).unwrap();
        assert_eq!(state(&connection), (1, "a".into()));
        let broken = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE b (x)"];
        assert!(steps(&mut connection, 1, &broken).is_err());
        assert_eq!(state(&connection), (1, "a".into()));
        steps(&mut connection, 1, &broken[..2]).unwrap();
        assert_eq!(state(&connection), (2, "a,b".into()));
    }
}
