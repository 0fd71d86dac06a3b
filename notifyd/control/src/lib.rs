//! The Unix socket: one file per verb
