//! Who changed what and why.

use crate::accept::IDEMPOTENCY_MS;
use crate::api::{Audit, ChangeKey, Made};
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::feed::Remark;
use crate::row::{millis, moment};
use notify_proto::audit::{AuditPage, AuditRequest, AuditView, MAX_ROWS};
use notify_proto::{ObjectKind, Severity, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

/// Rows that one page looks at.
const MAX_SCAN: i64 = 100_000;

/// Writes one row, in the transaction of the change, and tells those who watch of it.
pub fn write(desk: &mut Desk<'_>, verb: &'static str, target: &str, who: &Audit) -> Result<()> {
    let at = desk.now();
    desk.prepare(include_str!("sql/audit.sql"))?
        .execute((millis(at), &who.actor, verb, target, &who.reason))
        .map_err(StoreError::Write)?;
    if let Some(ChangeKey { who, key }) = &who.key {
        desk.prepare(include_str!("sql/change_key.sql"))?
            .execute((who, key, millis(at), verb, target, kept_since(at)))
            .map_err(StoreError::Write)?;
    }
    // What was changed stands before the colon, if it is one thing; how, or what else it was done to, is told in words.
    let (id, more) = target.split_once(": ").map_or((target, None), |(id, more)| (id, Some(more)));
    let (id, more) = if id.contains(' ') { ("", Some(target)) } else { (id, more) };
    let detail: Vec<_> = more.into_iter().chain(who.reason.as_deref()).collect();
    desk.remark(Remark {
        at,
        event: verb,
        severity: if who.actor == DAEMON { Severity::Warning } else { Severity::Info },
        object: object(verb),
        id: id.to_owned(),
        actor: Some(who.actor.clone()),
        detail: (!detail.is_empty()).then(|| detail.join(": ")),
    });
    Ok(())
}

/// From when on a key stands for what was changed for it, milliseconds.
fn kept_since(now: Timestamp) -> i64 {
    millis(now).saturating_sub(IDEMPOTENCY_MS)
}

/// What was changed for a key that is not forgotten at `now`.
pub fn made_for(connection: &Connection, key: &ChangeKey, now: Timestamp) -> Result<Option<Made>> {
    let mut query =
        connection.prepare_cached(include_str!("sql/change_key_find.sql")).map_err(StoreError::Read)?;
    let made = query.query_row((key.who, &key.key, kept_since(now)), |row| {
        Ok(Made { at: moment(row.get(0)?), verb: row.get(1)?, target: row.get(2)? })
    });
    made.optional().map_err(StoreError::Read)
}

/// The daemon as an actor: what it does by itself is because of a fault.
pub const DAEMON: &str = "notifyd";

/// What a change of this word is about.
fn object(verb: &str) -> ObjectKind {
    match verb.split('.').next().unwrap_or_default() {
        "service" => ObjectKind::Service,
        "provider" => ObjectKind::Provider,
        "queue" => ObjectKind::Queue,
        "webhook" => ObjectKind::Webhook,
        "operation" => ObjectKind::Operation,
        "store" => ObjectKind::Store,
        "daemon" => ObjectKind::Daemon,
        _ => ObjectKind::Notification,
    }
}

/// A page, newest first.
pub fn list(connection: &Connection, request: &AuditRequest) -> Result<AuditPage> {
    let wrong =
        |cursor: &str| StoreError::NotFound { kind: "cursor", name: cursor.chars().take(40).collect() };
    let before = match &request.after {
        Some(cursor) => cursor.parse().ok().filter(|no| *no > 0).ok_or_else(|| wrong(cursor))?,
        None => newest(connection)?.saturating_add(1),
    };
    let floor = before.saturating_sub(MAX_SCAN);
    let limit = request.limit.clamp(1, MAX_ROWS);
    let verb = request.verb.as_deref().unwrap_or("*");
    // A begin that no verb has matches none.
    let (verb, begin) = verb.strip_suffix('*').map_or((verb, "\n"), |begin| ("", begin));
    let read = || {
        let mut query = connection.prepare_cached(include_str!("sql/audits.sql"))?;
        let values = (
            before,
            floor,
            millis(request.since.unwrap_or(Timestamp::UNIX_EPOCH)),
            request.actor.as_deref().unwrap_or_default(),
            verb,
            begin,
            limit + 1,
        );
        let row = |row: &rusqlite::Row<'_>| {
            let no: i64 = row.get(0)?;
            Ok(AuditView {
                id: no.to_string(),
                at: moment(row.get(1)?),
                actor: row.get(2)?,
                verb: row.get(3)?,
                target: row.get(4)?,
                reason: row.get(5)?,
            })
        };
        query.query_map(values, row)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut items = read().map_err(StoreError::Read)?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let partial = !more && floor > 1;
    let next = match items.last() {
        Some(last) if more => Some(last.id.clone()),
        _ if partial => Some(floor.to_string()),
        _ => None,
    };
    Ok(AuditPage { items, next, partial })
}

fn newest(connection: &Connection) -> Result<i64> {
    connection.query_row(include_str!("sql/newest_audit.sql"), [], |row| row.get(0)).map_err(StoreError::Read)
}
