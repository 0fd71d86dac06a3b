-- Who a removed service was, for the stories of what it sent. A number is never given out again. `forget`: what it sent goes
-- as well, bit by bit; 0 when that is done, or when it stays.
CREATE TABLE removed_services (
    no         INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    forget     INTEGER NOT NULL CHECK (forget IN (0, 1)),
    removed_at INTEGER NOT NULL
) STRICT;
