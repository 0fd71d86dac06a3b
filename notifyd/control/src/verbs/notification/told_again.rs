//! What waits for a time and what webhooks did not take, in one order, soonest first.
//!
//! Each is read by its own index, up to a page of it; what of both comes first makes the page. A cursor is the place in both.

use super::list::{Order, check, page};
use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::control::{ListRequest, WithWebhooks};
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::line::{LinePage, NotificationLine, ToldAgain};
use notify_proto::transport::Reply;
use notify_proto::view::{NotificationPage, NotificationView};
use notify_proto::{Channel, NotificationId, Open, Priority, Status, Timestamp};
use notifyd_store::webhooks::{Again, Found, Sought};

/// Delays of a webhook's schedule that are told of.
const PLAN: usize = 4;

/// Stands in a cursor for what has been seen to its end.
const END: &str = "-";

/// A page of both.
pub(super) async fn lines(session: &Session, request: ListRequest) -> Reply<LinePage> {
    let room = session.look()?;
    check(session, &request.filter)?;
    let place = Place::read(request.cursor.as_deref())?;
    let (limit, with) = (request.size(), request.webhooks);
    let sought = sought(room, &request.filter).filter(|_| place.told != Seen::All);
    let found = match sought {
        Some(sought) => {
            let sought = Sought { after: place.told.to().copied(), limit: limit as usize, ..sought };
            room.deps.store.webhooks().told_again(sought).await.map_err(refuse::log)?
        }
        None => Found::default(),
    };
    let asked = |limit: u32| ListRequest {
        limit,
        cursor: place.rest.to().cloned(),
        webhooks: WithWebhooks::No,
        ..request.clone()
    };
    let alone = with == WithWebhooks::Only || place.rest == Seen::All;
    let mut rest = if alone {
        NotificationPage { items: Vec::new(), next_cursor: None, total: None, partial: false }
    } else {
        page(session, asked(limit), Order::Soonest).await?
    };
    let (notifications, told) = first(limit as usize, &rest, &found);
    let total = rest.total.or((with == WithWebhooks::Only).then_some(0));
    let total = total.map(|it| it + found.items.len() as u64);
    let partial = rest.partial || found.more.is_some();
    // The cursor belongs to a whole page, so a shorter one is read again; of none it stays where it is.
    let after = if notifications == rest.items.len() {
        Seen::of(rest.next_cursor.clone())
    } else if let Some(fewer) = u32::try_from(notifications).ok().filter(|fewer| *fewer > 0) {
        rest = page(session, asked(fewer), Order::Soonest).await?;
        Seen::of(rest.next_cursor.clone())
    } else {
        rest.items.clear();
        place.rest.clone()
    };
    let seen = &found.items[..told];
    let told_to = match seen.last() {
        _ if told == found.items.len() => Seen::of(found.more),
        Some(last) => Seen::To((last.due_at.timestamp_millis(), last.no)),
        None => place.told,
    };
    let next = Place { told: told_to, rest: after };
    let mut items: Vec<_> = rest.items.into_iter().map(NotificationLine::from).collect();
    items.extend(seen.iter().filter_map(|it| line(room, it)));
    // Those of the same moment stay as they stand here: notifications first.
    items.sort_by_key(|it| it.next_attempt_at.or(it.scheduled_at));
    Ok(LinePage { items, next_cursor: next.write(), total, partial })
}

/// How many of each make the page: what is behind the end of one that goes on is not known to come next.
fn first(limit: usize, rest: &NotificationPage, found: &Found) -> (usize, usize) {
    let known = |goes_on: bool, last: Option<Timestamp>| {
        if goes_on { last.or(Some(Timestamp::MIN_UTC)) } else { None }
    };
    let one = known(rest.next_cursor.is_some(), rest.items.last().and_then(due));
    let other = known(found.more.is_some(), found.items.last().map(|it| it.due_at));
    let bound = one.into_iter().chain(other).min().unwrap_or(Timestamp::MAX_UTC);
    let (mut notifications, mut told) = (0, 0);
    while notifications + told < limit {
        let next = rest.items.get(notifications).map(|it| due(it).unwrap_or(Timestamp::MIN_UTC));
        let again = found.items.get(told).map(|it| it.due_at);
        match (next, again) {
            (Some(at), again) if at <= bound && again.is_none_or(|again| at <= again) => notifications += 1,
            (_, Some(at)) if at <= bound => told += 1,
            _ => break,
        }
    }
    (notifications, told)
}

fn due(it: &NotificationView) -> Option<Timestamp> {
    it.next_attempt_at.or(it.scheduled_at)
}

