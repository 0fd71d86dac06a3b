//! `notifyctl queue shape`: how much of what waits is how old, or due in how long.

mod webhooks;

use super::provider::find;
use crate::buckets::{Measure, columns, moments};
use crate::lane::{first, in_memory};
use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::shape::{BUCKETS, MAX_BUCKETS, MIN_BUCKETS, ShapeBy, ShapeRequest, ShapeRow, ShapeView};
use notify_proto::transport::Reply;
use notify_proto::{ProviderId, Status};
use notifyd_engine::Standing;
use notifyd_lifecycle::Lane;
use notifyd_store::api::{Look, Place, Waiting, Waits};
use notifyd_store::webhooks::Owing;
use notifyd_store::{Directory, Provider};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Rows of an answer; the rest is one row more.
const MAX_ROWS: usize = 500;

/// What there is a table of.
enum Shaped {
    /// What waits, in front of this provider alone or of all.
    Waits(Waits, Option<Arc<Provider>>),
    /// What is owed to webhooks.
    Webhooks,
}

impl Shaped {
    fn find(room: &Room, queue: Option<&str>) -> Reply<Self> {
        Ok(match queue {
            None | Some("queued") => Self::Waits(Waits::Queued, None),
            Some("retries") => Self::Waits(Waits::Retrying, None),
            Some("scheduled") => Self::Waits(Waits::Scheduled, None),
            Some("webhooks") => Self::Webhooks,
            Some(name) => Self::Waits(Waits::Queued, Some(find(room, name)?)),
        })
    }

    fn name(&self) -> &str {
        match self {
            Self::Waits(_, Some(provider)) => &provider.name,
            Self::Waits(Waits::Queued, None) => "queued",
            Self::Waits(Waits::Retrying, None) => "retries",
            Self::Waits(Waits::Scheduled, None) => "scheduled",
            Self::Webhooks => "webhooks",
        }
    }

    fn by(&self) -> ShapeBy {
        if matches!(self, Self::Waits(_, Some(_))) { ShapeBy::Service } else { ShapeBy::Provider }
    }

    fn measure(&self) -> Measure {
        if matches!(self, Self::Waits(Waits::Queued, _)) { Measure::Age } else { Measure::DueIn }
    }

    /// What of webhooks stands in it: what they did not take is tried again like all else.
    fn webhooks(&self) -> Option<Owing> {
        match self {
            Self::Waits(Waits::Retrying, _) => Some(Owing::Again),
            Self::Waits(..) => None,
            Self::Webhooks => Some(Owing::All),
        }
    }
}

/// How much waits.
pub(crate) async fn shape(session: &Session, request: &ShapeRequest) -> Reply<ShapeView> {
    let room = session.look()?;
    room.answers.shape.get(&*room.deps.clock, request, find_out(room, request)).await
}

async fn find_out(room: &Room, request: &ShapeRequest) -> Reply<ShapeView> {
    let columns_asked = request.buckets.unwrap_or(BUCKETS);
    if !(MIN_BUCKETS..=MAX_BUCKETS).contains(&columns_asked) {
        let message = format!("buckets: use a number of columns from {MIN_BUCKETS} to {MAX_BUCKETS}");
        return Err(refuse::invalid(message));
    }
    let what = Shaped::find(room, request.queue.as_deref())?;
    let by = request.by.unwrap_or(what.by());
    // The last column is that of the totals.
    let spans = usize::try_from(columns_asked).unwrap_or_default() - 1;
    let (measure, now) = (what.measure(), room.now());
    let edges = moments(measure, spans, now);
    let mut rows = Rows::new(spans);
    let mut view = ShapeView {
        queue: what.name().to_owned(),
        by: by.as_str().to_owned(),
        measure: measure.as_str().to_owned(),
        as_of: now,
        buckets: columns(measure, spans),
        ..ShapeView::default()
    };
    if let Shaped::Waits(waits, only) = &what {
        let standing = if by == ShapeBy::Provider || only.is_some() {
            Some(room.deps.engine.standing().await.map_err(refuse::log)?)
        } else {
            None
        };
        let look = Look { what: *waits, edges: edges.clone(), apart: strays(*waits, standing.as_ref()) };
        let found = room.deps.store.waiting(look).await.map_err(refuse::log)?;
        let directory = room.deps.store.directory();
        let table = Table { by, only: only.as_ref().map(|it| it.id), directory: &directory, standing };
        table.add(*waits, &found, &mut rows);
        if !found.whole {
            view.uncounted = uncounted(room, *waits, &found).await?;
        }
        if found.by_acceptance {
            "age_accepted".clone_into(&mut view.measure);
        }
        view.notes = notes(*waits, &found, &rows.total, view.uncounted);
    }
    if let Some(owing) = what.webhooks() {
        let told = webhooks::add(room, owing, by, edges, &mut rows).await?;
        view.uncounted += told.uncounted.unwrap_or(0);
        view.notes.extend(told.notes(owing));
    }
    (view.rows, view.total) = rows.sorted();
    Ok(view)
}

