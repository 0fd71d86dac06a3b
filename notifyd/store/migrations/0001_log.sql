-- One sealed word, by which a wrong master key is found out before it does harm.
CREATE TABLE seal_check (
    no     INTEGER PRIMARY KEY CHECK (no = 1),
    sealed BLOB    NOT NULL
) STRICT;

-- One row per service (tenant).
CREATE TABLE services (
    no              INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    name            TEXT    NOT NULL UNIQUE,
    description     TEXT,
    active          INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    rate_per_second REAL,
    created_at      INTEGER NOT NULL
) STRICT;

-- API keys: salted, keyed hashes only.
CREATE TABLE service_keys (
    no           INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    service      INTEGER NOT NULL REFERENCES services (no),
    prefix       TEXT    NOT NULL,
    salt         BLOB    NOT NULL,
    hash         BLOB    NOT NULL,
    label        TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at   INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE INDEX service_keys_by_service ON service_keys (service);

-- Provider accounts. `secret` is sealed with the master key; table, column and id are its associated data.
CREATE TABLE providers (
    no              INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    name            TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    channels        TEXT    NOT NULL,
    priority        INTEGER NOT NULL,
    active          INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    simulated       INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    rate_per_second REAL,
    burst           INTEGER,
    max_in_flight   INTEGER NOT NULL,
    config          TEXT    NOT NULL,
    secret          BLOB,
    revision        INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL
) STRICT;

-- Conditions on the hot tables never have IN with more than two values: SQLite would build a table of them for every
-- statement that it runs.
--
-- The part of a notification that changes while it is delivered: small rows, so that claims and outcomes rewrite
-- little. `seq` ascends in the order of acceptance, which keeps inserts at the end of the table.
CREATE TABLE notifications (
    seq                INTEGER PRIMARY KEY,
    id                 BLOB    NOT NULL CHECK (length(id) = 16),
    service            INTEGER NOT NULL,
    status             TEXT    NOT NULL
        CHECK (
            status = 'delivered' OR status = 'sending' OR status = 'queued' OR status = 'retrying'
            OR status = 'failed' OR status = 'pending' OR status = 'cancelled'
        ),
    priority           INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
    channel            TEXT    NOT NULL,
    lane               TEXT    NOT NULL,
    retried            INTEGER NOT NULL DEFAULT 0 CHECK (retried IN (0, 1)),
    created_at         INTEGER NOT NULL,
    scheduled_at       INTEGER,
    due_at             INTEGER,
    expires_at         INTEGER,
    -- Raised by every change of the row: the compare-and-set of every step, and the number of its event.
    fence              INTEGER NOT NULL DEFAULT 1,
    attempts           INTEGER NOT NULL DEFAULT 0,
    retry_count        INTEGER NOT NULL DEFAULT 0,
    max_retries        INTEGER NOT NULL,
    -- The run of the daemon that is sending it.
    run                INTEGER,
    progress           TEXT,
    channel_used       TEXT,
    provider           INTEGER,
    external_id        TEXT,
    delivery_proof     TEXT,
    finished_at        INTEGER,
    failure_reason     TEXT,
    error              TEXT,
    simulated          INTEGER NOT NULL DEFAULT 0,
    possible_duplicate INTEGER NOT NULL DEFAULT 0,
    CHECK ((status = 'sending') = (run IS NOT NULL)),
    CHECK ((status = 'failed') = (failure_reason IS NOT NULL)),
    CHECK (status <> 'retrying' OR due_at IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX notifications_by_id ON notifications (id);
CREATE INDEX notifications_by_service ON notifications (service, seq);
-- The queue: what is due, by line, priority, fresh or retried, service, age.
CREATE INDEX notifications_queued ON notifications (lane, priority, retried, service, seq) WHERE status = 'queued';
-- What waits for a time.
CREATE INDEX notifications_due ON notifications (due_at) WHERE status IN ('pending', 'retrying');
CREATE INDEX notifications_expiring ON notifications (expires_at)
    WHERE expires_at IS NOT NULL AND (status = 'queued' OR status = 'pending' OR status = 'retrying');
-- What a run of the daemon left unfinished.
CREATE INDEX notifications_sending ON notifications (seq) WHERE status = 'sending';
-- Dead letters and revoked ones.
CREATE INDEX notifications_dead ON notifications (status, seq) WHERE status IN ('failed', 'cancelled');

-- The part that stays: what to send and how, as JSON.
CREATE TABLE messages (
    seq       INTEGER PRIMARY KEY,
    dedup_key BLOB,
    body      TEXT NOT NULL
) STRICT;

-- Tries, append-only but for their outcome.
CREATE TABLE attempts (
    seq         INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    channel     TEXT    NOT NULL,
    provider    INTEGER,
    status      TEXT    NOT NULL
        CHECK (
            status = 'started' OR status = 'delivered' OR status = 'failed' OR status = 'skipped' OR status = 'in_doubt'
        ),
    reason      TEXT,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    external_id TEXT,
    message     TEXT,
    simulated   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

-- The story, append-only. `n` is the fence of the step that wrote it.
CREATE TABLE events (
    seq    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    event  TEXT    NOT NULL,
    was    TEXT,
    became TEXT    NOT NULL,
    reason TEXT,
    detail TEXT,
    PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;

-- Deduplication: one row per commit with the fingerprints of what it accepted, read back at start; the index itself is
-- in memory, because random keys in a B-tree cost far more than everything else in an acceptance.
CREATE TABLE dedup_log (
    first_seq INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    entries   BLOB    NOT NULL
) STRICT;

-- What no longer fits into memory, written in key order.
CREATE TABLE dedup_spill (
    fingerprint INTEGER PRIMARY KEY,
    seq         INTEGER NOT NULL
) STRICT;

-- Answers given for idempotency keys, kept for 24 hours.
CREATE TABLE idempotency (
    no              INTEGER PRIMARY KEY,
    service         INTEGER NOT NULL,
    key             TEXT    NOT NULL,
    request         BLOB    NOT NULL,
    notification_id BLOB    NOT NULL,
    created_at      INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    provider_name   TEXT,
    duplicate       INTEGER NOT NULL,
    at              INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency_spill (
    fingerprint INTEGER PRIMARY KEY,
    seq         INTEGER NOT NULL
) STRICT;

-- Up to which row the entries of an index have been moved from memory into its table; a start reads on from there.
CREATE TABLE index_spills (
    name  TEXT    NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who changed what and why.
CREATE TABLE audit (
    no     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    verb   TEXT    NOT NULL,
    target TEXT    NOT NULL,
    reason TEXT
) STRICT;

-- Runs of the daemon.
CREATE TABLE runs (
    no         INTEGER PRIMARY KEY,
    started_at INTEGER NOT NULL,
    stopped_at INTEGER
) STRICT;
