//! One service's view of the log. The intake holds nothing else, so a handler cannot reach another service's data.

mod webhooks;

use crate::answered::Answered;
use crate::api::{Accepted, Audit, Changed, Edit, Idempotency, NewNotification, Page, Scope, Store};
use crate::directory::{Directory, Service};
use crate::error::Result;
use notify_proto::view::{NotificationDetail, NotificationPage, StatsView};
use notify_proto::{NotificationId, Timestamp};
use notifyd_lifecycle::admission::{AdmissionRules, Draft, FieldError, admit};
use notifyd_lifecycle::candidate::{Choice, Gate, choose};
use notifyd_lifecycle::decide::Progress;
use std::sync::Arc;

pub use webhooks::Replay;

/// A handle that sees one service.
#[derive(Clone)]
pub struct Tenant {
    store: Arc<dyn Store>,
    service: Arc<Service>,
}

impl Tenant {
    /// The view of `service`, which has proved who it is.
    pub fn new(store: Arc<dyn Store>, service: Arc<Service>) -> Self {
        Self { store, service }
    }

    /// Who it is.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Services and providers as they are now.
    pub fn directory(&self) -> Arc<Directory> {
        self.store.directory()
    }

    /// Checks a request against the rules and the providers there are.
    pub fn draft(
        &self,
        request: notify_proto::send::SendRequest,
        fixed: Option<notify_proto::Channel>,
        correlation_id: Option<String>,
        now: Timestamp,
        rules: &AdmissionRules,
    ) -> std::result::Result<Draft, Vec<FieldError>> {
        admit(
            request,
            fixed,
            self.service.id,
            correlation_id,
            now,
            rules,
            self.store.directory().candidates(),
        )
    }

    /// Accepts a draft; the answer comes after the commit.
    pub async fn accept(
        &self,
        draft: Draft,
        idempotency: Option<Idempotency>,
        now: Timestamp,
    ) -> Result<Accepted> {
        self.accept_for(draft, idempotency, now, None).await
    }

    /// The same for an operator, with the audit row in the same transaction.
    pub async fn accept_for(
        &self,
        draft: Draft,
        idempotency: Option<Idempotency>,
        now: Timestamp,
        asked_by: Option<Audit>,
    ) -> Result<Accepted> {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let id = NotificationId::from_parts(millis, self.store.door().random_id_bytes());
        let provider_name = self.likely_provider(&draft);
        let new = NewNotification {
            id,
            service: self.service.no,
            created_at: now,
            draft,
            idempotency,
            provider_name,
            asked_by,
        };
        let accepted = self.store.accept(new).await?;
        if matches!(accepted, Accepted::Duplicate(_)) {
            self.store.door().note(self.service.id, Answered::Duplicate);
        }
        Ok(accepted)
    }

    /// The answer that was given before for an idempotency key, for a request that would be refused now.
    pub async fn replay(&self, idempotency: Idempotency, now: Timestamp) -> Result<Option<Accepted>> {
        self.store.replay(self.service.no, idempotency, now).await
    }

    /// The provider that would be chosen now, were all of them idle and well.
    fn likely_provider(&self, draft: &Draft) -> Option<String> {
        let directory = self.store.directory();
        let choice =
            choose(&draft.plan, &draft.message, &Progress::default(), false, directory.candidates(), |_| {
                Gate::Open
            });
        match choice {
            Choice::Try { provider, .. } => {
                directory.provider(provider).map(|provider| provider.name.clone())
            }
            _ => None,
        }
    }

    /// One notification with its story; `None` for an unknown id and for another service's alike.
    pub async fn notification(&self, id: NotificationId) -> Result<Option<NotificationDetail>> {
        self.store.notification(self.scope(), id).await
    }

    /// A page, newest first.
    pub async fn list(&self, page: Page) -> Result<NotificationPage> {
        self.store.list(self.scope(), page).await
    }

    /// Counts, rates and latencies.
    pub async fn stats(&self, tenant_id: Option<String>, since: Timestamp) -> Result<StatsView> {
        self.store.stats(self.scope(), tenant_id, since).await
    }

    /// Revokes one that was not sent yet.
    pub async fn revoke(&self, id: NotificationId, reason: Option<String>) -> Result<Changed> {
        self.store.revoke(self.scope(), id, self.audit(reason)).await
    }

    /// Starts a dead letter again.
    pub async fn retry(&self, id: NotificationId) -> Result<Changed> {
        self.store.retry(self.scope(), id, self.audit(None)).await
    }

    /// Edits one that was not sent yet.
    pub async fn edit(&self, id: NotificationId, edit: Edit) -> Result<Changed> {
        self.store.edit(self.scope(), id, edit).await
    }

    fn scope(&self) -> Scope {
        Scope::Service(self.service.no)
    }

    fn audit(&self, reason: Option<String>) -> Audit {
        Audit { actor: format!("service {}", self.service.name), reason, key: None }
    }
}
