-- What changes of the last 24 hours carried a key, by the user who asked: none is made twice, over a restart either. The
-- answer is not kept, as it may be a secret.
CREATE TABLE change_keys (
    who    INTEGER NOT NULL,
    key    TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    verb   TEXT    NOT NULL,
    target TEXT    NOT NULL,
    PRIMARY KEY (who, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX change_keys_by_age ON change_keys (at);
