//! What the views know, each its own.

use super::{List, Rates};
use crate::message::Moment;
use notify_proto::control::RouteView;
use notify_proto::happening::Event;
use notify_proto::hold::QueueView;
use notify_proto::shape::ShapeView;
use notify_proto::view::{KeyView, NotificationView, ProviderView, ServiceView, StatusView};
use notify_proto::webhook::{DeliveryStory, DeliveryView, WebhookStats, WebhookView};
use notify_proto::{Timestamp, WebhookId};
use std::time::{Duration, Instant};

/// The last answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// What the daemon said.
    pub status: StatusView,
    /// When.
    pub at: Moment,
    /// How long it took.
    pub round_trip: Duration,
    /// The same as it is shown: it does not move with each of them.
    pub shown_trip: Duration,
    /// Changes per second since the answer before.
    pub rates: Option<Rates>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// Until when it is news.
    pub until: Instant,
}

/// Something that was done here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who did it, as far as this machine knows.
    pub who: Option<String>,
    /// The line that does the same.
    pub line: String,
    /// What came of it; none while the daemon is at it.
    pub result: Option<String>,
}

/// The queues.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Queues {
    /// The rows.
    pub list: List<QueueView>,
    /// Notifications that stand in no queue.
    pub elsewhere: u64,
    /// How old what waits is, in the queue under the cursor.
    pub shape: Option<Box<ShapeView>>,
}

/// The providers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Providers {
    /// The rows.
    pub list: List<ProviderView>,
    /// The one under the cursor, with its configuration, and the way to tell.
    pub shown: Option<(Box<ProviderView>, RouteView)>,
    /// Whose events these are, the newest last: circuits, holds, changes.
    pub log: Option<(String, Vec<Event>)>,
}

/// The webhooks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Webhooks {
    /// The rows.
    pub list: List<WebhookView>,
    /// What the one under the cursor was told, newest first.
    pub told: List<DeliveryView>,
    /// Whose that is, and how many in all.
    pub total: Option<(WebhookId, u64)>,
    /// How it has done in the last hour, and whose that is.
    pub stats: Option<(WebhookId, Box<WebhookStats>)>,
    /// The event under the cursor.
    pub story: Option<Box<DeliveryStory>>,
}

/// The services.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Services {
    /// The rows.
    pub list: List<ServiceView>,
    /// The keys of the one under the cursor.
    pub keys: Option<(String, Vec<KeyView>)>,
    /// Its last dead letters.
    pub died: Option<(String, Vec<NotificationView>)>,
}
