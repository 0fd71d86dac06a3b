//! What waits for a time, told apart by what it has in common.
//!
//! Of what is due first no more than [`MAX_SCAN`] rows are looked at, and the answer says so when there are more.

use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::filter::{conditions, needs_message};
use crate::row::moment;
use notify_proto::filter::Filter;
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
    let size = |group: &WaitingGroup| group.retrying + group.pending;
    groups.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name)));
    elsewhere += groups.iter().skip(limit).map(size).sum::<u64>();
    groups.truncate(limit);
    let (scanned, partial) = (scanned.min(MAX_SCAN), scanned > MAX_SCAN);
    Ok(WaitingGroups { by: by.into(), groups, elsewhere, scanned, partial })
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
            add(group, row)?;
        } else if groups.len() < MAX_GROUPS {
            let mut group = WaitingGroup { name: name.clone(), ..WaitingGroup::default() };
            add(&mut group, row)?;
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
        GroupBy::Provider => {
            let no: Option<i64> = row.get(3)?;
            no.and_then(|no| directory.known_no(no)).map(|it| it.name.clone()).unwrap_or_default()
        }
        GroupBy::Service => {
            let no: i64 = row.get(4)?;
            let service = directory.services().iter().find(|it| it.no == no);
            service.map(|it| it.name.clone()).unwrap_or_default()
        }
        GroupBy::Channel => row.get::<_, Option<String>>(5)?.unwrap_or_default(),
    })
}

/// The error without what differs from one to the next, so that nothing of what was sent is in it.
fn error(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    Ok(row.get_ref(6)?.as_str_or_null()?.map(fault::template))
}

fn add(group: &mut WaitingGroup, row: &Row<'_>) -> rusqlite::Result<()> {
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
        group.sample = Some(NotificationId::from_bytes(row.get(7)?));
        group.error = error(row)?;
    }
    Ok(())
}
