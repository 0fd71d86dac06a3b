//! From changes to calls.

use super::{Stop, came};
use crate::deed::{Deed, Outcome, resumed};
use crate::state::Hidden;
use notify_proto::bulk::Again;
use notify_proto::control::{Change, ControlClient, NewService, ProviderChange};
use notify_proto::transport::within;
use notify_proto::{ApiError, BulkOp, ErrorCode, Open, WebhookEvent};
use std::time::Duration;

/// How long a change may take, and the count before a large one.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a call of a provider may take.
const CALL: Duration = Duration::from_secs(60);

/// Makes a change.
#[expect(clippy::too_many_lines, reason = "one arm for each kind of change, and nothing else")]
pub(super) async fn make(
    client: &ControlClient,
    deed: Deed,
    reason: Option<String>,
) -> Result<Outcome, Stop> {
    let soon = || within(PATIENCE);
    let change = Change { reason, dry_run: deed.looks(), key: None };
    let done = |text: String| Ok(Outcome::Done(text));
    match deed {
        Deed::Notifications(op, ids, until) => {
            let reply = match (op, until) {
                (BulkOp::Retry, _) => client.notification_retry(soon(), ids, None, change).await,
                (BulkOp::Cancel, _) => client.notification_cancel(soon(), ids, change).await,
                (BulkOp::Bury, _) => client.notification_bury(soon(), ids, false, change).await,
                (BulkOp::Discard, _) => client.dead_discard(soon(), ids, change).await,
                (BulkOp::Run, _) => client.schedule_run(soon(), ids, change).await,
                (BulkOp::Postpone, Some(at)) => client.notification_postpone(soon(), ids, at, change).await,
                (BulkOp::Move, Some(at)) => client.schedule_move(soon(), ids, at, change).await,
                (BulkOp::Postpone | BulkOp::Move, None) => {
                    let error = ApiError::new(ErrorCode::Invalid, "a time is missing");
                    return Err(Stop::Failed(crate::ask::Failure::Refused(error)));
                }
            };
            came(reply).map(Outcome::Each)
        }
        Deed::Reroute(ids, provider) => {
            let again = Again { provider: Some(provider), ..Again::default() };
            let reply = client.notification_retry(soon(), ids, Some(again), change).await;
            came(reply).map(Outcome::Each)
        }
        Deed::Count(request) => {
            let view = came(client.notification_bulk(soon(), request.clone(), change).await)?;
            Ok(Outcome::Counted(request, Box::new(view)))
        }
        Deed::Bulk(request) => {
            let view = came(client.notification_bulk(soon(), request, change).await)?;
            Ok(started(view.operation.map(|work| work.id), view.total))
        }
        Deed::Hold(request) => {
            let hold = came(client.hold_set(soon(), request, change).await)?;
            let until = hold.until.map(|at| format!(", ends by itself at {}", at.format("%H:%M:%S UTC")));
            done(format!("{}: {}{}", hold.queue, hold.kind, until.unwrap_or_default()))
        }
        Deed::Resume(name) => {
            let queue = came(client.queue_resume(soon(), name, change).await)?;
            done(resumed(&queue.name, &queue.state))
        }
        Deed::Circuit(name, to) => {
            let provider = came(client.circuit_force(soon(), name, to, change).await)?;
            done(format!("the circuit of {} is {}", provider.name, provider.circuit))
        }
        Deed::Provider(name, on) => {
            let provider = came(client.provider_set_active(soon(), name, on, None, change).await)?;
            done(format!("provider {} is {}", provider.name, onoff(provider.active)))
        }
        Deed::Priority(name, priority) => {
            let update = ProviderChange { priority: Some(priority), ..ProviderChange::default() };
            let updated = came(client.provider_update(soon(), name, Box::new(update), change).await)?;
            let provider = updated.provider;
            done(format!(
                "provider {} has priority {}; lower is tried first",
                provider.name, provider.priority
            ))
        }
        Deed::Call(name, to) => {
            let patience = within(CALL);
            let result = came(client.provider_test(patience, name.clone(), None, to, change).await)?;
            let word = if result.accepted { "took it" } else { "did not take it" };
            let message = result.message.map(|message| format!(": {message}")).unwrap_or_default();
            let how = if result.simulated { ", simulated" } else { "" };
            done(format!("{name} {word} in {}ms ({}{how}){message}", result.elapsed_ms, result.outcome))
        }
        Deed::Webhook(id, on) => {
            let webhook = came(client.webhook_set_active(soon(), id, on, change).await)?;
            done(format!("webhook {} is {}", webhook.url, onoff(webhook.is_active)))
        }
        Deed::TestWebhook(id) => {
            let event = Open::from(WebhookEvent::Delivered);
            let delivery = came(client.webhook_test(soon(), id, event, change).await)?;
            done(
                delivery
                    .map_or_else(|| "it would be told".into(), |id| format!("test event {id} is on its way")),
            )
        }
        Deed::Resend(ids) => {
            let all = came(client.webhook_resend(soon(), ids, change).await)?;
            let refused: Vec<_> = all.iter().filter_map(|one| one.result.as_ref().err()).collect();
            let why = refused.first().map(|error| format!(": {}", error.message)).unwrap_or_default();
            done(format!("{} told once more, {} refused{why}", all.len() - refused.len(), refused.len()))
        }
        Deed::CountFailed(id, request) => {
            let view = came(client.webhook_recover(soon(), id, (*request).clone(), change).await)?;
            Ok(Outcome::Failed(id, request, Box::new(view)))
        }
        Deed::Recover(id, request) => {
            let view = came(client.webhook_recover(soon(), id, *request, change).await)?;
            Ok(started(view.operation.map(|work| work.id), view.total))
        }
        Deed::Rotate(id, grace) => {
            let fresh = came(client.webhook_rotate(soon(), id, grace, None, change).await)?;
            let what = format!("signing secret of {}", fresh.webhook.url);
            Ok(fresh.secret.map_or_else(
                || Outcome::Done("the secret is another one".into()),
                |secret| Outcome::Secret(what, Hidden(secret)),
            ))
        }
        Deed::Service(name, on) => {
            let service = came(client.service_set_active(soon(), name, on, change).await)?;
            done(format!("service {} is {}", service.name, onoff(service.active)))
        }
        Deed::Unlock(name) => {
            let service = came(client.service_unlock(soon(), name, change).await)?;
            done(format!("service {} is not locked any more", service.name))
        }
        Deed::NewKey(name, grace) => {
            let fresh = came(client.key_reset(soon(), name, grace, change).await)?;
            Ok(key(fresh))
        }
        Deed::RevokeKey(name, prefix) => {
            let key = came(client.key_revoke(soon(), name.clone(), prefix, change).await)?;
            done(format!("key {} of {name} is revoked", key.prefix))
        }
        Deed::NewService(name) => {
            let service = NewService { name, description: None, rate_per_second: None };
            let fresh = came(client.service_create(soon(), service, change).await)?;
            Ok(key(fresh))
        }
        Deed::CountService(name) => {
            let removed = came(client.service_delete(soon(), name, true, change).await)?;
            Ok(Outcome::Goes(Box::new(removed)))
        }
        Deed::DeleteService(name, keep) => {
            let removed = came(client.service_delete(soon(), name, keep, change).await)?;
            let rest =
                if removed.history_kept { "; what it sent stays until its retention is over" } else { "" };
            done(format!("service {} is deleted{rest}", removed.service.name))
        }
        Deed::Give(id) => {
            let work = came(client.operation_cancel(soon(), id, change).await)?;
            done(format!("{} is {}", work.id, work.state.as_str()))
        }
    }
}

const fn onoff(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn started(operation: Option<String>, total: u64) -> Outcome {
    operation
        .map_or_else(|| Outcome::Done("nothing matches any more".into()), |id| Outcome::Started(id, total))
}

fn key(fresh: Option<notify_proto::control::FreshKey>) -> Outcome {
    fresh.map_or_else(
        || Outcome::Done("nothing was made".into()),
        |fresh| Outcome::Secret(format!("API key of {}", fresh.service.name), Hidden(fresh.api_key)),
    )
}
