//! `notifyctl notification`.

mod change;
mod list;
mod send;
mod show;
mod wait;

pub(crate) use change::{cancel, retry};
pub(crate) use list::{count, list};
pub(crate) use send::send;
pub(crate) use show::show;
pub(crate) use wait::wait;
