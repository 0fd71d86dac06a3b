//! Grants one wish to a batch. Each is judged by the rules that judge a single one; those that take the same step take it
//! together.

use super::step::{Found, tell};
use super::{Operation, Refused, to_json};
use crate::api::Backlog;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::millis;
use notify_proto::{FailureReason, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::steer::{Verdict, Wish};

/// How many took their step, and those that are refused. What is so already is neither.
pub fn grant(
    desk: &mut Desk<'_>,
    wish: Wish,
    operation: &Operation,
    found: &[Found],
) -> Result<(u64, Vec<Refused>)> {
    let mut granted: Vec<(Transition, Vec<&Found>)> = Vec::new();
    let mut refused = Vec::new();
    for it in found {
        match wish.judge(&it.waiting, desk.now()) {
            Ok(Verdict::Take(step)) => match granted.iter_mut().find(|(known, _)| *known == step) {
                Some((_, some)) => some.push(it),
                None => granted.push((step, vec![it])),
            },
            Ok(Verdict::Already) => {}
            Err(refusal) => {
                let Found { id, waiting, .. } = it;
                let why = Some(refusal.to_string());
                refused.push(Refused { id: *id, status: waiting.status, why });
            }
        }
    }
    let mut done = 0;
    for (step, some) in &granted {
        take(desk, operation, step, some)?;
        if let Some(event) = wish.tells() {
            some.iter()
                .try_for_each(|it| desk.owe(it.seq, it.fence + 1, it.step(step, desk.now()), event))?;
        }
        done += some.len() as u64;
    }
    Ok((done, refused))
}

fn take(desk: &mut Desk<'_>, operation: &Operation, step: &Transition, some: &[&Found]) -> Result<()> {
    let seqs: Vec<i64> = some.iter().map(|it| it.seq).collect();
    let (now, to) = (millis(desk.now()), step.to());
    desk.prepare(include_str!("../sql/bulk_steer.sql"))?
        .execute((
            to_json(&seqs)?,
            to.as_str(),
            step.due_at().map(millis),
            to.is_final().then_some(now),
            step.failure().map(FailureReason::as_str),
        ))
        .map_err(StoreError::Write)?;
    if to == Status::Queued {
        for it in some {
            let group = Group { priority: it.priority, retried: it.retried, service: it.service };
            desk.ring(Backlog { lane: it.lane.as_deref().unwrap_or_default().into(), group }, it.seq);
        }
    }
    desk.ring_timer();
    tell(desk, operation, some, step)
}
