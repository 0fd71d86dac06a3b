//! Finds a stored row by a 64-bit fingerprint of a random key, without a B-tree on random keys.
//!
//! Fingerprints live in a hash table in memory. When the table is full it is frozen, sorted, and moved into a table of
//! the database a slice per commit, in key order, so that neighbours share pages. A look-up asks the open table, the
//! frozen one, then the database. Whoever asks verifies the full key on the row it is led to.
//!
//! Crash story: the owner writes enough to refill the index at start (deduplication: one row of fingerprints per commit;
//! idempotency: the rows themselves). The last slice of a frozen table notes up to which row everything has been moved,
//! so that a start reads no more than two tables' worth. A slice that was moved is found in both places until then,
//! which harms nobody.

use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Fingerprints held before the table is frozen: 512 Ki entries of 16 bytes, about 18 MiB with the free slots.
pub const FREEZE_AT: usize = 512 * 1_024;

/// Frozen fingerprints moved per commit.
const SLICE: usize = 2_048;

/// Fingerprints are hashes already.
#[derive(Default)]
pub struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}

type Table = HashMap<u64, i64, BuildHasherDefault<Same>>;

/// The statements of one index.
#[derive(Debug, Clone, Copy)]
pub struct Statements {
    /// Its name in `index_spills`.
    pub name: &'static str,
    /// Reads a spilled entry: `(fingerprint) -> row`.
    pub find: &'static str,
    /// Writes a spilled entry: `(fingerprint, row)`.
    pub spill: &'static str,
    /// Writes what one commit added: `(first row, at, entries)`; none when the rows themselves tell.
    pub log: Option<&'static str>,
    /// The last fingerprint of a page of spilled entries: `(after, limit)`.
    pub page: &'static str,
    /// Removes the entries of a page whose rows are gone: `(after, last)`.
    pub sweep: &'static str,
}

/// Notes how far the entries have been moved: `(name, row)`.
const SPILL_DONE: &str = include_str!("sql/spill_done.sql");

/// The index.
pub struct KeyIndex {
    statements: Statements,
    open: Table,
    /// Sorted by fingerprint; `frozen[..moved]` are in the database.
    frozen: Vec<(u64, i64)>,
    moved: usize,
    /// The last row whose fingerprint is in `frozen` or was moved before.
    frozen_until: i64,
    /// Where the sweep of spilled entries goes on.
    swept: i64,
    /// Whether the database holds any entries.
    spilled: bool,
    /// Added in this transaction.
    pending: Table,
    pending_log: Vec<u8>,
    pending_first: i64,
    /// Slice moved in this transaction.
    pending_moved: usize,
}

impl KeyIndex {
    /// An empty index. `spilled`: whether the database holds entries of earlier runs.
    pub fn new(statements: Statements, spilled: bool) -> Self {
        Self {
            statements,
            open: Table::default(),
            frozen: Vec::new(),
            moved: 0,
            frozen_until: 0,
            swept: i64::MIN,
            spilled,
            pending: Table::default(),
            pending_log: Vec::new(),
            pending_first: 0,
            pending_moved: 0,
        }
    }

    /// Refills at start.
    pub fn restore(&mut self, fingerprint: u64, row: i64) {
        self.open.insert(fingerprint, row);
        self.freeze();
    }

    /// Refills from the entries one commit wrote. They are frozen together, as `frozen_until` tells whole commits.
    pub fn restore_log(&mut self, entries: &[u8]) {
        for entry in entries.chunks_exact(16) {
            let (fingerprint, row) = entry.split_at(8);
            if let (Ok(fingerprint), Ok(row)) = (fingerprint.try_into(), row.try_into()) {
                self.open.insert(u64::from_le_bytes(fingerprint), i64::from_le_bytes(row));
            }
        }
        self.freeze();
    }

    /// The latest row with this fingerprint.
    pub fn find(&self, connection: &Connection, fingerprint: u64) -> rusqlite::Result<Option<i64>> {
        if let Some(row) = self.pending.get(&fingerprint).or_else(|| self.open.get(&fingerprint)) {
            return Ok(Some(*row));
        }
        if let Ok(index) = self.frozen.binary_search_by_key(&fingerprint, |(key, _)| *key) {
            return Ok(Some(self.frozen[index].1));
        }
        if !self.spilled {
            return Ok(None);
        }
        let mut find = connection.prepare_cached(self.statements.find)?;
        find.query_row([fingerprint.cast_signed()], |row| row.get(0)).optional()
    }

    /// Adds a row; it is found at once and kept if the transaction commits.
    pub fn add(&mut self, fingerprint: u64, row: i64) {
        if self.pending.is_empty() {
            self.pending_first = row;
        }
        self.pending.insert(fingerprint, row);
        if self.statements.log.is_some() {
            self.pending_log.extend_from_slice(&fingerprint.to_le_bytes());
            self.pending_log.extend_from_slice(&row.to_le_bytes());
        }
    }

