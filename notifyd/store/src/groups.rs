//! What waits for a time, told apart by what it has in common.
//!
//! Of what is due first no more than [`MAX_SCAN`] rows are looked at, and the answer says so when there are more.

use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::filter::{conditions, needs_message, numbers};
use crate::row::moment;
use crate::webhooks::{Endpoints, Tally};
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::schedule::{WaitingGroup, WaitingGroups};
use notify_proto::{GroupBy, NotificationId};
use notifyd_lifecycle::fault;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use std::collections::HashMap;

/// Rows looked at.
pub const MAX_SCAN: u64 = 20_000;

/// Groups kept apart while looking.
const MAX_GROUPS: usize = 2_000;

/// The `limit` largest groups of what is due first and matches.
pub(crate) fn waiting(
    connection: &Connection,
    directory: &Directory,
    filter: &Filter,
    by: GroupBy,
    limit: usize,
) -> Result<WaitingGroups> {
    let scanned = scanned(connection).map_err(StoreError::Read)?;
    let (groups, mut elsewhere) = tally(connection, directory, filter, by).map_err(StoreError::Read)?;
    let mut groups: Vec<_> = groups.into_values().collect();
    largest_first(&mut groups);
    elsewhere += groups.iter().skip(limit).map(size).sum::<u64>();
    groups.truncate(limit);
    let (scanned, partial) = (scanned.min(MAX_SCAN), scanned > MAX_SCAN);
    Ok(WaitingGroups { by: by.into(), groups, elsewhere, scanned, partial })
}

/// Both, the largest first.
pub(crate) fn together(mut one: WaitingGroups, other: WaitingGroups, limit: usize) -> WaitingGroups {
    one.groups.extend(other.groups);
    largest_first(&mut one.groups);
    one.elsewhere += other.elsewhere + one.groups.iter().skip(limit).map(size).sum::<u64>();
    one.groups.truncate(limit);
    one.scanned += other.scanned;
    one.partial |= other.partial;
    one
}

fn size(group: &WaitingGroup) -> u64 {
    group.retrying + group.pending
}

fn largest_first(groups: &mut [WaitingGroup]) {
    groups.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name)));
}

/// The same of what is owed to webhooks, each a group; of a filter, only what it says of services counts. `tallies` is how
/// much there is for each.
pub(crate) fn webhooks(
    connection: &Connection,
    directory: &Directory,
    endpoints: &Endpoints,
    tallies: &HashMap<i64, Tally>,
    filter: &Filter,
    limit: usize,
) -> Result<WaitingGroups> {
    let fits = |service: i64| {
        filter.terms.iter().all(|term| match term {
            Term::Is { field: Field::Service, values, negate } => {
                let named = values.iter().any(|it| numbers(directory.all_services(), it).contains(&service));
                named != *negate
            }
            _ => true,
        })
    };
    let mut told: Vec<_> =
        tallies.iter().filter_map(|(no, it)| Some((endpoints.get(*no)?, it.owed()))).collect();
    told.retain(|(webhook, owed)| *owed > 0 && fits(webhook.service));
    told.sort_by(|(a, few), (b, many)| many.cmp(few).then(a.no.cmp(&b.no)));
    let elsewhere = told.iter().skip(limit).map(|(_, owed)| owed).sum();
    let (mut groups, mut scanned, mut partial) = (Vec::new(), 0, false);
    for (webhook, owed) in told.into_iter().take(limit) {
        let most = MAX_SCAN - scanned;
        let mut group = webhook_group(connection, webhook.no, most).map_err(StoreError::Read)?;
        let seen = group.retrying + group.pending;
        (scanned, partial) = (scanned + seen, partial || seen < owed && seen == most);
        let service = directory.whose(webhook.service).map_or("", |(_, name)| name);
        group.name = format!("{service} {}", webhook.settings.url);
        group.webhook = Some(webhook.id);
        if seen > 0 {
            groups.push(group);
        }
    }
    Ok(WaitingGroups { by: GroupBy::Webhook.into(), groups, elsewhere, scanned, partial })
}

