-- A hold may also stand on a queue that no provider stands behind. SQLite changes no column in place, so the table is made
-- anew, where the old one was. Its numbers go on from the highest that was ever given.
CREATE TEMP TABLE kept_holds AS
    SELECT no, provider, kind, max_in_flight, reason, actor, made_at, until FROM main.holds;
CREATE TEMP TABLE kept_number AS SELECT seq FROM main.sqlite_sequence WHERE name = 'holds';
DROP TABLE holds;
CREATE TABLE holds (
    no            INTEGER PRIMARY KEY AUTOINCREMENT,
    provider      INTEGER REFERENCES providers (no) ON DELETE CASCADE,
    queue         TEXT    CHECK (queue IN ('webhooks', 'retries', 'scheduled')),
    kind          TEXT    NOT NULL
        CHECK (kind IN ('pause', 'limit', 'drain', 'circuit_open', 'disabled', 'enabled')),
    max_in_flight INTEGER,
    reason        TEXT,
    actor         TEXT    NOT NULL,
    made_at       INTEGER NOT NULL,
    until         INTEGER,
    UNIQUE (provider, kind),
    UNIQUE (queue, kind),
    CHECK ((provider IS NULL) <> (queue IS NULL)),
    CHECK (queue IS NULL OR kind = 'pause'),
    CHECK ((kind = 'limit') = (max_in_flight IS NOT NULL)),
    CHECK (until IS NOT NULL OR kind NOT IN ('disabled', 'enabled'))
) STRICT;
INSERT INTO holds (no, provider, kind, max_in_flight, reason, actor, made_at, until)
SELECT no, provider, kind, max_in_flight, reason, actor, made_at, until FROM kept_holds;
DELETE FROM sqlite_sequence WHERE name = 'holds';
INSERT INTO sqlite_sequence (name, seq) SELECT 'holds', seq FROM kept_number;
DROP TABLE kept_holds;
DROP TABLE kept_number;
