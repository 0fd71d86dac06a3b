-- Endpoints that are told of a service's notifications. Their secrets and the values of their headers are sealed together;
-- table, column and id are the associated data. `client` rises when what is needed to call it changes.
CREATE TABLE webhooks (
    no            INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    service       INTEGER NOT NULL REFERENCES services (no),
    url           TEXT    NOT NULL,
    description   TEXT,
    events        INTEGER NOT NULL CHECK (events BETWEEN 1 AND 63),
    profile       TEXT    NOT NULL CHECK (profile = 'standard' OR profile = 'persistent'),
    max_retries   INTEGER CHECK (max_retries BETWEEN 0 AND 20),
    timeout_s     INTEGER NOT NULL CHECK (timeout_s BETWEEN 1 AND 120),
    redact        INTEGER NOT NULL CHECK (redact IN (0, 1)),
    private       BLOB    NOT NULL,
    -- Until when the secret before this one signs as well.
    old_until     INTEGER,
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    -- Why the daemon switched it off.
    fault         TEXT CHECK (fault IS NULL OR fault = 'gone' OR fault = 'failing'),
    -- Since when it has taken nothing that it was told.
    failing_since INTEGER,
    revision      INTEGER NOT NULL DEFAULT 1,
    client        INTEGER NOT NULL DEFAULT 1,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CHECK (fault IS NULL OR active = 0)
) STRICT;

CREATE INDEX webhooks_by_service ON webhooks (service);

-- The outbox: one row for each event owed to one webhook, written in the transaction of the step it tells of. What else is
-- told is read when it is sent; here is what may have changed by then. `seq` is null in a test, `n` the number of the event
-- in the notification's story.
CREATE TABLE deliveries (
    no         INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    webhook    INTEGER NOT NULL,
    seq        INTEGER,
    n          INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    status     TEXT    NOT NULL
        CHECK (status = 'acknowledged' OR status = 'pending' OR status = 'retrying' OR status = 'failed'),
    attempt    INTEGER NOT NULL,
    retries    INTEGER NOT NULL,
    next_at    INTEGER,
    created_at INTEGER NOT NULL,
    -- When it is sent, while it is owed.
    due_at     INTEGER,
    tries      INTEGER NOT NULL DEFAULT 0,
    -- Tries made before it was asked for once more, and when that was: from there the schedule counts.
    before     INTEGER NOT NULL DEFAULT 0,
    since      INTEGER NOT NULL,
    last_at    INTEGER,
    acked_at   INTEGER,
    code       INTEGER,
    error      TEXT,
    CHECK ((status = 'pending' OR status = 'retrying') = (due_at IS NOT NULL)),
    CHECK ((status = 'acknowledged') = (acked_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX deliveries_by_id ON deliveries (id);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, no);
CREATE INDEX deliveries_by_seq ON deliveries (seq) WHERE seq IS NOT NULL;
CREATE INDEX deliveries_owed ON deliveries (webhook, due_at, no) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_tests ON deliveries (created_at) WHERE seq IS NULL;

-- Every try, append-only.
CREATE TABLE tries (
    delivery    INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    code        INTEGER,
    error       TEXT,
    body        TEXT,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- Webhooks that were removed and of whose deliveries something is left; a sweep removes it bit by bit.
CREATE TABLE removed_webhooks (
    no INTEGER PRIMARY KEY
) STRICT;
