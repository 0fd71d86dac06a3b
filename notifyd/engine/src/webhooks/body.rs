//! What is said of an event.

use crate::Inner;
use notify_proto::{DeliveryId, NotificationId, ServiceId, Status, WebhookEvent};
use notifyd_lifecycle::webhook::Body;
use notifyd_lifecycle::webhook::event::dotted;
use notifyd_providers::endpoint::Telling;
use notifyd_store::StoreError;
use notifyd_store::webhooks::{Owed, Story, Webhook};

/// What is said when this one is told now.
pub(super) fn telling<'a>(inner: &Inner, webhook: &Webhook, owed: &'a Owed) -> Telling<'a> {
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
