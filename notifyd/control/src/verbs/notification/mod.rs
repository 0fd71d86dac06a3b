//! `notifyctl notification`.

mod change;
mod explain;
mod list;
mod send;
mod show;
pub(super) mod steer;
mod wait;

pub(crate) use change::{cancel, retry};
pub(crate) use explain::explain;
pub(super) use list::{Order, page};
pub(crate) use list::{count, list};
pub(crate) use send::send;
pub(crate) use show::show;
pub(crate) use steer::{bury, postpone};
pub(crate) use wait::wait;
