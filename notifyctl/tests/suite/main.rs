//! The program from outside: every command, every exit code, against a daemon made of frames.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apply;
mod batch;
mod bulk;
mod doctor;
mod every_command;
mod exit_codes;
mod files;
mod house;
mod long_work;
mod questions;
mod queues;
mod schemas;
mod secrets;
mod told;
mod tree;
mod watching;
mod webhooks;
