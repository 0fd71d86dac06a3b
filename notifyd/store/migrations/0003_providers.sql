-- Rises when what a provider's client is built from changes: its settings or its secret. `revision` rises with every
-- change.
ALTER TABLE providers ADD COLUMN client INTEGER NOT NULL DEFAULT 1;

-- Who a removed provider was, for the stories of what went through it. A number is never given out again.
CREATE TABLE removed_providers (
    no         INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    removed_at INTEGER NOT NULL
) STRICT;
