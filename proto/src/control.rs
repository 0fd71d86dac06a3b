//! The calls of the control socket. Each is one file in `notifyd/control` and one in `notifyctl/commands`, by the same
//! name.

mod greet;
mod notification;
mod provider;
mod repeat;
mod service;

pub use greet::{Hello, OLDEST_PROTOCOL, PROTOCOL, Role, Welcome};
pub use notification::{Changed, ListRequest, Sent, WithWebhooks};
pub use provider::{
    NewProvider, ProviderChange, RemovedProvider, RouteRequest, RouteStep, RouteView, Seeded, TestResult,
    UpdatedProvider,
};
pub use repeat::{Repeat, StatsRequest};
pub use service::{FreshKey, NewService, RemovedService, ServiceChange, UpdatedService};

use crate::audit::{AuditPage, AuditRequest};
use crate::bulk::{Again, BulkRequest, BulkView, FaultGroups};
use crate::checkup::Checkup;
use crate::explain::{Explanation, Preview};
use crate::filter::Filter;
use crate::happening::{EventsRequest, EventsView};
use crate::hold::{Force, HoldRequest, HoldView, QueueList, QueueView};
use crate::line::LinePage;
use crate::overview::OverviewReply;
use crate::schedule::{GroupRequest, HistogramView, WaitingGroups};
use crate::send::SendRequest;
use crate::series::{SeriesRequest, SeriesView};
use crate::shape::{ShapeRequest, ShapeView};
use crate::transport::Reply;
use crate::upkeep::{
    ConfigView, LogFilterView, OperationView, PruneRequest, PruneView, ReloadView, StorageView,
};
use crate::values::ValuesView;
use crate::view::{
    DaemonInfo, KeyView, NotificationDetail, NotificationPage, ProviderView, ServiceView, StatsView,
    StatusView,
};
use crate::webhook::{
    DeliveryPage, DeliveryRequest, DeliveryStory, DeliveryView, FreshWebhook, OwnSecret, RecoverRequest,
    RecoverView, RemovedWebhook, Resent, UpdatedWebhook, WebhookAsk, WebhookStats, WebhookView,
};
use crate::{Channel, DeliveryId, NotificationId, Open, Timestamp, WebhookEvent, WebhookId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What every change carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Why, for the audit log.
    #[serde(default)]
    pub reason: Option<String>,
    /// Say what would happen and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Makes it safe to ask again when no answer came: for 24 hours nothing is changed twice for the same key, and for ten
    /// minutes, while the daemon runs, the same change is answered with the first answer; later, and after a restart, with a
    /// conflict that says what was changed. What is changed one by one is judged by how each stands then. 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What becomes of a limit that need not be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// There is none any more.
    Lift,
    /// It is this one.
    Set(T),
}

/// The calls.
#[tarpc::service]
pub trait Control {
    /// Who is there. First call of a connection.
    async fn hello(hello: Hello) -> Reply<Welcome>;
    /// A round trip.
    async fn ping() -> Reply<()>;
    /// How it is.
    async fn status() -> Reply<StatusView>;
    /// The operator's first screen, unless it is still the one with this revision. It tells of so many webhooks, at most
    /// [`MAX_WEBHOOKS`](crate::overview::MAX_WEBHOOKS): those that need a look first.
    async fn overview(since_rev: Option<u64>, webhooks: u32) -> Reply<OverviewReply>;
    /// What was measured over time.
    async fn series(request: SeriesRequest) -> Reply<SeriesView>;
    /// What was accepted since a moment, and what became of it.
    async fn stats(request: StatsRequest) -> Reply<StatsView>;
    /// What happened after a number; waits for the first that matches, or for as long as it is asked to.
    async fn events(request: Box<EventsRequest>) -> Reply<EventsView>;
    /// Who changed what and why, newest first.
    async fn audit_list(request: AuditRequest) -> Reply<AuditPage>;
    /// Looks whether all is there that the daemon needs: its log and its room, each provider, each webhook. Sends nothing.
    async fn doctor() -> Reply<Checkup>;
    /// Who answers.
    async fn daemon_info() -> Reply<DaemonInfo>;
    /// Stops the daemon, giving attempts under way `drain_seconds`.
    async fn daemon_shutdown(drain_seconds: Option<u32>, change: Change) -> Reply<()>;
    /// Reads the configuration again: all of it is taken, or nothing.
    async fn daemon_reload(change: Change) -> Reply<ReloadView>;
    /// The settings in force, without secrets.
    async fn daemon_config() -> Reply<ConfigView>;
    /// What a reload would do were this text the configuration file; the refusal says what is wrong with it.
    async fn daemon_config_check(text: String) -> Reply<ReloadView>;
    /// Logs by another filter for `for_ms` milliseconds, after which the configured one is in force again; without a
    /// filter, from now on.
    async fn daemon_log_filter(filter: Option<String>, for_ms: u64, change: Change) -> Reply<LogFilterView>;