fn webhook_group(connection: &Connection, webhook: i64, most: u64) -> rusqlite::Result<WaitingGroup> {
    let mut group = WaitingGroup::default();
    let mut query = connection.prepare_cached(include_str!("sql/schedule_webhook.sql"))?;
    let mut rows = query.query((webhook, i64::try_from(most).unwrap_or(i64::MAX)))?;
    while let Some(row) = rows.next()? {
        let id: Option<[u8; 16]> = row.get(4)?;
        let error = row.get_ref(3)?.as_str_or_null()?.map(fault::template);
        add(&mut group, row, id.map(NotificationId::from_bytes), error)?;
    }
    Ok(group)
}

/// How many wait for a time, and one more than enough when there are more.
fn scanned(connection: &Connection) -> rusqlite::Result<u64> {
    let mut query = connection.prepare_cached(include_str!("sql/schedule_first.sql"))?;
    query.query_row((i64::MIN, MAX_SCAN + 1), |row| row.get(0))
}

fn tally(
    connection: &Connection,
    directory: &Directory,
    filter: &Filter,
    by: GroupBy,
) -> rusqlite::Result<(HashMap<String, WaitingGroup>, u64)> {
    let wanted = conditions(directory, Scope::All, filter);
    let join = if needs_message(filter) { "CROSS JOIN messages m ON m.seq = n.seq" } else { "" };
    let sql = format!("{} {join} WHERE {}", include_str!("sql/schedule_group.sql"), wanted.text());
    let bounds = [Value::from(i64::MIN), Value::from(i64::try_from(MAX_SCAN).unwrap_or(i64::MAX))];
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(bounds.into_iter().chain(wanted.values)))?;
    let (mut groups, mut elsewhere) = (HashMap::<String, WaitingGroup>::new(), 0);
    while let Some(row) = rows.next()? {
        let name = name(row, directory, by)?;
        if let Some(group) = groups.get_mut(&name) {
            add(group, row, sample(row)?, error(row)?)?;
        } else if groups.len() < MAX_GROUPS {
            let mut group = WaitingGroup { name: name.clone(), ..WaitingGroup::default() };
            add(&mut group, row, sample(row)?, error(row)?)?;
            groups.insert(name, group);
        } else {
            elsewhere += 1;
        }
    }
    Ok((groups, elsewhere))
}

/// What a row has in common with others.
fn name(row: &Row<'_>, directory: &Directory, by: GroupBy) -> rusqlite::Result<String> {
    Ok(match by {
        GroupBy::Error => error(row)?.unwrap_or_default(),
        GroupBy::Provider | GroupBy::Queue => {
            let no: Option<i64> = row.get(3)?;
            no.and_then(|no| directory.known_no(no)).map(|it| it.name.clone()).unwrap_or_default()
        }
        GroupBy::Service => {
            let no: i64 = row.get(4)?;
            let service = directory.services().iter().find(|it| it.no == no);
            service.map(|it| it.name.clone()).unwrap_or_default()
        }
        GroupBy::Channel => row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        // Those are not told apart here.
        GroupBy::Webhook => String::new(),
    })
}

/// The error without what differs from one to the next, so that nothing of what was sent is in it.
fn error(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    Ok(row.get_ref(6)?.as_str_or_null()?.map(fault::template))
}

fn sample(row: &Row<'_>) -> rusqlite::Result<Option<NotificationId>> {
    Ok(Some(NotificationId::from_bytes(row.get(7)?)))
}

/// One more, from three columns: status, due_at and how often it was tried.
fn add(
    group: &mut WaitingGroup,
    row: &Row<'_>,
    sample: Option<NotificationId>,
    error: Option<String>,
) -> rusqlite::Result<()> {
    if row.get_ref(0)?.as_str()? == "retrying" {
        group.retrying += 1;
    } else {
        group.pending += 1;
    }
    match row.get::<_, u32>(2)? {
        0 => {}
        1 => group.tried_once += 1,
        2 => group.tried_twice += 1,
        _ => group.tried_more += 1,
    }
    let due = moment(row.get(1)?);
    // They come in the order in which they are due.
    group.last_at = Some(due);
    if group.next_at.is_none() {
        group.next_at = Some(due);
        (group.sample, group.error) = (sample, error);
    }
    Ok(())
}
