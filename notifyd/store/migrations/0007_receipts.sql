-- What providers say later of what they took. A receipt waits here until it is settled with its attempt, in the transaction
-- that removes it; one that nobody knows goes after three days. It names its attempt by the provider's id of the message, or
-- by our own reference. `look_at`: when it is looked at next.
CREATE TABLE receipts (
    no           INTEGER PRIMARY KEY,
    provider     INTEGER NOT NULL,
    external_id  TEXT,
    notification BLOB CHECK (notification IS NULL OR length(notification) = 16),
    attempt      INTEGER,
    says         TEXT    NOT NULL CHECK (says IN ('delivered', 'undelivered')),
    reason       TEXT,
    at           INTEGER NOT NULL,
    look_at      INTEGER NOT NULL,
    CHECK ((external_id IS NULL) = (notification IS NOT NULL)),
    CHECK ((attempt IS NULL) = (notification IS NULL))
) STRICT;

-- Once for each word, however often the provider repeats it.
CREATE UNIQUE INDEX receipts_once
    ON receipts (provider, says, coalesce(external_id, ''), coalesce(notification, x''), coalesce(attempt, 0));
CREATE INDEX receipts_due ON receipts (look_at);

-- What receipts have said of an attempt; null when its provider tells none. Only attempts that await one are found by the
-- provider's id: an index over all of them would cost every delivery.
ALTER TABLE attempts ADD COLUMN receipt TEXT
    CHECK (
        receipt IS NULL OR receipt = 'awaited' OR receipt = 'delivered' OR receipt = 'undelivered'
        OR receipt = 'contradicted'
    );
CREATE INDEX attempts_told ON attempts (provider, external_id)
    WHERE receipt IS NOT NULL AND external_id IS NOT NULL;
