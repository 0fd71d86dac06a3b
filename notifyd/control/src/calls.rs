//! The calls of [`notify_proto::control`], each handed to its verb.

use crate::session::Session;
use crate::verbs;
use notify_proto::audit::{AuditPage, AuditRequest};
use notify_proto::bulk::{Again, BulkRequest, BulkView, FaultGroups};
use notify_proto::checkup::Checkup;
use notify_proto::control::{
    Change, Changed, Control, FreshKey, Hello, ListRequest, NewProvider, NewService, ProviderChange,
    RemovedProvider, RemovedService, Repeat, RouteRequest, RouteView, Seeded, Sent, ServiceChange,
    StatsRequest, TestResult, UpdatedProvider, UpdatedService, Welcome,
};
use notify_proto::explain::{Explanation, Preview};
use notify_proto::filter::Filter;
use notify_proto::happening::{EventsRequest, EventsView};
use notify_proto::hold::{Force, HoldRequest, HoldView, QueueList, QueueView};
use notify_proto::line::LinePage;
use notify_proto::overview::OverviewReply;
use notify_proto::schedule::{GroupRequest, HistogramView, WaitingGroups};
use notify_proto::send::SendRequest;
use notify_proto::series::{SeriesRequest, SeriesView};
use notify_proto::shape::{ShapeRequest, ShapeView};
use notify_proto::transport::{Context, Reply};
use notify_proto::upkeep::{
    ConfigView, LogFilterView, OperationView, PruneRequest, PruneView, ReloadView, StorageView,
};
use notify_proto::values::ValuesView;
use notify_proto::view::{
    DaemonInfo, KeyView, NotificationDetail, NotificationPage, ProviderView, ServiceView, StatsView,
    StatusView,
};
use notify_proto::webhook::{
    DeliveryPage, DeliveryRequest, DeliveryStory, DeliveryView, FreshWebhook, OwnSecret, RecoverRequest,
    RecoverView, RemovedWebhook, Resent, UpdatedWebhook, WebhookAsk, WebhookStats, WebhookView,
};
use notify_proto::{Channel, DeliveryId, NotificationId, Open, Timestamp, WebhookEvent, WebhookId};
use std::collections::BTreeMap;

impl Control for Session {
    async fn hello(self, _: Context, hello: Hello) -> Reply<Welcome> {
        Ok(verbs::hello::hello(&self, &hello))
    }

    async fn ping(self, _: Context) -> Reply<()> {
        self.look().map(drop)
    }

    async fn status(self, _: Context) -> Reply<StatusView> {
        verbs::status::status(&self).await
    }

    async fn overview(self, _: Context, since_rev: Option<u64>, webhooks: u32) -> Reply<OverviewReply> {
        verbs::overview::overview(&self, since_rev, webhooks).await
    }

    async fn series(self, _: Context, request: SeriesRequest) -> Reply<SeriesView> {
        verbs::series::series(&self, &request)
    }

    async fn stats(self, _: Context, request: StatsRequest) -> Reply<StatsView> {
        verbs::stats::stats(&self, &request).await
    }

    async fn events(self, _: Context, request: Box<EventsRequest>) -> Reply<EventsView> {
        verbs::events::events(&self, *request).await
    }

    async fn audit_list(self, _: Context, request: AuditRequest) -> Reply<AuditPage> {
        verbs::audit::list(&self, request).await
    }

    async fn doctor(self, _: Context) -> Reply<Checkup> {
        verbs::doctor::doctor(&self).await
    }

    async fn daemon_info(self, _: Context) -> Reply<DaemonInfo> {
        verbs::daemon::info(&self)
    }

    async fn daemon_shutdown(self, _: Context, drain_seconds: Option<u32>, change: Change) -> Reply<()> {
        verbs::daemon::shutdown(&self, drain_seconds, &change).await
    }

    async fn daemon_reload(self, _: Context, change: Change) -> Reply<ReloadView> {
        verbs::daemon::reload(&self, &change).await
    }

    async fn daemon_config(self, _: Context) -> Reply<ConfigView> {
        verbs::daemon::config(&self)
    }

    async fn daemon_config_check(self, _: Context, text: String) -> Reply<ReloadView> {
        verbs::daemon::config_check(&self, &text)
    }

    async fn daemon_log_filter(
        self,
        _: Context,
        filter: Option<String>,
        for_ms: u64,
        change: Change,
    ) -> Reply<LogFilterView> {
        verbs::daemon::log_filter(&self, filter, for_ms, &change).await
    }

    async fn store_stats(self, _: Context) -> Reply<StorageView> {
        verbs::store::stats(&self).await
    }

