//! `notifyctl notification`.

mod bulk;
mod change;
mod dup;
mod explain;
mod list;
mod preview;
mod send;
mod show;
pub(super) mod steer;
mod told_again;
mod values;
mod wait;

pub(crate) use bulk::bulk;
pub(super) use bulk::pace;
pub(crate) use change::{MAX_IDS, cancel};
pub(crate) use dup::dup;
pub(crate) use explain::explain;
pub(super) use list::{Order, page};
pub(crate) use list::{check, count, lines, list};
pub(crate) use preview::preview;
pub(crate) use send::send;
pub(crate) use show::{find, hidden, show};
pub(crate) use steer::{bury, postpone, retry};
pub(crate) use values::values;
pub(crate) use wait::wait;
