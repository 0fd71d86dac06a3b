//! The program from outside: its decisions, its screen, its command line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attention;
mod changes;
mod export;
mod hand;
mod house;
mod lists;
mod program;
mod screen;
mod screens;
mod sights;
mod sizes;
mod update;
mod world;
