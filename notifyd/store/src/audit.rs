//! Who changed what and why.

use crate::api::Audit;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::millis;

/// Writes one row, in the transaction of the change.
pub fn write(desk: &Desk<'_>, verb: &str, target: &str, who: &Audit) -> Result<()> {
    desk.prepare(include_str!("sql/audit.sql"))?
        .execute((millis(desk.now()), &who.actor, verb, target, &who.reason))
        .map_err(StoreError::Write)?;
    Ok(())
}
