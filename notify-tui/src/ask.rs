//! Questions to the daemon, and its answers.

use crate::deed::{Deed, Outcome};
use crate::state::Story;
use notify_proto::bulk::FaultGroups;
use notify_proto::control::{ListRequest, RouteRequest, RouteView};
use notify_proto::filter::Filter;
use notify_proto::happening::{Event, EventsRequest, EventsView};
use notify_proto::hold::QueueList;
use notify_proto::line::LinePage;
use notify_proto::overview::OverviewReply;
use notify_proto::schedule::{GroupRequest, HistogramView, WaitingGroups};
use notify_proto::series::{SeriesRequest, SeriesView};
use notify_proto::shape::{ShapeRequest, ShapeView};
use notify_proto::upkeep::{ConfigView, OperationView};
use notify_proto::values::ValuesView;
use notify_proto::view::{KeyView, NotificationView, ProviderView, ServiceView, StatusView};
use notify_proto::webhook::{DeliveryPage, DeliveryRequest, DeliveryStory, WebhookStats, WebhookView};
use notify_proto::{ApiError, DeliveryId, NotificationId, Timestamp, WebhookId};
use std::collections::BTreeMap;

/// What a question is for. Each has at most one question under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The header, and how it is.
    Status,
    /// The list of the view.
    List,
    /// How many match.
    Count,
    /// What is under the cursor.
    Detail,
    /// What stands beside the list.
    Side,
    /// What else stands there, and costs more.
    Also,
    /// How the one under the cursor was, where there is more to ask besides.
    Trend,
    /// The operator's first screen, and the numbers of lines in other views.
    Overview,
    /// Names to filter by.
    Names,
    /// Long work under way.
    Work,
    /// A change.
    Deed,
}

impl Slot {
    /// All.
    pub const ALL: [Self; 11] = [
        Self::Status,
        Self::List,
        Self::Count,
        Self::Detail,
        Self::Side,
        Self::Also,
        Self::Trend,
        Self::Overview,
        Self::Names,
        Self::Work,
        Self::Deed,
    ];

    /// Whether its question belongs to the view, and is of no use in another.
    pub const fn of_view(self) -> bool {
        matches!(self, Self::List | Self::Count | Self::Detail | Self::Side | Self::Also | Self::Trend)
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// How it is.
    Status,
    /// The first screen, unless it is still this one.
    Overview {
        /// The revision of the one that is there.
        rev: Option<u64>,
        /// So many webhooks.
        webhooks: u32,
    },
    /// What happened.
    Events(Box<EventsRequest>),
    /// A page of notifications.
    Notifications(ListRequest),
    /// A page of what waits for a time.
    Schedule(ListRequest),
    /// How many match, by status.
    Count(Filter),
    /// One notification, with who was told of it; with recipient and body.
    Notification(NotificationId, bool),
    /// What is wrong with dead letters.
    Faults(Filter),
    /// When work falls due.
    Histogram,
    /// What waits for a time, told apart.
    Groups(GroupRequest),
    /// The queues.
    Queues,
    /// How old what waits is.
    Shape(ShapeRequest),
    /// A provider with its configuration, and the way to tell on its channels.
    Provider(String, RouteRequest),
    /// The webhooks.
    Webhooks,
    /// What happened to a provider.
    Log(String),
    /// What a webhook was told.
    Deliveries(WebhookId, DeliveryRequest),
    /// How a webhook has done since then.
    Stats(WebhookId, Timestamp),
    /// One event owed to a webhook.
    Delivery(DeliveryId),
    /// The services.
    Services,
    /// The keys of a service.
    Keys(String),
    /// The last dead letters of this service, as a request finds them.
    Died(String, ListRequest),
    /// What the newest notifications have in their fields.
    Values,
    /// What was measured over time.
    Series(SeriesRequest),
    /// The daemon's settings.
    Config,
    /// Long work.
    Operations,
    /// A change, and why.
    Deed(Deed, Option<String>),
}

impl Question {
    /// What is asked, in a word: the name of the call, for those that are one.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Overview { .. } => "overview",
            Self::Events(_) | Self::Log(_) => "events",
            Self::Notifications(_) | Self::Schedule(_) => "notification_lines",
            Self::Died(..) => "notification_list",
            Self::Count(_) => "notification_count",
            Self::Notification(..) => "notification_show",
            Self::Faults(_) => "dead_group",
            Self::Histogram => "schedule_histogram",
            Self::Groups(_) => "schedule_group",
            Self::Queues => "queue_list",
            Self::Shape(_) => "queue_shape",
            Self::Provider(..) => "provider_show",
            Self::Webhooks => "webhook_list",
            Self::Deliveries(..) => "webhook_deliveries",
            Self::Stats(..) => "webhook_stats",
            Self::Delivery(_) => "webhook_delivery",
            Self::Services => "service_list",
            Self::Keys(_) => "key_list",
            Self::Series(_) => "series",
            Self::Config => "daemon_config",
            Self::Values => "notification_values",
            Self::Operations => "operation_list",
            Self::Deed(..) => "change",
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// How it is.
    Status(Box<StatusView>),
    /// The first screen.
    Overview(OverviewReply),
    /// What happened.
    Events(Box<EventsView>),
    /// A page of notifications.
    Page(Box<LinePage>),
    /// How many match, by status.
    Count(BTreeMap<String, u64>),
    /// One notification.
    Notification(Box<Story>),
    /// What is wrong with dead letters.
    Faults(FaultGroups),
    /// When work falls due.
    Histogram(HistogramView),
    /// What waits for a time, told apart.
    Groups(WaitingGroups),
    /// The queues.
    Queues(QueueList),
    /// How old what waits is.
    Shape(Box<ShapeView>),
    /// A provider, and the way to tell.
    Provider(Box<ProviderView>, RouteView),
    /// The webhooks.
    Webhooks(Vec<WebhookView>),
    /// What happened to this provider, the newest last.
    Log(String, Vec<Event>),
    /// What a webhook was told.
    Deliveries(WebhookId, Box<DeliveryPage>),
    /// How it has done.
    Stats(WebhookId, Box<WebhookStats>),
    /// One event.
    Delivery(Box<DeliveryStory>),
    /// The services.
    Services(Vec<ServiceView>),
    /// The keys of this service.
    Keys(String, Vec<KeyView>),
    /// The last dead letters of this service.
    Died(String, Vec<NotificationView>),
    /// What the newest notifications have in their fields.
    Values(ValuesView),
    /// What was measured over time.
    Series(SeriesView),
    /// The daemon's settings.
    Config(ConfigView),
    /// Long work.
    Operations(Vec<OperationView>),
    /// A change was made, or counted.
    Deed(Box<Deed>, Option<String>, Outcome),
}

/// Why there is no answer. The connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// None came in time.
    Late,
    /// The daemon refuses.
    Refused(ApiError),
}

impl Failure {
    /// As a sentence.
    pub fn text(&self) -> String {
        match self {
            Self::Late => "no answer in time".into(),
            Self::Refused(ApiError { message, hint: Some(hint), .. }) => format!("{message}; {hint}"),
            Self::Refused(error) => error.message.clone(),
        }
    }
}
