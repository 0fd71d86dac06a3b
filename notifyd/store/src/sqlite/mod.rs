//! The embedded log on SQLite.

/// placeholder while the room is being built
pub struct SqliteStore;
/// placeholder while the room is being built
pub struct Options;