/// Those in memory that do not stand where the rest of their line would.
fn strays(what: Waits, standing: Option<&Standing>) -> HashSet<i64> {
    let Some(standing) = standing.filter(|_| what == Waits::Queued) else { return HashSet::new() };
    let astray = standing.memory.iter().filter(|it| first(&it.lane, standing) != Some(it.provider));
    astray.map(|it| it.seq).collect()
}

/// How many were not looked at.
async fn uncounted(room: &Room, what: Waits, found: &Waiting) -> Reply<u64> {
    let counts = room.deps.store.counts();
    let all = match what {
        Waits::Queued => counts.of(Status::Queued),
        Waits::Retrying => counts.of(Status::Retrying),
        // What waits for an operator has no time.
        Waits::Scheduled => {
            let held = room.deps.store.held().await.map_err(refuse::log)?;
            counts.of(Status::Pending).saturating_sub(held)
        }
    };
    let seen: u64 = found.places.iter().flat_map(|place| &place.counts).sum();
    Ok(all.saturating_sub(seen))
}

/// The rows of a table, and all of them together.
struct Rows {
    of: BTreeMap<(String, Option<String>), ShapeRow>,
    total: ShapeRow,
}

impl Rows {
    fn new(spans: usize) -> Self {
        let total = ShapeRow { name: "TOTAL".into(), counts: vec![0; spans], ..ShapeRow::default() };
        Self { of: BTreeMap::new(), total }
    }

    /// Adds to the row of that name and id; what is nothing makes no row.
    fn add(&mut self, name: String, id: Option<String>, counts: &[u64], estimated: u64) {
        if counts.iter().all(|count| *count == 0) {
            return;
        }
        self.total.add(counts, estimated);
        let row = self.of.entry((name.clone(), id.clone()));
        row.or_insert(ShapeRow { name, id, ..ShapeRow::default() }).add(counts, estimated);
    }

    /// The rows, those with most first, and all together.
    fn sorted(self) -> (Vec<ShapeRow>, ShapeRow) {
        let mut rows: Vec<ShapeRow> = self.of.into_values().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.total));
        if rows.len() > MAX_ROWS {
            let rest = rows.split_off(MAX_ROWS);
            let mut others = ShapeRow { name: format!("({} others)", rest.len()), ..ShapeRow::default() };
            for row in &rest {
                others.add(&row.counts, row.estimated);
            }
            rows.push(others);
        }
        (rows, self.total)
    }
}

/// What rows there are, and who stands in which.
struct Table<'a> {
    by: ShapeBy,
    /// The queue of this provider alone.
    only: Option<ProviderId>,
    directory: &'a Directory,
    /// Where work stands, when that is asked for.
    standing: Option<Standing>,
}