    async fn store_backup(
        self,
        _: Context,
        path: Option<String>,
        change: Change,
    ) -> Reply<Option<OperationView>> {
        verbs::store::backup(&self, path, &change).await
    }

    async fn store_check(self, _: Context, change: Change) -> Reply<Option<OperationView>> {
        verbs::store::check(&self, &change).await
    }

    async fn store_compact(self, _: Context, change: Change) -> Reply<Option<OperationView>> {
        verbs::store::compact(&self, &change).await
    }

    async fn store_prune(self, _: Context, request: PruneRequest, change: Change) -> Reply<PruneView> {
        verbs::store::prune(&self, request, &change).await
    }

    async fn operation_list(self, _: Context) -> Reply<Vec<OperationView>> {
        verbs::operation::list(&self).await
    }

    async fn operation_show(self, _: Context, id: String, wait_seconds: u32) -> Reply<OperationView> {
        verbs::operation::show(&self, &id, wait_seconds).await
    }

    async fn operation_cancel(self, _: Context, id: String, change: Change) -> Reply<OperationView> {
        verbs::operation::cancel(&self, &id, &change).await
    }

    async fn service_create(
        self,
        _: Context,
        service: NewService,
        change: Change,
    ) -> Reply<Option<FreshKey>> {
        verbs::service::create(&self, service, &change).await
    }

    async fn service_list(self, _: Context) -> Reply<Vec<ServiceView>> {
        verbs::service::list(&self)
    }

    async fn service_show(self, _: Context, name: String) -> Reply<ServiceView> {
        verbs::service::show(&self, &name)
    }

    async fn service_set_active(
        self,
        _: Context,
        name: String,
        active: bool,
        change: Change,
    ) -> Reply<ServiceView> {
        verbs::service::set_active(&self, &name, active, &change).await
    }

    async fn service_update(
        self,
        _: Context,
        name: String,
        update: ServiceChange,
        change: Change,
    ) -> Reply<UpdatedService> {
        verbs::service::update(&self, &name, update, &change).await
    }

    async fn service_unlock(self, _: Context, name: String, change: Change) -> Reply<ServiceView> {
        verbs::service::unlock(&self, &name, &change).await
    }

    async fn service_delete(
        self,
        _: Context,
        name: String,
        keep_history: bool,
        change: Change,
    ) -> Reply<RemovedService> {
        verbs::service::delete(&self, &name, keep_history, &change).await
    }

    async fn key_list(self, _: Context, service: String) -> Reply<Vec<KeyView>> {
        verbs::key::list(&self, &service).await
    }

    async fn key_create(
        self,
        _: Context,
        service: String,
        label: Option<String>,
        expires_at: Option<Timestamp>,
        change: Change,
    ) -> Reply<Option<FreshKey>> {
        verbs::key::create(&self, &service, label, expires_at, &change).await
    }

    async fn key_reset(
        self,
        _: Context,
        service: String,
        grace_seconds: u64,
        change: Change,
    ) -> Reply<Option<FreshKey>> {
        verbs::key::reset(&self, &service, grace_seconds, &change).await
    }

    async fn key_revoke(self, _: Context, service: String, prefix: String, change: Change) -> Reply<KeyView> {
        verbs::key::revoke(&self, &service, &prefix, &change).await
    }

    async fn provider_seed(self, _: Context, only: Vec<String>, change: Change) -> Reply<Vec<Seeded>> {
        verbs::provider::seed(&self, &only, false, &change).await
    }

    async fn provider_reseed(self, _: Context, only: Vec<String>, change: Change) -> Reply<Vec<Seeded>> {
        verbs::provider::seed(&self, &only, true, &change).await
    }

    async fn provider_add(self, _: Context, provider: NewProvider, change: Change) -> Reply<ProviderView> {
        verbs::provider::add(&self, provider, &change).await
    }

    async fn provider_list(self, _: Context) -> Reply<Vec<ProviderView>> {
        verbs::provider::list(&self)
    }

    async fn provider_show(self, _: Context, name: String) -> Reply<ProviderView> {
        verbs::provider::show(&self, &name)
    }

    async fn provider_set_active(
        self,
        _: Context,
        name: String,
        active: bool,
        for_ms: Option<u64>,
        change: Change,
    ) -> Reply<ProviderView> {
        verbs::provider::set_active(&self, &name, active, for_ms, &change).await
    }

    async fn provider_update(
        self,
        _: Context,
        name: String,
        update: Box<ProviderChange>,
        change: Change,
    ) -> Reply<UpdatedProvider> {
        verbs::provider::update(&self, &name, *update, &change).await
    }

    async fn provider_remove(self, _: Context, name: String, change: Change) -> Reply<RemovedProvider> {
        verbs::provider::remove(&self, &name, &change).await
    }

