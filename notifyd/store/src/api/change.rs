//! Changing what was accepted.

use notify_proto::send::Recipient;
use notify_proto::{Channel, Priority, Status, Timestamp};
use notifyd_lifecycle::steer::Refusal;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The answer to a change asked for by a person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is committed; the status now.
    Done(Status),
    /// There is no such notification in this scope.
    NotFound,
    /// Its status does not allow it.
    Refused(Status),
}

/// The answer to what an operator wants of a notification that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steered {
    /// It is committed; the status now.
    Applied(Status),
    /// It was so already; the status it has.
    AlreadyDone(Status),
    /// Somebody else moved the notification at the same moment.
    SomeoneElses,
    /// There is no such notification in this scope.
    NotFound,
    /// The rules do not allow it.
    Refused(Refusal),
}

/// New values for a notification that was not sent yet; absent ones stay.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// To whom, with the checked addresses.
    pub recipient: Option<(Recipient, BTreeMap<Channel, Vec<String>>)>,
    /// The text.
    pub content: Option<String>,
    /// Subject or title.
    pub subject: Option<String>,
    /// How urgent.
    pub priority: Option<Priority>,
    /// Not before; a time that has passed means now.
    pub scheduled_at: Option<Timestamp>,
    /// The caller's own data.
    pub meta_data: Option<Map<String, Value>>,
}