    /// How large the log is, and what it lies on.
    async fn store_stats() -> Reply<StorageView>;
    /// Starts a copy of the log to this file, or to one in the usual place; null on a dry run.
    async fn store_backup(path: Option<String>, change: Change) -> Reply<Option<OperationView>>;
    /// Starts a check of every page, row and index; null on a dry run.
    async fn store_check(change: Change) -> Reply<Option<OperationView>>;
    /// Starts to give back what nothing uses; null on a dry run.
    async fn store_compact(change: Change) -> Reply<Option<OperationView>>;
    /// Starts to remove final notifications; a dry run counts them.
    async fn store_prune(request: PruneRequest, change: Change) -> Reply<PruneView>;

    /// Long work, newest first.
    async fn operation_list() -> Reply<Vec<OperationView>>;
    /// One operation; waits until it has ended, or for `wait_seconds` (at most 60).
    async fn operation_show(id: String, wait_seconds: u32) -> Reply<OperationView>;
    /// Has an operation given up.
    async fn operation_cancel(id: String, change: Change) -> Reply<OperationView>;

    /// Creates a service with its first key.
    async fn service_create(service: NewService, change: Change) -> Reply<Option<FreshKey>>;
    /// All services, by name.
    async fn service_list() -> Reply<Vec<ServiceView>>;
    /// One service, by name or id.
    async fn service_show(name: String) -> Reply<ServiceView>;
    /// Enables or disables a service.
    async fn service_set_active(name: String, active: bool, change: Change) -> Reply<ServiceView>;
    /// Changes a service: all that is given, or nothing.
    async fn service_update(name: String, update: ServiceChange, change: Change) -> Reply<UpdatedService>;
    /// Clears the failed-authentication lock.
    async fn service_unlock(name: String, change: Change) -> Reply<ServiceView>;
    /// Removes a service of which nothing is under way, with its keys and its webhooks; what it sent goes as well, unless it
    /// is kept.
    async fn service_delete(name: String, keep_history: bool, change: Change) -> Reply<RemovedService>;
    /// The keys of a service.
    async fn key_list(service: String) -> Reply<Vec<KeyView>>;
    /// One more key.
    async fn key_create(
        service: String,
        label: Option<String>,
        expires_at: Option<Timestamp>,
        change: Change,
    ) -> Reply<Option<FreshKey>>;
    /// A new key; the others stop working after `grace_seconds`.
    async fn key_reset(service: String, grace_seconds: u64, change: Change) -> Reply<Option<FreshKey>>;
    /// Revokes the key with this prefix at once.
    async fn key_revoke(service: String, prefix: String, change: Change) -> Reply<KeyView>;