/// What of a filter concerns what webhooks are told; none when nothing of it fits.
fn sought(room: &Room, filter: &Filter) -> Option<Sought> {
    let directory = room.deps.store.directory();
    let mut sought = Sought::default();
    for term in &filter.terms {
        match term {
            Term::DueBefore(at) => sought.before = Some(sought.before.map_or(*at, |it| it.min(*at))),
            Term::Is { field: Field::Service, values, negate } => {
                let named = |name: &str, id: String| {
                    values.iter().any(|value| match value.strip_suffix('*') {
                        Some(begin) => name.starts_with(begin),
                        None => *value == name || *value == id,
                    })
                };
                let of =
                    directory.services().iter().filter(|it| named(&it.name, it.id.to_string()) != *negate);
                let of = of
                    .map(|it| it.no)
                    .filter(|no| sought.services.as_ref().is_none_or(|all| all.contains(no)));
                sought.services = Some(of.collect());
            }
            Term::Is { field: Field::Status, values, negate }
                if values.iter().any(|it| it == Status::Retrying.as_str()) != *negate => {}
            Term::Is { field: Field::Channel, values, negate }
                if values.iter().any(|it| it == Channel::Webhook.as_str()) != *negate => {}
            _ => return None,
        }
    }
    Some(sought)
}

/// As a line; none when its webhook was removed meanwhile.
fn line(room: &Room, it: &Again) -> Option<NotificationLine> {
    let endpoints = room.deps.store.webhooks().endpoints();
    let webhook = endpoints.get(it.webhook)?;
    let directory = room.deps.store.directory();
    let (since, before) = it.counts;
    let retries = it.tries.saturating_sub(before);
    let (schedule, owed) = (webhook.settings.schedule, (it.due_at - since).to_std().unwrap_or_default());
    let mut delays = schedule.delays(retries.saturating_add(1), owed);
    let left = u32::try_from(delays.len()).unwrap_or_default();
    delays.truncate(PLAN);
    Some(NotificationLine {
        id: it.of.unwrap_or_else(|| NotificationId::from_uuid(*it.id.as_uuid())),
        channel: Open::Known(Channel::Webhook),
        status: Open::Known(Status::Retrying),
        priority: Open::Known(Priority::Normal),
        service_name: directory.service_no(webhook.service).map(|it| it.name.clone()).unwrap_or_default(),
        recipient: String::new(),
        provider_name: Some(webhook.host().to_owned()),
        retry_count: retries,
        max_retries: retries + left,
        delays_left_seconds: delays,
        created_at: it.created_at,
        scheduled_at: None,
        next_attempt_at: Some(it.due_at),
        failed_at: None,
        failure_reason: None,
        error_message: it.error.clone().or_else(|| it.code.map(|code| format!("HTTP {code}"))),
        tenant_id: None,
        event_type: None,
        webhook: Some(ToldAgain {
            id: it.id,
            webhook_id: webhook.id,
            event: Open::Known(it.event),
            code: it.code,
        }),
    })
}

/// How far a list has been seen.
#[derive(Debug, Clone, Default, PartialEq)]
enum Seen<T> {
    /// Not at all.
    #[default]
    Nothing,
    /// Up to this place.
    To(T),
    /// To its end.
    All,
}

impl<T> Seen<T> {
    /// Up to where it goes on, if it does.
    fn of(next: Option<T>) -> Self {
        next.map_or(Self::All, Self::To)
    }

    fn to(&self) -> Option<&T> {
        match self {
            Self::To(place) => Some(place),
            Self::Nothing | Self::All => None,
        }
    }

    /// As it stands in a cursor.
    fn write(&self, place: impl FnOnce(&T) -> String) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::To(it) => place(it),
            Self::All => END.to_owned(),
        }
    }

    fn read(text: &str, place: impl FnOnce(&str) -> Option<T>) -> Option<Self> {
        match text {
            "" => Some(Self::Nothing),
            END => Some(Self::All),
            text => place(text).map(Self::To),
        }
    }
}

/// A place in both orders.
#[derive(Debug, Default, PartialEq)]
struct Place {
    told: Seen<(i64, i64)>,
    rest: Seen<String>,
}

impl Place {
    fn read(cursor: Option<&str>) -> Reply<Self> {
        let Some(cursor) = cursor else { return Ok(Self::default()) };
        let both = || {
            let (told, rest) = cursor.split_once('~')?;
            let due = |text: &str| {
                let (due, no) = text.split_once('.')?;
                Some((due.parse().ok()?, no.parse().ok()?))
            };
            Some(Self { told: Seen::read(told, due)?, rest: Seen::read(rest, |text| Some(text.to_owned()))? })
        };
        both().ok_or_else(|| refuse::invalid("cursor: it is none of this list; leave it out to begin anew"))
    }

    fn write(&self) -> Option<String> {
        if (&self.told, &self.rest) == (&Seen::All, &Seen::All) {
            return None;
        }
        let told = self.told.write(|(due, no)| format!("{due}.{no}"));
        Some(format!("{told}~{}", self.rest.write(String::clone)))
    }
}
