//! Tells a webhook once more what it was told in some time, in the order it happened: bit by bit behind the answer, so that
//! everybody else's writes come between. What a stop of the daemon leaves is not told; whoever asks again gets it.

use super::{Ids, check_active};
use crate::answer::json;
use crate::auth::Caller;
use crate::body::Json;
use crate::context::Context;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use notify_proto::view::write_time;
use notify_proto::{Timestamp, WebhookId, WebhookStatus};
use notifyd_lifecycle::admission::FieldError;
use notifyd_store::webhooks::Page;
use notifyd_store::{Replay, StoreError, Tenant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many are told once more by one transaction, and the time between two.
const STEP: usize = 50;
const PAUSE: Duration = Duration::from_millis(50);

/// Time before a step is tried again that found the log busy, and how often that is done.
const BUSY: Duration = Duration::from_secs(1);
const TRIES: u32 = 60;

/// Webhooks that are replayed to at the same time; the others wait for their turn.
const AT_ONCE: usize = 2;

/// Which webhooks are replayed to: each only once at a time.
pub(crate) struct Replays {
    under_way: Mutex<BTreeSet<i64>>,
    turns: Semaphore,
}

impl Default for Replays {
    fn default() -> Self {
        Self { under_way: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }
}

/// One that is under way, until it is dropped.
struct UnderWay(Arc<Replays>, i64);

impl Replays {
    fn begin(self: &Arc<Self>, webhook: i64) -> Option<UnderWay> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.insert(webhook).then(|| UnderWay(Arc::clone(self), webhook))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// The body.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReplayBody {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    status: Option<WebhookStatus>,
}

#[derive(Serialize)]
struct Begun {
    webhook_id: WebhookId,
    status: WebhookStatus,
    #[serde(serialize_with = "write_time")]
    since: Timestamp,
    #[serde(serialize_with = "write_time")]
    until: Timestamp,
    count: u64,
}

impl ReplayBody {
    fn check(&self, now: Timestamp) -> Result<(Timestamp, Timestamp, WebhookStatus), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: &str| {
            errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
        };
        // What happens from now on is told anyway.
        let until = self.until.unwrap_or(now).min(now);
        match self.since {
            None => wrong("since", "is missing: from when on, such as 2026-01-31T12:00:00Z"),
            Some(since) if since >= until => wrong("since", "must be earlier than until and than now"),
            Some(_) => {}
        }
        let status = self.status.unwrap_or(WebhookStatus::Failed);
        if matches!(status, WebhookStatus::Pending | WebhookStatus::Retrying) {
            wrong("status", "must be failed or acknowledged; what is still owed is told anyway");
        }
        if errors.is_empty() { Ok((self.since.unwrap_or(until), until, status)) } else { Err(errors) }
    }
}

/// `POST /api/v1/webhooks/{id}/replay`.
pub(crate) async fn replay(
    State(context): State<Arc<Context>>,
    Caller(tenant): Caller,
    ids: Ids,
    Json(body, _room): Json<ReplayBody>,
) -> Result<Response<Body>, Problem> {
    context.check_takes()?;
    let (since, until, status) = body.check(context.clock.now()).map_err(Problem::fields)?;
    check_active(&tenant, ids.webhook)?;
    let page = Page { status: vec![status], since: Some(since), until: Some(until), ..Page::default() };
    let replay = tenant.replay_webhook(ids.webhook, page).await?.ok_or_else(Problem::no_webhook)?;
    let Some(under_way) = context.replays.begin(replay.webhook()) else {
        return Err(Problem::conflict(
            "This webhook is being replayed to already; wait until that has ended.",
        )
        .retry_after(5));
    };
    let begun = Begun { webhook_id: ids.webhook, status, since, until, count: replay.count };
    if replay.count > 0 {
        tokio::spawn(go_on(tenant, replay, under_way));
    }
    Ok(json(StatusCode::ACCEPTED, &begun))
}

/// Goes on until nothing is left, or the daemon stops.
async fn go_on(tenant: Tenant, mut replay: Replay, under_way: UnderWay) {
    let Ok(_turn) = under_way.0.turns.acquire().await else { return };
    let (mut told, mut tries) = (0, 0);
    loop {
        let pause = match tenant.go_on(&mut replay, STEP).await {
            Ok(None) => break,
            Ok(Some(count)) => {
                (told, tries) = (told + count, 0);
                PAUSE
            }
            Err(StoreError::Closing) => return,
            Err(error) if tries < TRIES => {
                tracing::warn!(webhook = under_way.1, %error, "a step of a replay failed; it is tried again");
                tries += 1;
                BUSY
            }
            Err(error) => {
                tracing::error!(webhook = under_way.1, %error, told, "a replay ended before its end");
                return;
            }
        };
        tokio::time::sleep(pause).await;
    }
    tracing::info!(webhook = under_way.1, told, "a replay has ended");
}