    /// Adds the built-in definitions of these types; what is there already is left alone.
    async fn provider_seed(only: Vec<String>, change: Change) -> Reply<Vec<Seeded>>;
    /// The same, and what is there and was seeded gets the channels and settings of its definition again.
    async fn provider_reseed(only: Vec<String>, change: Change) -> Reply<Vec<Seeded>>;
    /// Adds a provider.
    async fn provider_add(provider: NewProvider, change: Change) -> Reply<ProviderView>;
    /// All providers, in the order they are tried.
    async fn provider_list() -> Reply<Vec<ProviderView>>;
    /// One provider, by name or id, with its configuration.
    async fn provider_show(name: String) -> Reply<ProviderView>;
    /// Enables or disables a provider; for `for_ms` milliseconds, after which it switches back, or for good.
    async fn provider_set_active(
        name: String,
        active: bool,
        for_ms: Option<u64>,
        change: Change,
    ) -> Reply<ProviderView>;
    /// Changes a provider: all that is given, or nothing.
    async fn provider_update(
        name: String,
        update: Box<ProviderChange>,
        change: Change,
    ) -> Reply<UpdatedProvider>;
    /// Removes a provider with its secret.
    async fn provider_remove(name: String, change: Change) -> Reply<RemovedProvider>;
    /// In which order providers would be tried now, and why.
    async fn provider_route(request: RouteRequest) -> Reply<RouteView>;
    /// One real call.
    async fn provider_test(
        name: String,
        channel: Option<Channel>,
        to: String,
        change: Change,
    ) -> Reply<TestResult>;

    /// Accepts a notification for a service; null on a dry run that would be accepted.
    async fn notification_send(
        service: String,
        request: Box<SendRequest>,
        change: Change,
    ) -> Reply<Option<Sent>>;
    /// The same under an idempotency key: within 24 hours the same request is answered with what came of the first one.
    async fn notification_send_once(
        service: String,
        request: Box<SendRequest>,
        key: String,
        change: Change,
    ) -> Reply<Option<Sent>>;
    /// One notification with its attempts and story.
    async fn notification_show(id: NotificationId, reveal: bool) -> Reply<NotificationDetail>;
    /// A page, newest first.
    async fn notification_list(request: ListRequest) -> Reply<NotificationPage>;
    /// The same as lines, for who looks again and again; with `soonest` in the order of [`Control::schedule_list`].
    async fn notification_lines(request: ListRequest, soonest: bool) -> Reply<LinePage>;
    /// How many match, by status.
    async fn notification_count(filter: Filter) -> Reply<BTreeMap<String, u64>>;
    /// What the newest that match have in their fields, such as the services they are of.
    async fn notification_values(filter: Filter) -> Reply<ValuesView>;
    /// Revokes.
    async fn notification_cancel(ids: Vec<NotificationId>, change: Change) -> Reply<Vec<Changed>>;
    /// Tries again what has ended or waits for a retry; at once, unless something else is said.
    async fn notification_retry(
        ids: Vec<NotificationId>,
        again: Option<Again>,
        change: Change,
    ) -> Reply<Vec<Changed>>;
    /// Starts to change all that match a filter; a dry run counts them.
    async fn notification_bulk(request: Box<BulkRequest>, change: Change) -> Reply<BulkView>;
    /// Gives what is neither final nor under way a later time.
    async fn notification_postpone(
        ids: Vec<NotificationId>,
        until: Timestamp,
        change: Change,
    ) -> Reply<Vec<Changed>>;
    /// Gives up what is neither final nor under way: to the dead letters. With `notify` its webhooks hear of it.
    async fn notification_bury(ids: Vec<NotificationId>, notify: bool, change: Change)
    -> Reply<Vec<Changed>>;
    /// What was decided about it and why, and what it waits for now.
    async fn notification_explain(id: NotificationId) -> Reply<Explanation>;
    /// Which one stands for equal requests.
    async fn notification_dup(id: NotificationId) -> Reply<Repeat>;
    /// What would become of a notification that is not sent: nothing is written.
    async fn notification_preview(service: String, request: Box<SendRequest>) -> Reply<Preview>;
    /// Waits until it is final, or for `wait_seconds` (at most 60), and tells where it stands.
    async fn notification_wait(id: NotificationId, wait_seconds: u32) -> Reply<NotificationDetail>;

    /// A page of what waits for a time, soonest first.
    async fn schedule_list(request: ListRequest) -> Reply<NotificationPage>;
    /// How much waits for a time, by how far ahead that is.
    async fn schedule_histogram() -> Reply<HistogramView>;
    /// What waits for a time, told apart by error, provider, service or channel.
    async fn schedule_group(request: GroupRequest) -> Reply<WaitingGroups>;
    /// Gives what waits for a time another one.
    async fn schedule_move(ids: Vec<NotificationId>, at: Timestamp, change: Change) -> Reply<Vec<Changed>>;
    /// Makes what waits for a time due now.
    async fn schedule_run(ids: Vec<NotificationId>, change: Change) -> Reply<Vec<Changed>>;

