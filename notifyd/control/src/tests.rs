//! The room as a whole: a real log, a real connection, an engine that does as it is told.

mod bulk;
mod bulk_steer;
mod configuration;
mod dashboard;
mod doctor;
mod explain;
mod fakes;
mod holds;
mod keys;
mod notifications;
mod once;
mod operations;
mod preview;
mod provider_changes;
mod providers;
mod removal;
mod rights;
mod schedule;
mod services;
mod shape;
mod socket;
mod store;
mod told_again;
mod upkeep;
mod webhooks;
