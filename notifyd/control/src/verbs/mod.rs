//! The verbs, one file per family, by the names of `notifyctl`'s commands.

pub(crate) mod audit;
pub(crate) mod circuit;
pub(crate) mod daemon;
pub(crate) mod dead;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod hello;
pub(crate) mod hold;
pub(crate) mod key;
pub(crate) mod notification;
pub(crate) mod operation;
pub(crate) mod overview;
pub(crate) mod provider;
pub(crate) mod queue;
pub(crate) mod schedule;
pub(crate) mod series;
pub(crate) mod service;
pub(crate) mod shape;
mod shared;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod webhook;

use notify_proto::control::Limit;

/// A value that need not be there, after a change of it.
fn limited<T>(limit: Limit<T>, before: Option<T>) -> Option<T> {
    match limit {
        Limit::Keep => before,
        Limit::Lift => None,
        Limit::Set(new) => Some(new),
    }
}
