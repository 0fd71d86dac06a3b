//! One try: what is said, and what follows from what was heard.

use super::News;
use super::callers::Caller;
use super::share::Trust;
use crate::Inner;
use notify_proto::{DeliveryId, NotificationId, ServiceId, Status, Timestamp, WebhookEvent, WebhookStatus};
use notifyd_lifecycle::FailPoint;
use notifyd_lifecycle::webhook::event::dotted;
use notifyd_lifecycle::webhook::{Body, Heard, Verdict, profile};
use notifyd_providers::endpoint::{Said, Telling};
use notifyd_store::StoreError;
use notifyd_store::webhooks::{Owed, Story, Tried, Webhook};
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
        let owed_for = since(owed.since);
        if tried.error.is_none() {
            inner.metrics.webhooks.ack_seconds.observe(owed_for.as_secs_f64());
        }
        // The loop is gone only when the daemon stops; it is told again by the next one then.
        let _ = to.send(News::Told { tried, id: owed.id, trust: self.trust });
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        self.heard(nothing("the call was abandoned"));
    }
}

/// What is said when this one is told now.
fn telling<'a>(inner: &Inner, webhook: &Webhook, owed: &'a Owed) -> Telling<'a> {
    let story = owed.story.as_deref();
    let directory = inner.deps.store.directory();
    let service = directory.service_no(webhook.service).map(|service| service.id);
    let service = service.unwrap_or(ServiceId::from_bytes([0; 16]));
    let number = owed.tries + 1;
    let notification =
        story.map_or_else(|| NotificationId::from_bytes(*owed.id.as_bytes()), |story| story.id);
    let body = match story {
        Some(story) => body(story, owed, service, number),
        None => sample(owed, notification, service, number),
    };
    let body = if webhook.settings.redact { body.redacted() } else { body };
    Telling {
        id: owed.id,
        event: owed.event,
        notification,
        service,
        number,
        correlation_id: story.and_then(|story| story.message.correlation_id.as_deref()),
        // Plain data, which always serialises.
        body: serde_json::to_vec(&body).unwrap_or_default(),
    }
}

/// The body of an event as this webhook is told it now; none when it is not known.
pub(crate) async fn body_of(
    inner: &Inner,
    webhook: &Webhook,
    id: DeliveryId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let owed = inner.deps.store.webhooks().told(id).await?;
    Ok(owed.map(|owed| telling(inner, webhook, &owed).body))
}

fn nothing(problem: &str) -> Said {
    Said { heard: Heard::Nothing, code: None, body: None, problem: Some(problem.to_owned()) }
}

fn body<'a>(story: &'a Story, owed: &Owed, service: ServiceId, number: u32) -> Body<'a> {
    let happened = |wanted: WebhookEvent| (owed.event == wanted).then_some(owed.created_at);
    let detail = story.detail.as_deref();
    Body {
        event: owed.event,
        event_type: dotted(owed.event),
        notification_id: story.id,
        service_id: service,
        channel: story.channel,
        status: story.status.unwrap_or(Status::Sending),
        recipient: Some(&story.message.recipient),
        content: story.message.content.as_deref(),
        subject: story.message.subject.as_deref(),
        priority: story.priority,
        created_at: story.created_at,
        scheduled_at: story.scheduled_at,
        delivered_at: happened(WebhookEvent::Delivered),
        failed_at: happened(WebhookEvent::Failed),
        cancelled_at: happened(WebhookEvent::Cancelled),
        cancellation_reason: detail.filter(|_| owed.event == WebhookEvent::Cancelled),
        external_id: story.external_id.as_deref(),
        provider_name: story.provider_name.as_deref(),
        provider_response: story.said.as_deref().filter(|_| story.taken),
        error_message: match owed.event {
            WebhookEvent::RetryScheduled | WebhookEvent::Failed => detail,
            _ => None,
        },
        failure_reason: story.failure.filter(|_| owed.event == WebhookEvent::Failed),
        attempt_number: (story.attempt > 0).then_some(story.attempt),
        total_attempts: story.attempt,
        max_retries: story.max_retries,
        retry_count: story.retries,
        next_attempt_at: story.next_at,
        webhook_attempt: number,
        sequence: owed.n,
        tenant_id: story.message.tenant_id.as_deref(),
        correlation_id: story.message.correlation_id.as_deref(),
        meta_data: story.message.meta_data.as_ref(),
        simulated: story.simulated,
        possible_duplicate: story.possible_duplicate,
        test: false,
    }
}

/// What is said in a test: of a notification that there never was.
fn sample(owed: &Owed, notification: NotificationId, service: ServiceId, number: u32) -> Body<'static> {
    let status = match owed.event {
        WebhookEvent::Created => Status::Queued,
        WebhookEvent::RetryScheduled => Status::Retrying,
        WebhookEvent::RetryAttempted => Status::Sending,
        WebhookEvent::Delivered => Status::Delivered,
        WebhookEvent::Failed => Status::Failed,
        WebhookEvent::Cancelled => Status::Cancelled,
    };
    let happened = |wanted: WebhookEvent| (owed.event == wanted).then_some(owed.created_at);
    Body {
        event: owed.event,
        event_type: dotted(owed.event),
        notification_id: notification,
        service_id: service,
        channel: notify_proto::Channel::Sms,
        status,
        recipient: None,
        content: Some("This is a test of your webhook. No notification was sent."),
        subject: None,
        priority: notify_proto::Priority::Normal,
        created_at: owed.created_at,
        scheduled_at: None,
        delivered_at: happened(WebhookEvent::Delivered),
        failed_at: happened(WebhookEvent::Failed),
        cancelled_at: happened(WebhookEvent::Cancelled),
        cancellation_reason: None,
        external_id: None,
        provider_name: None,
        provider_response: None,
        error_message: None,
        failure_reason: None,
        attempt_number: None,
        total_attempts: 0,
        max_retries: 0,
        retry_count: 0,
        next_attempt_at: None,
        webhook_attempt: number,
        sequence: owed.n,
        tenant_id: None,
        correlation_id: None,
        meta_data: None,
        simulated: true,
        possible_duplicate: false,
        test: true,
    }
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
        WebhookStatus::Failed => tracing::warn!(
            event = "webhook_given_up", webhook = %webhook.id, service, delivery = %id, attempt, code, error,
            "a webhook did not take an event; it is not asked again"
        ),
        WebhookStatus::Pending | WebhookStatus::Retrying | WebhookStatus::Acknowledged => {}
    }
    if let Some(fault) = tried.fault {
        tracing::error!(
            event = "webhook_disabled", webhook = %webhook.id, service, reason = fault.as_str(), error,
            "a webhook was switched off; enable it with notifyctl webhook enable when its endpoint is well"
        );
    }
}