    /// Dead letters that match, by what is wrong with them.
    async fn dead_group(filter: Filter) -> Reply<FaultGroups>;
    /// Removes dead letters from the log.
    async fn dead_discard(ids: Vec<NotificationId>, change: Change) -> Reply<Vec<Changed>>;

    /// The queues, in the order in which their providers are tried.
    async fn queue_list() -> Reply<QueueList>;
    /// One queue, by the name or id of its provider.
    async fn queue_show(name: String) -> Reply<QueueView>;
    /// How much of what waits is how old, or due in how long.
    async fn queue_shape(request: ShapeRequest) -> Reply<ShapeView>;
    /// Ends what keeps a queue from running: its pause and its drain.
    async fn queue_resume(name: String, change: Change) -> Reply<QueueView>;
    /// What operators force on providers now, oldest first.
    async fn hold_list() -> Reply<Vec<HoldView>>;
    /// Forces something on a provider, in place of what of this kind stands.
    async fn hold_set(request: HoldRequest, change: Change) -> Reply<HoldView>;
    /// Ends a hold before its time.
    async fn hold_cancel(id: String, change: Change) -> Reply<HoldView>;
    /// Forces a circuit breaker to half open or closed, and ends the hold that keeps it open.
    async fn circuit_force(name: String, to: Force, change: Change) -> Reply<ProviderView>;

    /// Creates a webhook; its secret is in the answer this once. On a dry run the service may be left empty, for one that is
    /// not there yet.
    async fn webhook_create(service: String, ask: WebhookAsk, change: Change) -> Reply<FreshWebhook>;
    /// The webhooks of a service, by name or id, or of all; oldest first.
    async fn webhook_list(service: Option<String>) -> Reply<Vec<WebhookView>>;
    /// One webhook.
    async fn webhook_show(id: WebhookId) -> Reply<WebhookView>;
    /// Changes a webhook: all that is given, or nothing.
    async fn webhook_update(id: WebhookId, ask: WebhookAsk, change: Change) -> Reply<UpdatedWebhook>;
    /// Switches a webhook on, which clears its fault, or off.
    async fn webhook_set_active(id: WebhookId, active: bool, change: Change) -> Reply<WebhookView>;
    /// Removes a webhook, with all that is owed to it and all that was told.
    async fn webhook_delete(id: WebhookId, change: Change) -> Reply<RemovedWebhook>;
    /// Tells a webhook of nothing, to try it; null on a dry run.
    async fn webhook_test(
        id: WebhookId,
        event: Open<WebhookEvent>,
        change: Change,
    ) -> Reply<Option<DeliveryId>>;
    /// What a webhook was told, newest first.
    async fn webhook_deliveries(id: WebhookId, request: DeliveryRequest) -> Reply<DeliveryPage>;
    /// One event with its tries, and with what is said when it is told now.
    async fn webhook_delivery(id: DeliveryId, body: bool, reveal: bool) -> Reply<DeliveryStory>;
    /// Has events told once more, each with a fresh schedule.
    async fn webhook_resend(ids: Vec<DeliveryId>, change: Change) -> Reply<Vec<Resent>>;
    /// Starts to tell a webhook once more what it did not take; a dry run counts it.
    async fn webhook_recover(id: WebhookId, request: RecoverRequest, change: Change) -> Reply<RecoverView>;
    /// Gives a webhook another secret; the one so far signs as well for `grace_seconds`.
    async fn webhook_rotate(
        id: WebhookId,
        grace_seconds: u64,
        own: Option<OwnSecret>,
        change: Change,
    ) -> Reply<FreshWebhook>;
    /// How a webhook has done since then.
    async fn webhook_stats(id: WebhookId, since: Timestamp) -> Reply<WebhookStats>;
    /// Who was told what of a notification, oldest first.
    async fn notification_webhooks(id: NotificationId) -> Reply<Vec<DeliveryView>>;
}
