//! What the newest notifications have in their fields.

use crate::api::Scope;
use crate::directory::Directory;
use crate::error::{Result, StoreError};
use crate::filter::conditions;
use crate::row::priority;
use notify_proto::filter::Filter;
use notify_proto::values::{FIELDS, MAX_LOOKED_AT, MAX_VALUES, ValueCount, ValuesView};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Values of a field told apart while looking; who has more names each of them once.
const MAX_KEPT: usize = 1_000;

/// The most frequent values of each field among the newest that match.
pub(crate) fn values(connection: &Connection, directory: &Directory, filter: &Filter) -> Result<ValuesView> {
    look(connection, directory, filter).map_err(StoreError::Read)
}

fn look(connection: &Connection, directory: &Directory, filter: &Filter) -> rusqlite::Result<ValuesView> {
    // The first that is not looked at any more, by the key.
    let mut older =
        connection.prepare_cached("SELECT seq FROM notifications ORDER BY seq DESC LIMIT 1 OFFSET ?1")?;
    let older: Option<i64> = older.query_row([MAX_LOOKED_AT], |row| row.get(0)).optional()?;
    let floor = older.unwrap_or(i64::MIN);
    let mut count = connection.prepare_cached("SELECT count(*) FROM notifications WHERE seq > ?1")?;
    let scanned = count.query_row([floor], |row| row.get(0))?;
    let mut wanted = conditions(directory, Scope::All, filter);
    wanted.and("n.seq > ?", [Value::from(floor)]);
    let sql = format!(
        "SELECT n.status, n.channel, n.priority, n.service, n.provider, n.failure_reason, \
         json_extract(m.body, '$.message.event_type'), json_extract(m.body, '$.message.tenant_id') \
         FROM notifications n CROSS JOIN messages m ON m.seq = n.seq WHERE {}",
        wanted.text()
    );
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(wanted.values))?;
    let mut all: [HashMap<String, u64>; FIELDS.len()] = Default::default();
    while let Some(row) = rows.next()? {
        for (n, counts) in all.iter_mut().enumerate() {
            let Some(value) = field(row, n, directory)? else { continue };
            if let Some(count) = counts.get_mut(&value) {
                *count += 1;
            } else if counts.len() < MAX_KEPT {
                counts.insert(value, 1);
            }
        }
    }
    let values = FIELDS.iter().zip(all).map(|(name, counts)| ((*name).to_owned(), most(counts)));
    Ok(ValuesView { scanned, partial: older.is_some(), values: values.collect() })
}

/// The value of the field with this place among [`FIELDS`].
fn field(row: &Row<'_>, n: usize, directory: &Directory) -> rusqlite::Result<Option<String>> {
    Ok(match FIELDS[n] {
        "priority" => Some(priority(row, n)?.to_string()),
        "service" => directory.service_no(row.get(n)?).map(|it| it.name.clone()),
        "provider" => {
            let no: Option<i64> = row.get(n)?;
            no.and_then(|no| directory.known_no(no)).map(|it| it.name.clone())
        }
        _ => row.get(n)?,
    })
}

/// The most frequent, the most frequent first.
fn most(counts: HashMap<String, u64>) -> Vec<ValueCount> {
    let mut all: Vec<_> = counts.into_iter().map(|(value, count)| ValueCount { value, count }).collect();
    all.sort_by(|a, b| (Reverse(a.count), &a.value).cmp(&(Reverse(b.count), &b.value)));
    all.truncate(MAX_VALUES);
    all
}
