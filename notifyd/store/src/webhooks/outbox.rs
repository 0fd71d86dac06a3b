//! What is owed: written in the transaction of the step it tells of.

use super::endpoint::Route;
use crate::api::Audit;
use crate::audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::millis;
use notify_proto::{DeliveryId, NotificationId, Timestamp, WebhookEvent, WebhookStatus};
use sha2::{Digest, Sha256};

/// A step of a notification that webhooks are told of.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The store's number of the notification.
    pub seq: i64,
    /// Its id.
    pub id: NotificationId,
    /// The number of the event in its story.
    pub n: u32,
    /// What happened.
    pub event: WebhookEvent,
    /// When.
    pub at: Timestamp,
}

/// Writes it down for each of these that is told of it. The row of the notification stands already as it does after the
/// step, and is read once for all of them: an endpoint more costs its row and no more.
pub fn owe(desk: &mut Desk<'_>, routes: &[Route], told: &Told) -> Result<()> {
    let mut routes = routes.iter().filter(|route| route.events.has(told.event)).peekable();
    if routes.peek().is_none() {
        return Ok(());
    }
    let (attempts, retries, next): (u32, u32, Option<i64>) = desk
        .prepare(include_str!("../sql/delivery_of.sql"))?
        .query_row([told.seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(StoreError::Write)?;
    let mut row = desk.prepare(include_str!("../sql/delivery_owe.sql"))?;
    let (event, at) = (told.event.as_str(), millis(told.at));
    for route in routes {
        let id = delivery_id(route, told);
        row.execute((id.as_bytes(), route.webhook, told.seq, told.n, event, attempts, retries, next, at))
            .map_err(StoreError::Write)?;
        desk.told(route.webhook, None, Some(WebhookStatus::Pending));
    }
    Ok(())
}

/// The same for the same event and webhook, whoever computes it.
fn delivery_id(route: &Route, told: &Told) -> DeliveryId {
    let mut hash = Sha256::new();
    hash.update(told.id.as_bytes());
    hash.update(told.n.to_le_bytes());
    hash.update(route.id.as_bytes());
    let digest = hash.finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    DeliveryId::from_parts(u64::try_from(millis(told.at)).unwrap_or_default(), random)
}

/// Writes down a test: an event of no notification.
pub fn test(desk: &mut Desk<'_>, no: i64, id: DeliveryId, event: WebhookEvent, who: &Audit) -> Result<()> {
    let endpoints = desk.endpoints();
    let Some(webhook) = endpoints.get(no) else {
        return Err(StoreError::NotFound { kind: "webhook", name: no.to_string() });
    };
    desk.prepare(include_str!("../sql/delivery_test.sql"))?
        .execute((id.as_bytes(), no, event.as_str(), millis(desk.now())))
        .map_err(StoreError::Write)?;
    audit::write(desk, "webhook.test", &webhook.id.to_string(), who)?;
    desk.told(no, None, Some(WebhookStatus::Pending));
    Ok(())
}