    async fn provider_route(self, _: Context, request: RouteRequest) -> Reply<RouteView> {
        verbs::provider::route(&self, &request).await
    }

    async fn provider_test(
        self,
        _: Context,
        name: String,
        channel: Option<Channel>,
        to: String,
        change: Change,
    ) -> Reply<TestResult> {
        verbs::provider::test(&self, &name, channel, &to, &change).await
    }

    async fn notification_send(
        self,
        _: Context,
        service: String,
        request: Box<SendRequest>,
        change: Change,
    ) -> Reply<Option<Sent>> {
        verbs::notification::send(&self, &service, *request, None, &change).await
    }

    async fn notification_send_once(
        self,
        _: Context,
        service: String,
        request: Box<SendRequest>,
        key: String,
        change: Change,
    ) -> Reply<Option<Sent>> {
        verbs::notification::send(&self, &service, *request, Some(&key), &change).await
    }

    async fn notification_show(
        self,
        _: Context,
        id: NotificationId,
        reveal: bool,
    ) -> Reply<NotificationDetail> {
        verbs::notification::show(&self, id, reveal).await
    }

    async fn notification_list(self, _: Context, request: ListRequest) -> Reply<NotificationPage> {
        verbs::notification::list(&self, request).await
    }

    async fn notification_lines(self, _: Context, request: ListRequest, soonest: bool) -> Reply<LinePage> {
        verbs::notification::lines(&self, request, soonest).await
    }

    async fn notification_count(self, _: Context, filter: Filter) -> Reply<BTreeMap<String, u64>> {
        verbs::notification::count(&self, filter).await
    }

    async fn notification_values(self, _: Context, filter: Filter) -> Reply<ValuesView> {
        verbs::notification::values(&self, filter).await
    }

    async fn notification_cancel(
        self,
        _: Context,
        ids: Vec<NotificationId>,
        change: Change,
    ) -> Reply<Vec<Changed>> {
        verbs::notification::cancel(&self, ids, &change).await
    }

    async fn notification_retry(
        self,
        _: Context,
        ids: Vec<NotificationId>,
        again: Option<Again>,
        change: Change,
    ) -> Reply<Vec<Changed>> {
        verbs::notification::retry(&self, ids, again.unwrap_or_default(), &change).await
    }

    async fn notification_postpone(
        self,
        _: Context,
        ids: Vec<NotificationId>,
        until: Timestamp,
        change: Change,
    ) -> Reply<Vec<Changed>> {
        verbs::notification::postpone(&self, ids, until, &change).await
    }

    async fn notification_bury(
        self,
        _: Context,
        ids: Vec<NotificationId>,
        notify: bool,
        change: Change,
    ) -> Reply<Vec<Changed>> {
        verbs::notification::bury(&self, ids, notify, &change).await
    }

    async fn notification_explain(self, _: Context, id: NotificationId) -> Reply<Explanation> {
        verbs::notification::explain(&self, id).await
    }

    async fn notification_dup(self, _: Context, id: NotificationId) -> Reply<Repeat> {
        verbs::notification::dup(&self, id).await
    }

    async fn notification_bulk(
        self,
        _: Context,
        request: Box<BulkRequest>,
        change: Change,
    ) -> Reply<BulkView> {
        verbs::notification::bulk(&self, *request, &change).await
    }

    async fn dead_group(self, _: Context, filter: Filter) -> Reply<FaultGroups> {
        verbs::dead::group(&self, filter).await
    }

    async fn dead_discard(self, _: Context, ids: Vec<NotificationId>, change: Change) -> Reply<Vec<Changed>> {
        verbs::dead::discard(&self, ids, &change).await
    }

    async fn notification_preview(
        self,
        _: Context,
        service: String,
        request: Box<SendRequest>,
    ) -> Reply<Preview> {
        verbs::notification::preview(&self, &service, *request).await
    }

    async fn notification_wait(
        self,
        _: Context,
        id: NotificationId,
        wait_seconds: u32,
    ) -> Reply<NotificationDetail> {
        verbs::notification::wait(&self, id, wait_seconds).await
    }

    async fn schedule_list(self, _: Context, request: ListRequest) -> Reply<NotificationPage> {
        verbs::schedule::list(&self, request).await
    }

    async fn schedule_histogram(self, _: Context) -> Reply<HistogramView> {
        verbs::schedule::histogram(&self).await
    }

    async fn schedule_group(self, _: Context, request: GroupRequest) -> Reply<WaitingGroups> {
        verbs::schedule::group(&self, request).await
    }

