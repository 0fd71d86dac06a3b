//! The verbs, one file per family, by the names of `notifyctl`'s commands.

pub(crate) mod circuit;
pub(crate) mod daemon;
pub(crate) mod dead;
pub(crate) mod hello;
pub(crate) mod hold;
pub(crate) mod key;
pub(crate) mod notification;
pub(crate) mod operation;
pub(crate) mod provider;
pub(crate) mod queue;
pub(crate) mod schedule;
pub(crate) mod service;
pub(crate) mod shape;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod webhook;
