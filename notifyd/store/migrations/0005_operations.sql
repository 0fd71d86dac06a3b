-- Long work. What changes notifications in bulk has a `request` and goes on after a restart where it had come to: `cursor` is
-- written in the transaction that moves the notifications up to it. Numbers are given once.
CREATE TABLE operations (
    no         INTEGER PRIMARY KEY AUTOINCREMENT,
    verb       TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    unit       TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    reason     TEXT,
    -- What is to be done with which notifications, as JSON; null for work that ends with its run of the daemon.
    request    TEXT,
    -- The newest notification there was when it was asked for, and the last one it has been past.
    upto       INTEGER NOT NULL DEFAULT 0,
    cursor     INTEGER NOT NULL DEFAULT 0,
    total      INTEGER NOT NULL DEFAULT 0,
    done       INTEGER NOT NULL DEFAULT 0,
    refused    INTEGER NOT NULL DEFAULT 0,
    -- The first that were refused, as JSON.
    refusals   TEXT    NOT NULL DEFAULT '[]',
    state      TEXT    NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    -- What came of it, as JSON.
    outcome    TEXT,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;

CREATE INDEX operations_running ON operations (no) WHERE state = 'running';