    /// Before the commit: writes what this transaction added, and moves one slice of what is frozen.
    pub fn write(&mut self, connection: &Connection, at: i64) -> rusqlite::Result<()> {
        if let (Some(log), false) = (self.statements.log, self.pending_log.is_empty()) {
            connection.prepare_cached(log)?.execute((self.pending_first, at, &self.pending_log))?;
        }
        let slice = &self.frozen[self.moved..self.frozen.len().min(self.moved + SLICE)];
        if !slice.is_empty() {
            let mut spill = connection.prepare_cached(self.statements.spill)?;
            for (fingerprint, row) in slice {
                spill.execute((fingerprint.cast_signed(), row))?;
            }
            self.pending_moved = slice.len();
            if self.moved + slice.len() == self.frozen.len() {
                connection.prepare_cached(SPILL_DONE)?.execute((self.statements.name, self.frozen_until))?;
            }
        }
        Ok(())
    }

    /// Removes the next `limit` spilled entries whose rows are gone.
    pub fn sweep(&mut self, connection: &Connection, limit: i64) -> rusqlite::Result<()> {
        if !self.spilled {
            return Ok(());
        }
        let last: Option<i64> = connection
            .prepare_cached(self.statements.page)?
            .query_row((self.swept, limit), |row| row.get(0))?;
        if let Some(last) = last {
            connection.prepare_cached(self.statements.sweep)?.execute((self.swept, last))?;
        }
        self.swept = last.unwrap_or(i64::MIN);
        Ok(())
    }

    /// After the commit.
    pub fn commit(&mut self) {
        self.open.extend(self.pending.drain());
        self.pending_log.clear();
        if self.pending_moved > 0 {
            self.spilled = true;
            self.moved += self.pending_moved;
            self.pending_moved = 0;
            if self.moved == self.frozen.len() {
                self.frozen = Vec::new();
                self.moved = 0;
            }
        }
        self.freeze();
    }

    /// After a rollback.
    pub fn rollback(&mut self) {
        self.pending.clear();
        self.pending_log.clear();
        self.pending_moved = 0;
    }

    fn freeze(&mut self) {
        if self.open.len() >= FREEZE_AT && self.frozen.is_empty() {
            self.frozen = self.open.drain().collect();
            self.frozen.sort_unstable();
            self.frozen_until = self.frozen.iter().map(|(_, row)| *row).max().unwrap_or_default();
            self.open.shrink_to(FREEZE_AT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: Statements = crate::accept::DEDUP;

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../migrations/0001_log.sql")).unwrap();
        connection
    }

    fn mix(n: u64) -> u64 {
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn what_is_added_is_found_at_once_and_forgotten_by_a_rollback() {
        let database = database();
        let mut index = KeyIndex::new(TEST, false);
        index.add(7, 1);
        assert_eq!(index.find(&database, 7).unwrap(), Some(1));
        index.rollback();
        assert_eq!(index.find(&database, 7).unwrap(), None);
    }

    #[test]
    fn it_refills_from_its_log() {
        let database = database();
        let mut index = KeyIndex::new(TEST, false);
        index.add(u64::MAX, 5);
        index.add(9, 6);
        index.write(&database, 0).unwrap();
        index.commit();
        let entries: Vec<u8> =
            database.query_row("SELECT entries FROM dedup_log", [], |row| row.get(0)).unwrap();
        let mut again = KeyIndex::new(TEST, false);
        again.restore_log(&entries);
        assert_eq!(again.find(&database, u64::MAX).unwrap(), Some(5));
        assert_eq!(again.find(&database, 9).unwrap(), Some(6));
    }

    #[test]
    fn what_does_not_fit_is_found_in_the_database() {
        let database = database();
        let mut index = KeyIndex::new(TEST, false);
        let many = FREEZE_AT as u64 + 10;
        for n in 0..many {
            index.restore(mix(n), n.cast_signed());
        }
        let find = |index: &KeyIndex, n: u64| index.find(&database, mix(n)).unwrap();
        assert_eq!(find(&index, 0), Some(0), "found while frozen");
        for _ in 0..=FREEZE_AT / SLICE {
            index.write(&database, 0).unwrap();
            index.commit();
        }
        assert!(index.frozen.is_empty());
        let until: i64 = database.query_row("SELECT until FROM index_spills", [], |row| row.get(0)).unwrap();
        assert_eq!(until, i64::try_from(FREEZE_AT).unwrap() - 1, "a start reads on from there");
        for n in [0, 1, 12_345, many - 1] {
            assert_eq!(find(&index, n), Some(n.cast_signed()), "{n}");
        }
        assert_eq!(find(&index, many), None);
        // Whatever is older than the log of fingerprints goes, a page at a time.
        database.execute("INSERT INTO dedup_log VALUES (1000, 0, x'')", []).unwrap();
        while index.sweep(&database, 10_000).is_ok() && index.swept != i64::MIN {}
        let kept: i64 = database.query_row("SELECT min(seq) FROM dedup_spill", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1_000);
    }
}
