-- What the log knows about itself. `backup_at`: this file is a copy that was made then, in milliseconds since 1970; the
-- daemon that opens it holds whatever it does not know the end of.
CREATE TABLE marks (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