impl Table<'_> {
    /// Adds what is found to its rows.
    fn add(&self, what: Waits, found: &Waiting, rows: &mut Rows) {
        let places = self.standing.as_ref().map_or_else(
            || found.places.iter().map(|place| (place.clone(), None, 0)).collect(),
            |standing| placed(what, found, standing),
        );
        for (place, provider, estimated) in places {
            if self.only.is_some_and(|only| provider != Some(only)) {
                continue;
            }
            let (name, id) = self.name(&place, provider);
            rows.add(name, id, &place.counts, estimated);
        }
    }

    /// The name of the row of a place, and its id.
    fn name(&self, place: &Place, provider: Option<ProviderId>) -> (String, Option<String>) {
        let channel = || Lane::of(&place.lane).channel.map_or_else(String::new, |it| it.as_str().to_owned());
        match self.by {
            ShapeBy::Channel => (channel(), None),
            ShapeBy::Service => match self.directory.service_no(place.service) {
                Some(service) => (service.name.clone(), Some(service.id.to_string())),
                None => ("(a service that is gone)".into(), None),
            },
            ShapeBy::Provider => match provider {
                None => (format!("(any of {})", channel()), None),
                Some(id) => {
                    let known = self.directory.known_id(id);
                    let name = known.map_or_else(|| id.to_string(), |known| known.name.clone());
                    let gone = self.directory.provider(id).is_none();
                    (if gone { format!("({name}, removed)") } else { name }, Some(id.to_string()))
                }
            },
        }
    }
}

/// Each place with the provider in front of which it stands, and how many of it do so by estimate.
fn placed(what: Waits, found: &Waiting, standing: &Standing) -> Vec<(Place, Option<ProviderId>, u64)> {
    let known = in_memory(standing);
    let stands: HashMap<i64, ProviderId> = standing.memory.iter().map(|it| (it.seq, it.provider)).collect();
    let mut apart: HashMap<(&str, i64), Vec<u64>> = HashMap::new();
    let mut all = Vec::new();
    for (seq, place) in &found.apart {
        let moved = apart.entry((&*place.lane, place.service)).or_insert_with(|| vec![0; place.counts.len()]);
        for (sum, count) in moved.iter_mut().zip(&place.counts) {
            *sum += count;
        }
        all.push((place.clone(), stands.get(seq).copied(), 0));
    }
    for place in &found.places {
        let mut place = place.clone();
        if let Some(moved) = apart.get(&(&*place.lane, place.service)) {
            for (count, moved) in place.counts.iter_mut().zip(moved) {
                *count = count.saturating_sub(*moved);
            }
        }
        let provider = first(&place.lane, standing);
        let sure = match provider {
            _ if Lane::of(&place.lane).pinned.is_some() => u64::MAX,
            Some(provider) if what == Waits::Queued => {
                known.get(&(place.lane.clone(), place.service, provider)).copied().unwrap_or(0)
            }
            // That nobody is there for them is no estimate.
            None => u64::MAX,
            Some(_) => 0,
        };
        let estimated = place.counts.iter().sum::<u64>().saturating_sub(sure);
        all.push((place, provider, estimated));
    }
    all
}

/// What else there is to know.
fn notes(what: Waits, found: &Waiting, total: &ShapeRow, uncounted: u64) -> Vec<String> {
    let mut notes = Vec::new();
    if found.by_acceptance {
        notes.push("too many are queued to look at each: they are placed by when they were accepted, not by since when they are due".into());
    }
    if total.estimated > 0 {
        let why = match what {
            Waits::Queued => {
                "they are on disk, get their provider when they are read, and would go there now"
            }
            Waits::Retrying | Waits::Scheduled => {
                "they get their provider when they are due, and would go there now"
            }
        };
        notes.push(format!("{} of {} stand where they do by estimate: {why}", total.estimated, total.total));
    }
    if uncounted > 0 {
        let where_to = match what {
            Waits::Queued => "",
            Waits::Retrying | Waits::Scheduled => "; they are due later than all that is counted",
        };
        notes.push(format!("the count is partial: {uncounted} more were not looked at{where_to}"));
    }
    notes
}
