//! A webhook is created once for an idempotency key, among whose rows are also those of notifications: for a service, a key
//! stands for one request, whatever it asks for.

use super::{NewWebhook, rows};
use crate::accept::{IDEMPOTENCY_MS, idempotency_fingerprint};
use crate::api::{Audit, Idempotency};
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::millis;
use notify_proto::WebhookId;
use rusqlite::OptionalExtension;

/// What became of a webhook that was to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is on disk.
    Fresh(WebhookId),
    /// The idempotency key was used with this request before, and created this one.
    Before(WebhookId),
    /// The idempotency key was used with another request.
    KeyReused,
}

/// What stands in the columns of a row that are a notification's.
const NO_CHANNEL: &str = "";
const NO_STATUS: &str = "";

/// Adds it, unless the key was used before.
pub fn create(
    desk: &mut Desk<'_>,
    new: &NewWebhook,
    sealed: &[u8],
    key: &Idempotency,
    who: &Audit,
) -> Result<Created> {
    if let Some(before) = used(desk, new.service, key)? {
        return Ok(before);
    }
    rows::create(desk, new, sealed, who)?;
    let now = millis(desk.now());
    let no = desk
        .prepare(include_str!("../sql/idempotency_add.sql"))?
        .insert((
            new.service,
            &key.key,
            key.request,
            new.id.as_bytes(),
            now,
            NO_STATUS,
            NO_CHANNEL,
            None::<&str>,
            false,
            now,
        ))
        .map_err(StoreError::Write)?;
    desk.idempotency().add(idempotency_fingerprint(new.service, &key.key), no);
    Ok(Created::Fresh(new.id))
}

/// What came of the request that used this key before.
pub fn used(desk: &Desk<'_>, service: i64, key: &Idempotency) -> Result<Option<Created>> {
    let (connection, _, index) = desk.indexes();
    let fingerprint = idempotency_fingerprint(service, &key.key);
    let Some(no) = index.find(connection, fingerprint).map_err(StoreError::Write)? else { return Ok(None) };
    let oldest = millis(desk.now()).saturating_sub(IDEMPOTENCY_MS);
    desk.prepare(include_str!("../sql/idempotency_get.sql"))?
        .query_row((no, service, &key.key, oldest), |row| {
            let same = row.get::<_, [u8; 32]>(0)? == key.request;
            Ok(if same { Created::Before(WebhookId::from_bytes(row.get(1)?)) } else { Created::KeyReused })
        })
        .optional()
        .map_err(StoreError::Write)
}
