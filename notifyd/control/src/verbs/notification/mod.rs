//! `notifyctl notification`.

mod bulk;
mod change;
mod list;
mod send;
mod show;
mod wait;

pub(crate) use bulk::bulk;
pub(crate) use change::{MAX_IDS, cancel, retry};
pub(crate) use list::{check, count, list};
pub(crate) use send::send;
pub(crate) use show::{find, hidden, show};
pub(crate) use wait::wait;
