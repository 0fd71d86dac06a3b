//! The intake over real connections, on a real log in a temporary directory.

mod acks;
mod callers;
mod connections;
mod fields;
mod reach;
mod reading;
mod room;
mod sending;
#[cfg(test)]
mod support;
#[cfg(test)]
mod webhooks;
