//! One notification: as it stands, with its attempts; and its story.

use super::Id;
use crate::answer::json;
use crate::auth::Caller;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use notify_proto::view::{AttemptView, EventView, NotificationDetail, NotificationView, rfc3339};
use notify_proto::{NotificationId, Open, Status};
use serde::Serialize;

#[derive(Serialize)]
struct Answer<'a> {
    notification: &'a NotificationView,
    delivery_attempts: &'a [AttemptView],
    task_info: TaskInfo<'a>,
}

/// What happens next.
#[derive(Serialize)]
struct TaskInfo<'a> {
    status: &'a Open<Status>,
    eta: Option<String>,
    max_retries: u32,
}

#[derive(Serialize)]
struct Story<'a> {
    notification_id: NotificationId,
    events: &'a [EventView],
}

/// `GET /api/v1/notifications/{id}`.
pub(crate) async fn show(Caller(tenant): Caller, Id(id): Id) -> Result<Response<Body>, Problem> {
    let mut detail = tenant.notification(id).await?.ok_or_else(Problem::no_notification)?;
    detail.notification.settle();
    Ok(json(StatusCode::OK, &answer(&detail)))
}

/// `GET /api/v1/notifications/{id}/events`.
pub(crate) async fn events(Caller(tenant): Caller, Id(id): Id) -> Result<Response<Body>, Problem> {
    let detail = tenant.notification(id).await?.ok_or_else(Problem::no_notification)?;
    let story = Story { notification_id: detail.notification.id, events: &detail.events };
    Ok(json(StatusCode::OK, &story))
}

fn answer(detail: &NotificationDetail) -> Answer<'_> {
    let it = &detail.notification;
    let is_final = it.status.known().is_some_and(Status::is_final);
    let eta = it.next_attempt_at.or(it.scheduled_at).filter(|_| !is_final);
    Answer {
        notification: it,
        delivery_attempts: &detail.attempts,
        task_info: TaskInfo { status: &it.status, eta: eta.map(rfc3339), max_retries: it.max_retries },
    }
}
