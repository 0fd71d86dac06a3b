//! `notifyctl schedule`: all that waits for a time.

use super::notification::steer::{steer, stored};
use super::notification::{Order, check, page};
use crate::session::{Room, Session};
use crate::{bound, refuse};
use chrono::TimeDelta;
use notify_proto::control::{Change, Changed, ListRequest};
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::schedule::{GroupRequest, HistogramBucket, HistogramView, WaitingGroups};
use notify_proto::transport::Reply;
use notify_proto::view::NotificationPage;
use notify_proto::{GroupBy, NotificationId, Timestamp};
use notifyd_engine::Common;
use notifyd_lifecycle::steer::Wish;
use notifyd_store::api::Bucket;
use notifyd_store::webhooks::Owing;

/// What is past due: the bucket of the histogram in front of [`BUCKETS`].
const LATE: &str = "late";

/// What each bucket of the histogram is called, with its begin in seconds from now. It ends where the next one begins; the
/// last has no end. The delays of the usual policies (1m, 5m, 15m, 30m) begin one each.
const BUCKETS: [(&str, i64); 21] = [
    ("now", 0),
    ("+1m", 60),
    ("+2m", 120),
    ("+3m", 180),
    ("+4m", 240),
    ("+5m", 300),
    ("+6m", 360),
    ("+8m", 480),
    ("+10m", 600),
    ("+12m", 720),
    ("+15m", 900),
    ("+20m", 1_200),
    ("+25m", 1_500),
    ("+30m", 1_800),
    ("+45m", 2_700),
    ("+1h", 3_600),
    ("+2h", 7_200),
    ("+3h", 10_800),
    ("+6h", 21_600),
    ("+12h", 43_200),
    ("+24h", 86_400),
];

/// Groups told at most.
const MAX_GROUPS: usize = 100;

/// A page, soonest first.
pub(crate) async fn list(session: &Session, request: ListRequest) -> Reply<NotificationPage> {
    page(session, request, Order::Soonest).await
}

/// How much waits for a time, by how far ahead that is.
pub(crate) async fn histogram(session: &Session) -> Reply<HistogramView> {
    let room = session.look()?;
    room.answers.histogram.get(&*room.deps.clock, &(), count(room)).await
}

async fn count(room: &Room) -> Reply<HistogramView> {
    let as_of = room.now();
    let bounds: Vec<_> = BUCKETS.iter().map(|(_, seconds)| as_of + TimeDelta::seconds(*seconds)).collect();
    let told = room.deps.store.webhooks().due(Owing::Again, bounds.clone()).await.map_err(refuse::log)?;
    let again = |place: usize| told.counts.values().filter_map(|counts| counts.get(place)).sum();
    let buckets = room.deps.store.histogram(bounds).await.map_err(refuse::log)?;
    let names = std::iter::once(LATE).chain(BUCKETS.iter().map(|(name, _)| *name));
    let named = names.zip(buckets).enumerate();
    let buckets = named.map(|(place, (name, bucket))| view(name, bucket, again(place))).collect();
    let held = room.deps.store.held().await.map_err(refuse::log)?;
    Ok(HistogramView { as_of, buckets, held })
}

/// What waits for a time, told apart: the largest groups.
pub(crate) async fn group(session: &Session, request: GroupRequest) -> Reply<WaitingGroups> {
    let room = session.look()?;
    check(session, &request.filter)?;
    let by = request.by.to_string().parse::<GroupBy>();
    let by = by.map_err(|error| refuse::invalid(format!("by: {error}")))?;
    let other = |term: &Term| !matches!(term, Term::Is { field: Field::Service, .. });
    if by == GroupBy::Webhook && request.filter.terms.iter().any(other) {
        let message =
            "filter: what is owed to webhooks is narrowed down by service alone; leave out the rest";
        return Err(refuse::invalid(message));
    }
    room.answers.waiting.get(&*room.deps.clock, &request, groups(room, request.filter.clone(), by)).await
}

async fn groups(room: &Room, filter: Filter, by: GroupBy) -> Reply<WaitingGroups> {
    let found = room.deps.store.waiting_groups(filter, by, MAX_GROUPS).await;
    let mut found = found.map_err(refuse::log)?;
    let fitting = bound::fitting(&found.groups);
    found.elsewhere += found.groups.iter().skip(fitting).map(|it| it.retrying + it.pending).sum::<u64>();
    found.groups.truncate(fitting);
    for group in &mut found.groups {
        group.tries = common(room, by, &group.name).map(|it| room.deps.engine.tries(it));
    }
    Ok(found)
}

/// What the notifications of a group have in common, for the engine.
fn common(room: &Room, by: GroupBy, name: &str) -> Option<Common> {
    let directory = room.deps.store.directory();
    match by {
        GroupBy::Error => Some(Common::error(name)),
        GroupBy::Provider | GroupBy::Queue => directory.find_provider(name).map(|it| Common::Provider(it.id)),
        GroupBy::Service => directory.find_service(name).map(|it| Common::Service(it.no)),
        GroupBy::Channel => name.parse().ok().map(Common::Channel),
        GroupBy::Webhook => None,
    }
}

fn view(name: &str, bucket: Bucket, told_again: u64) -> HistogramBucket {
    let Bucket { from, to, total, retrying } = bucket;
    let pending = total.saturating_sub(retrying);
    HistogramBucket { due_in: name.to_owned(), from, to, total, pending, retrying, told_again }
}

/// Gives what waits for a time another one.
pub(crate) async fn move_to(
    session: &Session,
    ids: Vec<NotificationId>,
    at: Timestamp,
    change: &Change,
) -> Reply<Vec<Changed>> {
    steer(session, ids, Wish::Move(stored(at)), "schedule.move", change).await
}

/// Makes what waits for a time due now.
pub(crate) async fn run(session: &Session, ids: Vec<NotificationId>, change: &Change) -> Reply<Vec<Changed>> {
    steer(session, ids, Wish::RunNow, "schedule.run", change).await
}
