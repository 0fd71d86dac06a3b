//! One try, and what follows from what was heard.

use super::body::telling;
use super::callers::Caller;
use super::news::News;
use super::share::Trust;
use crate::Inner;
use notify_proto::{DeliveryId, ObjectKind, Severity, Timestamp, WebhookStatus};
use notifyd_lifecycle::FailPoint;
use notifyd_lifecycle::webhook::{Heard, Verdict, profile};
use notifyd_providers::endpoint::Said;
use notifyd_store::feed::Remark;
use notifyd_store::webhooks::{Owed, Tried, Webhook};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// One that is about to be told. Tells the loop even when it panics or is dropped: a connection is never lost.
pub(super) struct Try {
    inner: Arc<Inner>,
    webhook: Arc<Webhook>,
    caller: Caller,
    owed: Owed,
    /// What is known of the endpoint.
    trust: Trust,
    started: Instant,
    to: Option<mpsc::UnboundedSender<News>>,
}

impl Try {
    pub(super) fn new(
        inner: &Arc<Inner>,
        webhook: &Arc<Webhook>,
        caller: &Caller,
        owed: Owed,
        trust: Trust,
        to: mpsc::UnboundedSender<News>,
    ) -> Self {
        Self {
            inner: Arc::clone(inner),
            webhook: Arc::clone(webhook),
            caller: caller.clone(),
            owed,
            trust,
            started: Instant::now(),
            to: Some(to),
        }
    }

    pub(super) async fn run(mut self) {
        FailPoint::WebhookBegins.reached();
        let said = match &self.caller.endpoint {
            Ok(endpoint) => endpoint.tell(telling(&self.inner, &self.webhook, &self.owed)).await,
            Err(problem) => nothing(problem),
        };
        FailPoint::WebhookAnswered.reached();
        self.heard(said);
    }

    /// What follows from it.
    fn heard(&mut self, said: Said) {
        let Some(to) = self.to.take() else { return };
        let Self { inner, webhook, owed, .. } = self;
        let now = inner.deps.clock.now();
        let since = |at: Timestamp| (now - at).to_std().unwrap_or_default();
        let verdict = said.heard.verdict();
        let longest = inner.options.load().webhooks.disable_after;
        let failing = webhook.failing_since.map(since).unwrap_or_default();
        let again = match verdict {
            Verdict::Again(asked) => {
                let retry = owed.tries - owed.before + 1;
                let rng = &mut inner.deps.entropy.fork();
                webhook.settings.schedule.wait(retry, since(owed.since), asked, rng)
            }
            Verdict::Acknowledged | Verdict::Refused | Verdict::Gone => None,
        };
        let error = match (verdict, said.code) {
            (Verdict::Acknowledged, _) => None,
            (_, Some(code)) => Some(format!("it answered {code}")),
            (_, None) => Some(said.problem.unwrap_or_else(|| "it did not answer".into())),
        };
        let tried = Tried {
            no: owed.no,
            webhook: webhook.no,
            number: owed.tries + 1,
            at: now,
            duration_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            code: said.code,
            body: said.body,
            error,
            again_at: again.map(|wait| now + wait),
            fault: profile::fault(verdict, failing, longest),
        };
        let taken = tried.error.is_none().then(|| since(owed.since));
        if let Some(after) = taken {
            inner.metrics.webhooks.ack_seconds.observe(after.as_secs_f64());
        }
        inner.measures.told(webhook.no, (inner.deps.clock.steady(), now), taken, tried.code);
        // The loop is gone only when the daemon stops; it is told again by the next one then.
        let _ = to.send(News::Told { tried, id: owed.id, trust: self.trust });
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        self.heard(nothing("the call was abandoned"));
    }
}

fn nothing(problem: &str) -> Said {
    Said { heard: Heard::Nothing, code: None, body: None, problem: Some(problem.to_owned()) }
}

/// Counts a try that is written down, and says what a person has to know of it.
pub(super) fn told(inner: &Inner, tried: &Tried, id: DeliveryId) {
    let status = tried.status();
    inner.metrics.webhooks.tries.with_label_values(&[status.as_str()]).inc();
    let endpoints = inner.deps.store.webhooks().endpoints();
    let Some(webhook) = endpoints.get(tried.webhook) else { return };
    let directory = inner.deps.store.directory();
    let service = directory.service_no(webhook.service).map_or("", |service| service.name.as_str());
    let (error, code, attempt) = (tried.error.as_deref(), tried.code, tried.number);
    match status {
        WebhookStatus::Retrying if attempt == 1 => tracing::warn!(
            event = "webhook_not_taken", webhook = %webhook.id, service, delivery = %id, attempt, code, error,
            "a webhook did not take an event; it is asked again"
        ),
        WebhookStatus::Failed => {
            tracing::warn!(
            event = "webhook_given_up", webhook = %webhook.id, service, delivery = %id, attempt, code, error,
            "a webhook did not take an event; it is not asked again"
            );
            inner.deps.store.feed().remark([Remark {
                at: tried.at,
                event: "webhook_given_up",
                severity: Severity::Warning,
                object: ObjectKind::Webhook,
                id: webhook.id.to_string(),
                actor: None,
                detail: Some(format!("{id}: {}", error.unwrap_or("it did not answer"))),
            }]);
        }
        WebhookStatus::Pending | WebhookStatus::Retrying | WebhookStatus::Acknowledged => {}
    }
    if let Some(fault) = tried.fault {
        tracing::error!(
            event = "webhook_disabled", webhook = %webhook.id, service, reason = fault.as_str(), error,
            "a webhook was switched off; enable it with notifyctl webhook enable when its endpoint is well"
        );
    }
}
