//! `notifyctl notification explain`: why one notification is where it is, and what it waits for.
//!
//! * [`story`] tells what its events and attempts say, one sentence each;
//! * [`now`] asks the engine's own rules what it waits for;
//! * [`words`] has the sentence for every reason.

mod now;
mod story;
mod words;

use super::show::{find, tidy};
use crate::session::{Room, Session};
use crate::verbs::provider::steps;
use crate::{bound, refuse};
use notify_proto::control::RouteView;
use notify_proto::explain::Explanation;
use notify_proto::transport::Reply;
use notify_proto::view::NotificationDetail;
use notify_proto::{NotificationId, Status};
use notifyd_engine::Way;
use notifyd_store::api::Job;

/// Every decision, and what it waits for now.
pub(crate) async fn explain(session: &Session, id: NotificationId) -> Reply<Explanation> {
    let room = session.look()?;
    let mut detail = find(room, id).await?;
    tidy(&mut detail, false);
    let way = way(room, &detail).await?;
    let now = now::waits(room, &detail, way.as_ref());
    let decisions = story::decisions(&detail);
    let cut = detail.events.first().is_some_and(|first| first.sequence > 1)
        || detail.attempts.first().is_some_and(|first| first.number > 1);
    let of = detail.notification;
    let mut explanation = Explanation {
        id,
        service_name: of.service_name,
        channels: of.channels,
        priority: of.priority,
        status: of.status,
        retry_count: of.retry_count,
        max_retries: of.max_retries,
        expires_at: of.expires_at,
        decisions,
        cut,
        now,
        route: way.map_or_else(RouteView::default, |(job, way)| route(room, &job, &way)),
    };
    while bound::size(&explanation) > bound::MAX_ANSWER && !explanation.decisions.is_empty() {
        let older = explanation.decisions.len().div_ceil(2);
        explanation.decisions.drain(..older);
        explanation.cut = true;
    }
    Ok(explanation)
}

/// What the engine says of one that is neither final nor under way.
async fn way(room: &Room, detail: &NotificationDetail) -> Reply<Option<(Job, Way)>> {
    let status = detail.notification.status.known();
    if status.is_none_or(|status| status.is_final() || status == Status::Sending) {
        return Ok(None);
    }
    let job = room.deps.store.job(detail.notification.id).await.map_err(refuse::log)?;
    let Some(job) = job else { return Ok(None) };
    let way = room.deps.engine.way(job.clone()).await.map_err(refuse::log)?;
    Ok(way.map(|way| (job, way)))
}

fn route(room: &Room, job: &Job, way: &Way) -> RouteView {
    let all = way.routes.iter().flat_map(|route| steps(room, route)).collect();
    let nobody = way.routes.iter().filter(|route| route.steps.is_empty());
    let pinned = match job.plan.pinned {
        Some(_) => "the provider it is pinned to does not serve it",
        None => "nobody serves it",
    };
    RouteView { steps: all, notes: nobody.map(|route| format!("{}: {pinned}", route.channel)).collect() }
}
