//! Grants one wish to a batch. Each is judged by the rules that judge a single one; those that take the same step take it
//! together.

use super::step::{Found, Planned, tell};
use super::{Operation, Refused, to_json};
use crate::again;
use crate::api::Backlog;
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::millis;
use crate::steer::changes;
use notify_proto::{FailureReason, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::steer::{Again, Verdict, Wish};
use notifyd_lifecycle::transition::Budget;

/// How many took their step, and those that are refused. What is so already is neither.
pub fn grant(
    desk: &mut Desk<'_>,
    wish: Wish,
    operation: &Operation,
    found: &mut [Found],
) -> Result<(u64, Vec<Refused>)> {
    let mut granted: Vec<(Transition, Vec<&Found>)> = Vec::new();
    let mut refused = Vec::new();
    for it in found {
        let step = match wish.judge(&it.waiting, desk.now()) {
            Ok(Verdict::Take(step)) => step,
            Ok(Verdict::Already) => continue,
            Err(refusal) => {
                refused.push(it.refused(Some(refusal.to_string())));
                continue;
            }
        };
        if let Wish::Retry(again) = wish
            && let Err(why) = start(desk, again, &step, it)
        {
            refused.push(it.refused(Some(why)));
            continue;
        }
        match granted.iter_mut().find(|(known, _)| *known == step) {
            Some((_, some)) => some.push(it),
            None => granted.push((step, vec![it])),
        }
    }
    let mut done = 0;
    for (step, some) in &granted {
        take(desk, wish, operation, step, some)?;
        if let Some(event) = wish.tells() {
            some.iter()
                .try_for_each(|it| desk.owe(it.seq, it.fence + 1, it.step(step, desk.now()), event))?;
        }
        done += some.len() as u64;
    }
    Ok((done, refused))
}

/// Gives one that starts again the line it waits in then, or says why it cannot.
fn start(
    desk: &Desk<'_>,
    again: Again,
    step: &Transition,
    it: &mut Found,
) -> std::result::Result<(), String> {
    again::owned(desk, it.service).map_err(|gone| gone.to_string())?;
    if again.restarts(step) {
        let Some(Planned { plan, message }) = it.planned.take() else {
            return Err("what it was to send cannot be read".to_owned());
        };
        it.lane =
            again::lane(desk, again, plan, &message.addresses).map_err(|refusal| refusal.to_string())?;
    }
    Ok(())
}

fn take(
    desk: &mut Desk<'_>,
    wish: Wish,
    operation: &Operation,
    step: &Transition,
    some: &[&Found],
) -> Result<()> {
    let (now, to) = (millis(desk.now()), step.to());
    if let Wish::Retry(again) = wish {
        let some: Vec<_> = some.iter().map(|it| (it.seq, it.lane.as_str())).collect();
        again::take(desk, again, step, &some)?;
    } else {
        let seqs: Vec<i64> = some.iter().map(|it| it.seq).collect();
        desk.prepare(include_str!("../sql/bulk_steer.sql"))?
            .execute((
                to_json(&seqs)?,
                to.as_str(),
                step.due_at().map(millis),
                to.is_final().then_some(now),
                step.failure().map(FailureReason::as_str),
            ))
            .map_err(StoreError::Write)?;
    }
    if to == Status::Queued {
        for it in some {
            let retried = it.retried && step.budget() != Budget::Reset;
            let group = Group { priority: it.priority, retried, service: it.service };
            desk.ring(Backlog { lane: it.lane.as_str().into(), group }, it.seq);
        }
    }
    desk.ring_timer();
    let changes: Vec<_> = changes(&desk.directory(), wish, step).collect();
    tell(desk, operation, some, step, &changes)
}
