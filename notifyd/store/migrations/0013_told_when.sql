-- Whom it is told to stands in it as well: how much is due when, by webhook, is counted without looking at a row.
DROP INDEX deliveries_retrying;
CREATE INDEX deliveries_retrying ON deliveries (due_at, no, webhook) WHERE status = 'retrying';
