-- What operators force by hand on one provider: at most one hold of each kind. Numbers are given once, so that an id that
-- somebody wrote down never means another hold. `until`: when it ends by itself; null when somebody has to end it.
CREATE TABLE holds (
    no            INTEGER PRIMARY KEY AUTOINCREMENT,
    provider      INTEGER NOT NULL REFERENCES providers (no) ON DELETE CASCADE,
    kind          TEXT    NOT NULL CHECK (kind IN ('pause', 'limit', 'drain', 'circuit_open')),
    max_in_flight INTEGER,
    reason        TEXT,
    actor         TEXT    NOT NULL,
    made_at       INTEGER NOT NULL,
    until         INTEGER,
    UNIQUE (provider, kind),
    CHECK ((kind = 'limit') = (max_in_flight IS NOT NULL))
) STRICT;