    async fn schedule_move(
        self,
        _: Context,
        ids: Vec<NotificationId>,
        at: Timestamp,
        change: Change,
    ) -> Reply<Vec<Changed>> {
        verbs::schedule::move_to(&self, ids, at, &change).await
    }

    async fn schedule_run(self, _: Context, ids: Vec<NotificationId>, change: Change) -> Reply<Vec<Changed>> {
        verbs::schedule::run(&self, ids, &change).await
    }

    async fn queue_list(self, _: Context) -> Reply<QueueList> {
        verbs::queue::list(&self).await
    }

    async fn queue_show(self, _: Context, name: String) -> Reply<QueueView> {
        verbs::queue::show(&self, &name).await
    }

    async fn queue_shape(self, _: Context, request: ShapeRequest) -> Reply<ShapeView> {
        verbs::shape::shape(&self, &request).await
    }

    async fn queue_resume(self, _: Context, name: String, change: Change) -> Reply<QueueView> {
        verbs::queue::resume(&self, &name, &change).await
    }

    async fn hold_list(self, _: Context) -> Reply<Vec<HoldView>> {
        verbs::hold::list(&self)
    }

    async fn hold_set(self, _: Context, request: HoldRequest, change: Change) -> Reply<HoldView> {
        verbs::hold::set(&self, &request, &change).await
    }

    async fn hold_cancel(self, _: Context, id: String, change: Change) -> Reply<HoldView> {
        verbs::hold::cancel(&self, &id, &change).await
    }

    async fn circuit_force(self, _: Context, name: String, to: Force, change: Change) -> Reply<ProviderView> {
        verbs::circuit::force(&self, &name, to, &change).await
    }
    async fn webhook_create(
        self,
        _: Context,
        service: String,
        ask: WebhookAsk,
        change: Change,
    ) -> Reply<FreshWebhook> {
        verbs::webhook::create(&self, &service, ask, &change).await
    }

    async fn webhook_list(self, _: Context, service: Option<String>) -> Reply<Vec<WebhookView>> {
        verbs::webhook::list(&self, service.as_deref()).await
    }

    async fn webhook_show(self, _: Context, id: WebhookId) -> Reply<WebhookView> {
        verbs::webhook::show(&self, id).await
    }

    async fn webhook_update(
        self,
        _: Context,
        id: WebhookId,
        ask: WebhookAsk,
        change: Change,
    ) -> Reply<UpdatedWebhook> {
        verbs::webhook::update(&self, id, ask, &change).await
    }

    async fn webhook_set_active(
        self,
        _: Context,
        id: WebhookId,
        active: bool,
        change: Change,
    ) -> Reply<WebhookView> {
        verbs::webhook::set_active(&self, id, active, &change).await
    }

    async fn webhook_delete(self, _: Context, id: WebhookId, change: Change) -> Reply<RemovedWebhook> {
        verbs::webhook::delete(&self, id, &change).await
    }

    async fn webhook_test(
        self,
        _: Context,
        id: WebhookId,
        event: Open<WebhookEvent>,
        change: Change,
    ) -> Reply<Option<DeliveryId>> {
        verbs::webhook::test(&self, id, event, &change).await
    }

    async fn webhook_deliveries(
        self,
        _: Context,
        id: WebhookId,
        request: DeliveryRequest,
    ) -> Reply<DeliveryPage> {
        verbs::webhook::deliveries(&self, id, &request).await
    }

    async fn webhook_delivery(
        self,
        _: Context,
        id: DeliveryId,
        body: bool,
        reveal: bool,
    ) -> Reply<DeliveryStory> {
        verbs::webhook::delivery(&self, id, body, reveal).await
    }

    async fn webhook_resend(self, _: Context, ids: Vec<DeliveryId>, change: Change) -> Reply<Vec<Resent>> {
        verbs::webhook::resend(&self, ids, &change).await
    }

    async fn webhook_recover(
        self,
        _: Context,
        id: WebhookId,
        request: RecoverRequest,
        change: Change,
    ) -> Reply<RecoverView> {
        verbs::webhook::recover(&self, id, &request, &change).await
    }

    async fn webhook_rotate(
        self,
        _: Context,
        id: WebhookId,
        grace_seconds: u64,
        own: Option<OwnSecret>,
        change: Change,
    ) -> Reply<FreshWebhook> {
        verbs::webhook::rotate(&self, id, grace_seconds, own, &change).await
    }

    async fn webhook_stats(self, _: Context, id: WebhookId, since: Timestamp) -> Reply<WebhookStats> {
        verbs::webhook::stats(&self, id, since).await
    }

    async fn notification_webhooks(self, _: Context, id: NotificationId) -> Reply<Vec<DeliveryView>> {
        verbs::webhook::told_of(&self, id).await
    }
}
