//! Another try: what it changes of a notification besides its status, for one or many.

use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::operations::to_json;
use crate::row::millis;
use notify_proto::Channel;
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::steer::{Again, Refusal};
use notifyd_lifecycle::transition::Budget;
use notifyd_lifecycle::{Plan, Transition};
use std::collections::BTreeMap;

/// Refuses what nobody is left to answer for.
pub fn owned(desk: &Desk<'_>, service: i64) -> Result<()> {
    if desk.directory().service_no(service).is_none() {
        return Err(StoreError::ServiceGone);
    }
    desk.still_there(service)
}

/// The line in which one waits whose cycle begins anew.
pub fn lane(
    desk: &Desk<'_>,
    again: Again,
    mut plan: Plan,
    addresses: &BTreeMap<Channel, Vec<String>>,
) -> std::result::Result<String, Refusal> {
    if let Some(id) = again.provider {
        let directory = desk.directory();
        let served = directory.provider(id).map_or(&[][..], |provider| &provider.channels);
        if !plan.reaches(addresses, served) {
            return Err(Refusal::Unserved);
        }
        plan.pin(id);
    }
    Ok(plan.lane(addresses, &Progress::default()))
}

/// Takes the step with each of these: its number, and the line in which it waits then.
pub fn take(desk: &Desk<'_>, again: Again, step: &Transition, some: &[(i64, &str)]) -> Result<()> {
    let list = to_json(&some)?;
    desk.prepare(include_str!("sql/again.sql"))?
        .execute((
            &list,
            step.to().as_str(),
            step.due_at().map(millis),
            step.budget() == Budget::Reset,
            again.restarts(step),
            millis(desk.now()),
        ))
        .map_err(StoreError::Write)?;
    if let Some(provider) = again.provider {
        desk.prepare(include_str!("sql/again_pin.sql"))?
            .execute((&list, provider.to_string()))
            .map_err(StoreError::Write)?;
    }
    Ok(())
}
