//! Has something told once more.

use crate::api::Audit;
use crate::audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::{millis, word};
use notify_proto::{DeliveryId, WebhookStatus};
use rusqlite::OptionalExtension;

/// Has one told once more, with a fresh schedule; whether it is known.
pub fn redeliver(desk: &mut Desk<'_>, id: DeliveryId, who: &Audit) -> Result<bool> {
    let found: Option<(i64, i64, WebhookStatus)> = desk
        .prepare(include_str!("../sql/delivery_find.sql"))?
        .query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, word(row, 2)?)))
        .optional()
        .map_err(StoreError::Write)?;
    let Some((no, webhook, status)) = found else { return Ok(false) };
    if desk.endpoints().get(webhook).is_none() {
        return Ok(false);
    }
    start(desk, webhook, no, status)?;
    audit::write(desk, "webhook.resend", &id.to_string(), who)?;
    Ok(true)
}

/// Has these told once more, unless they are owed by now; how many.
pub fn again(desk: &mut Desk<'_>, webhook: i64, nos: &[i64]) -> Result<u64> {
    let mut told = 0;
    for no in nos {
        let status: Option<WebhookStatus> = desk
            .prepare(include_str!("../sql/delivery_status.sql"))?
            .query_row((no, webhook), |row| word(row, 0))
            .optional()
            .map_err(StoreError::Write)?;
        if let Some(status @ (WebhookStatus::Acknowledged | WebhookStatus::Failed)) = status {
            start(desk, webhook, *no, status)?;
            told += 1;
        }
    }
    Ok(told)
}

fn start(desk: &mut Desk<'_>, webhook: i64, no: i64, from: WebhookStatus) -> Result<()> {
    desk.prepare(include_str!("../sql/delivery_again.sql"))?
        .execute((no, millis(desk.now())))
        .map_err(StoreError::Write)?;
    desk.told(webhook, Some(from), Some(WebhookStatus::Pending));
    Ok(())
}
