//! The room as a whole: a real log, a real connection, an engine that does as it is told.

mod bulk;
mod bulk_steer;
mod explain;
mod fakes;
mod holds;
mod keys;
mod notifications;
mod operations;
mod provider_changes;
mod providers;
mod rights;
mod schedule;
mod shape;
mod socket;
mod store;
mod upkeep;
mod webhooks;
