//! One connection's calls. Each goes to its verb; what a verb may reach depends on who is calling.

use crate::deps::Deps;
use crate::peer::Caller;
use crate::verbs;
use notify_proto::control::{
    Change, Changed, Control, FreshKey, Hello, ListRequest, NewProvider, NewService, Role, Seeded, Sent,
    TestResult, Welcome,
};
use notify_proto::filter::Filter;
use notify_proto::send::SendRequest;
use notify_proto::transport::{Context, Reply};
use notify_proto::view::{
    DaemonInfo, KeyView, NotificationDetail, NotificationPage, ProviderView, ServiceView, StatusView,
};
use notify_proto::{ApiError, Channel, ErrorCode, NotificationId, Timestamp};
use notifyd_store::api::Audit;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The daemon as the verbs see it.
pub(crate) struct Room {
    pub(crate) deps: Deps,
    pub(crate) socket: PathBuf,
}

impl Room {
    pub(crate) fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    /// The two halves of a fresh id.
    pub(crate) fn id_parts(&self) -> (u64, [u8; 10]) {
        let mut random = [0; 10];
        self.deps.entropy.fill(&mut random);
        (u64::try_from(self.now().timestamp_millis()).unwrap_or_default(), random)
    }
}

/// One connection.
#[derive(Clone)]
pub(crate) struct Session {
    room: Arc<Room>,
    caller: Arc<Caller>,
    greeted: Arc<AtomicBool>,
}

/// Somebody who may change things, with the reason given for this change.
pub(crate) struct Operator<'a> {
    pub(crate) room: &'a Room,
    pub(crate) dry_run: bool,
    audit: Audit,
}

impl Operator<'_> {
    /// Who and why, for a verb of the log.
    pub(crate) fn audit(&self) -> Audit {
        self.audit.clone()
    }

    /// Writes the audit row of a change the log has no verb for.
    pub(crate) async fn note(&self, verb: &'static str, target: &str) -> Reply<()> {
        self.room
            .deps
            .store
            .audit(verb, target.to_owned(), self.audit())
            .await
            .map_err(crate::refuse::log)?;
        self.tell(verb, target);
        Ok(())
    }

    /// One line of log for a change.
    pub(crate) fn tell(&self, verb: &'static str, target: &str) {
        let (actor, reason) = (&self.audit.actor, self.audit.reason.as_deref());
        tracing::info!(verb, subject = target, actor, reason, "changed by an operator");
    }
}

/// Longest reason, characters.
const MAX_REASON: usize = 500;

impl Session {
    pub(crate) fn new(room: Arc<Room>, caller: Caller) -> Self {
        Self { room, caller: Arc::new(caller), greeted: Arc::default() }
    }

    /// For the greeting alone, which comes before everything.
    pub(crate) fn greet(&self, fits: bool) -> (&Room, Role) {
        self.greeted.store(fits, Ordering::Release);
        (&self.room, self.caller.role)
    }

    /// For verbs that only look.
    pub(crate) fn look(&self) -> Reply<&Room> {
        if self.greeted.load(Ordering::Acquire) {
            return Ok(&self.room);
        }
        let error = ApiError::new(
            ErrorCode::Invalid,
            "the first call of a connection is hello, with a protocol in common",
        );
        Err(error.hint("use the notifyctl or notify-tui that came with this notifyd"))
    }

    /// For verbs that look at what viewers do not see; writes who looked and why not to the audit log.
    pub(crate) async fn reveal(&self, verb: &'static str, target: &str) -> Reply<&Room> {
        let change = Change { reason: Some("revealed".into()), dry_run: false };
        let operator = self.change(&change)?;
        operator.note(verb, target).await?;
        Ok(operator.room)
    }

    /// For verbs that change something.
    pub(crate) fn change(&self, change: &Change) -> Reply<Operator<'_>> {
        let room = self.look()?;
        if self.caller.role != Role::Admin {
            let error =
                ApiError::new(ErrorCode::Forbidden, "your role on this socket is viewer; this needs admin");
            return Err(error.hint("ask for membership in the group notify-admin, or use sudo"));
        }
        let reason = change.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        if let Some(reason) = reason
            && (reason.chars().count() > MAX_REASON || reason.chars().any(char::is_control))
        {
            return Err(crate::refuse::invalid(format!(
                "a reason is one line of at most {MAX_REASON} characters"
            )));
        }
        let audit = Audit { actor: self.caller.actor(), reason: reason.map(str::to_owned) };
        Ok(Operator { room, dry_run: change.dry_run, audit })
    }
}

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

    async fn daemon_info(self, _: Context) -> Reply<DaemonInfo> {
        verbs::daemon::info(&self)
    }

    async fn daemon_shutdown(self, _: Context, drain_seconds: Option<u32>, change: Change) -> Reply<()> {
        verbs::daemon::shutdown(&self, drain_seconds, &change).await
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

    async fn service_unlock(self, _: Context, name: String, change: Change) -> Reply<ServiceView> {
        verbs::service::unlock(&self, &name, &change).await
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
        verbs::provider::seed(&self, &only, &change).await
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
        change: Change,
    ) -> Reply<ProviderView> {
        verbs::provider::set_active(&self, &name, active, &change).await
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
        verbs::notification::send(&self, &service, *request, &change).await
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

    async fn notification_count(self, _: Context, filter: Filter) -> Reply<BTreeMap<String, u64>> {
        verbs::notification::count(&self, filter).await
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
        change: Change,
    ) -> Reply<Vec<Changed>> {
        verbs::notification::retry(&self, ids, &change).await
    }

    async fn notification_wait(
        self,
        _: Context,
        id: NotificationId,
        wait_seconds: u32,
    ) -> Reply<NotificationDetail> {
        verbs::notification::wait(&self, id, wait_seconds).await
    }
}
