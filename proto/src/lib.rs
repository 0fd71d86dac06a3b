//! The words everyone shares.
//!
//! Every other room speaks in these terms, and the two programs that talk to the daemon know nothing else of it:
//!
//! * [`id`]: distinct types for the ids, all UUIDv7, so that they sort by age;
//! * [`word`]: the closed vocabularies: [`Channel`], [`Priority`], [`Status`], the reasons;
//! * [`send`]: the one superset body with which a notification is asked for, by HTTP or by `notifyctl`;
//! * [`view`]: what is told about notifications, attempts, services and providers;
//! * [`story`]: what happened to a notification, in order; [`explain`]: the same in sentences, and what it waits for;
//! * [`schedule`]: what is told about all that waits for a time;
//! * [`upkeep`]: what is told about the log as a whole and about long work;
//! * [`checkup`]: whether all that the daemon needs is there;
//! * [`hold`]: what operators force by hand on the line of work in front of a provider;
//! * [`overview`]: the operator's first screen; [`series`]: how it was over time; [`happening`]: what happens, as it does;
//! * [`audit`]: who changed what and why;
//! * [`shape`]: how much of what waits is how old, or due in how long;
//! * [`filter`]: the filter language of every list;
//! * [`control`]: the calls of the control socket, with [`error`] for the refusals, [`transport`] for the wire,
//!   [`codec`] for its bytes and [`socket`] for finding it.

pub mod audit;
pub mod bulk;
pub mod checkup;
pub mod codec;
pub mod control;
pub mod error;
pub mod explain;
pub mod filter;
pub mod happening;
pub mod hold;
pub mod id;
pub mod line;
pub mod measured;
pub mod overview;
pub mod schedule;
pub mod send;
pub mod series;
pub mod shape;
pub mod socket;
pub mod story;
pub mod text;
pub mod transport;
pub mod upkeep;
pub mod values;
pub mod view;
pub mod webhook;
pub mod word;

pub use error::{ApiError, ErrorCode};
pub use id::{DeliveryId, KeyId, NotificationId, ProviderId, ServiceId, WebhookId};
pub use word::{
    AlertKind, AttemptStatus, BulkOp, Channel, DeliveryProof, FailureReason, GroupBy, HoldKind, LatencyKind,
    ObjectKind, OnUnknown, Open, Priority, ReceiptStatus, RetryProfile, Says, Severity, SharedQueue,
    SkipReason, Status, UnknownWord, WebhookEvent, WebhookFault, WebhookStatus,
};

/// A moment on the wall clock, always UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
