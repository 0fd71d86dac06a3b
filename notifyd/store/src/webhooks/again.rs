//! What webhooks did not take and are told again, of all of them, soonest first.

use super::endpoint::Endpoints;
use crate::error::{Result, StoreError};
use crate::row::{millis, moment, word};
use notify_proto::{DeliveryId, NotificationId, Timestamp, WebhookEvent};
use rusqlite::{Connection, Row};

/// Rows one look goes past at most: what is owed to those that are switched off waits for nothing, and is passed over.
const MAX_SCAN: usize = 20_000;

/// Which are looked for.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Behind this one: its due time, milliseconds, and its number.
    pub after: Option<(i64, i64)>,
    /// Due before.
    pub before: Option<Timestamp>,
    /// Of these services, by the store's numbers; of all when there is none.
    pub services: Option<Vec<i64>>,
    /// How many at most.
    pub limit: usize,
}

/// One event that is told again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The store's number.
    pub no: i64,
    /// When.
    pub due_at: Timestamp,
    /// Its id.
    pub id: DeliveryId,
    /// To whom, by the store's number.
    pub webhook: i64,
    /// Of which notification; none when it is a test.
    pub of: Option<NotificationId>,
    /// What is told.
    pub event: WebhookEvent,
    /// Tries so far.
    pub tries: u32,
    /// The answer to the last of them, when there was one.
    pub code: Option<u16>,
    /// What went wrong then.
    pub error: Option<String>,
    /// Since when it is owed.
    pub created_at: Timestamp,
    /// Since when its schedule counts, and after how many tries.
    pub counts: (Timestamp, u32),
}

/// Those that match, and whether there may be more behind the last one looked at, which is told too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Soonest first.
    pub items: Vec<Again>,
    /// The place of the last that was looked at, when there may be more.
    pub more: Option<(i64, i64)>,
}

pub(super) fn find(connection: &Connection, endpoints: &Endpoints, sought: &Sought) -> Result<Found> {
    let mut query =
        connection.prepare_cached(include_str!("../sql/delivery_retrying.sql")).map_err(StoreError::Read)?;
    let (due, no) = sought.after.unwrap_or((i64::MIN, 0));
    let before = sought.before.map_or(i64::MAX, millis);
    let mut rows = query.query((due, no, before)).map_err(StoreError::Read)?;
    let wanted = |webhook: i64| {
        let webhook = endpoints.get(webhook).filter(|it| it.settings.active);
        webhook.is_some_and(|it| sought.services.as_ref().is_none_or(|all| all.contains(&it.service)))
    };
    let (mut found, mut last, mut looked) = (Found::default(), None, 0);
    while let Some(row) = rows.next().map_err(StoreError::Read)? {
        if found.items.len() == sought.limit || looked == MAX_SCAN {
            found.more = last;
            break;
        }
        looked += 1;
        let it = again(row).map_err(StoreError::Read)?;
        last = Some((millis(it.due_at), it.no));
        if wanted(it.webhook) {
            found.items.push(it);
        }
    }
    Ok(found)
}

fn again(row: &Row<'_>) -> rusqlite::Result<Again> {
    Ok(Again {
        no: row.get(0)?,
        due_at: moment(row.get(1)?),
        id: DeliveryId::from_bytes(row.get(2)?),
        webhook: row.get(3)?,
        of: row.get::<_, Option<[u8; 16]>>(4)?.map(NotificationId::from_bytes),
        event: word(row, 5)?,
        tries: row.get(6)?,
        code: row.get(7)?,
        error: row.get(8)?,
        created_at: moment(row.get(9)?),
        counts: (moment(row.get(10)?), row.get(11)?),
    })
}
