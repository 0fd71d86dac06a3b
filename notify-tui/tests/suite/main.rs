//! The program from outside: its decisions, its screen, its command line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;
mod program;
mod screen;
mod update;
