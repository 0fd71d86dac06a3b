//! `notifyctl doctor`: whether all is there that the daemon needs. Nothing is sent and nothing changed; the other ends of
//! providers and webhooks are connected to, and hung up on.

use crate::operations::view;
use crate::session::{Room, Session};
use crate::{bound, refuse};
use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::stream;
use notify_proto::checkup::{Check, Checkup, Finding};
use notify_proto::transport::Reply;
use notify_proto::upkeep::{OperationState, StorageView, size};
use notify_proto::view::{ProviderView, rfc3339};
use notify_proto::{HoldKind, Timestamp, WebhookFault};
use notifyd_engine::Reach;
use notifyd_store::webhooks::Webhook;
use notifyd_store::{Cause, Provider, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How long the other end of one may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections made at the same time.
const AT_ONCE: usize = 32;

/// Providers and webhooks that are connected to, each: the first ones. So the whole look ends in reasonable time.
const CONNECTED: usize = 100;

/// Operations among which the last check of the log is looked for.
const REMEMBERED: usize = 200;

/// For so long a change of the clock is told of.
const LATELY: TimeDelta = TimeDelta::hours(24);

/// Looks at everything.
pub(crate) async fn doctor(session: &Session) -> Reply<Checkup> {
    let room = session.look()?;
    let connects = session.may_change();
    let storage = room.deps.upkeep.storage().await.map_err(refuse::log)?;
    let mut checks = vec![clock(room), database(room, &storage), looked_through(room).await];
    checks.extend([checked(room).await?, disk(&storage)]);
    checks.push(backup(&storage, room.now()));
    checks.extend(providers(room, connects).await);
    checks.extend(webhooks(room, connects).await);
    fit(&mut checks);
    Ok(Checkup { as_of: room.now(), checks })
}

/// Leaves out what does not fit into one answer: webhooks that are well, before anything else.
fn fit(checks: &mut Vec<Check>) {
    let all = checks.len();
    if bound::fitting(checks) < all {
        checks.retain(|it| it.check != "webhook" || it.result != Finding::Ok);
        checks.truncate(bound::fitting(checks));
        let many = all - checks.len();
        checks.push(Check::new("webhook", Finding::Skipped, format!("{many} more are left out here")));
    }
}

fn clock(room: &Room) -> Check {
    let check = |result, found: String| Check::new("clock", result, found);
    let set = room.deps.engine.figures().pace.clock_set;
    match set.filter(|(at, _)| room.now() - *at < LATELY) {
        None => check(Finding::Ok, "nobody has set the daemon's clock lately".into()),
        Some((at, by)) => {
            let by = TimeDelta::milliseconds(by).as_seconds_f64();
            check(Finding::Warning, format!("the clock was set by {by:+.1} s at {}", rfc3339(at)))
                .advice("see that one service alone keeps the time here: timedatectl status")
        }
    }
}

fn database(room: &Room, storage: &StorageView) -> Check {
    let check = |result, found: String| Check::new("database", result, found).of(&*storage.path);
    match room.deps.store.latched() {
        None => {
            let sizes = format!("{}, schema {}", size(storage.database_bytes), storage.schema);
            check(Finding::Ok, format!("it can be read and written: {sizes}"))
        }
        Some(cause) => {
            let what = if cause.delivers() { "nothing new is taken" } else { "nothing is taken or sent" };
            let advice = match cause {
                Cause::DiskLow | Cause::DiskFull => "make room on its disk; it goes on by itself then",
                Cause::Pinned => "end the other program that reads the log (fuser names it)",
                Cause::Failed => "see journalctl -u notifyd, then restart it",
                Cause::Closed => "the daemon is stopping; start it again",
            };
            check(Finding::Problem, format!("{what}: {}", cause.reason())).advice(advice)
        }
    }
}

/// A look through the log as it lies there, for a moment.
async fn looked_through(room: &Room) -> Check {
    let check = |result, found: &str| Check::new("quick_check", result, found);
    let begun = tokio::time::Instant::now();
    let looked = room.deps.upkeep.quick_check().await;
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).ok();
    let seen = match looked {
        Ok(problems) => match problems.first() {
            None => check(Finding::Ok, "a quick look through the log found nothing wrong"),
            Some(first) => check(
                Finding::Problem,
                &format!("the log is damaged: {first} ({} found)", problems.len()),
            )
            .advice(
                "stop notifyd and restore a backup: notifyd --restore FILE; notifyctl store stats lists them",
            ),
        },
        Err(StoreError::Slow) => {
            check(Finding::Skipped, "the log is too large to be looked through in a second")
                .advice("notifyctl store check reads every page of a copy, while the daemon runs")
        }
        Err(error) => check(Finding::Problem, &format!("the log cannot be looked through: {error}"))
            .advice("see journalctl -u notifyd"),
    };
    Check { elapsed_ms, ..seen }
}

/// What the last check of every page said. A check reads the whole log, so none is begun here.
async fn checked(room: &Room) -> Reply<Check> {
    let all = room.deps.store.operations().list(REMEMBERED).await.map_err(refuse::log)?;
    let check = |result, found: String| Check::new("integrity", result, found);
    let last = all.into_iter().find(|it| it.verb == "store.check" && it.state != OperationState::Running);
    let Some(last) = last.map(view) else {
        return Ok(check(Finding::Skipped, "nobody has had every page of the log checked lately".into())
            .advice("notifyctl store check does so while the daemon runs"));
    };
    let at = last.finished_at.map_or_else(String::new, |at| format!(" at {}", rfc3339(at)));
    Ok(match (last.state, &last.error) {
        (OperationState::Done, _) => {
            let said = last.result.unwrap_or_else(|| "the log is whole".into());
            check(Finding::Ok, format!("checked{at}: {said}"))
        }
        (OperationState::Failed, Some(error)) => {
            check(Finding::Problem, format!("checked{at}: {}", error.message)).advice(
                error.hint.clone().unwrap_or_else(|| format!("see notifyctl operation show {}", last.id)),
            )
        }
        _ => check(Finding::Skipped, format!("the last check was given up{at}"))
            .advice("notifyctl store check begins another one"),
    })
}

fn disk(storage: &StorageView) -> Check {
    let (free, floor) = (storage.disk_free_bytes, storage.disk_floor_bytes);
    let (free_said, floor_said) = (size(free), size(floor));
    let check = |result, found: String| Check::new("disk", result, found);
    if free < floor {
        return check(Finding::Problem, format!("{free_said} are free, less than the floor of {floor_said}"))
            .advice(
                "make room, or prune: notifyctl store prune --older-than 30d --status delivered --dry-run",
            );
    }
    if free < floor.saturating_mul(2) {
        return check(Finding::Warning, format!("{free_said} are free; below {floor_said} nothing is taken"))
            .advice("make room before it is needed, see notifyctl store stats");
    }
    check(Finding::Ok, format!("{free_said} are free; below {floor_said} nothing new is taken"))
}

fn backup(storage: &StorageView, now: Timestamp) -> Check {
    let last = storage.backups.first().and_then(|it| it.made_at);
    let Some(last) = last else {
        return Check::new("backup", Finding::Skipped, "there is no backup in the usual place")
            .advice("notifyctl store backup makes one while the daemon runs");
    };
    let days = (now - last).num_days();
    let age = match days {
        ..=0 => "less than a day old".to_owned(),
        1 => "a day old".to_owned(),
        days => format!("{days} days old"),
    };
    Check::new("backup", Finding::Ok, format!("the newest backup is {age}"))
}

async fn providers(room: &Room, connects: bool) -> Vec<Check> {
    let directory = room.deps.store.directory();
    if directory.providers().is_empty() {
        let none = Check::new("provider", Finding::Problem, "there is no provider: nothing can be sent");
        return vec![none.advice("notifyctl provider seed, or notifyctl provider add")];
    }
    let all: Vec<_> = directory.providers().iter().cloned().enumerate().collect();
    let looks =
        all.into_iter().map(|(at, it)| async move { provider(room, &it, connects && at < CONNECTED).await });
    let mut checks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    if !directory.providers().iter().any(|it| it.active) {
        let none = Check::new("provider", Finding::Problem, "no provider is active: nothing can be sent");
        checks.push(none.advice("notifyctl provider enable NAME"));
    }
    checks
}

/// Its settings first, then its other end, then whether it is used now.
async fn provider(room: &Room, it: &Provider, connects: bool) -> Check {
    let check = |result, found: String| Check::new("provider", result, found).of(&*it.name);
    if !connects {
        return standing(&room.provider_view(it)).unwrap_or_else(|| check(Finding::Skipped, unasked()));
    }
    let begun = tokio::time::Instant::now();
    let reached = room.deps.engine.reach_provider(it.id, PATIENCE).await;
    let took = u64::try_from(begun.elapsed().as_millis()).ok();
    let seen = match reached {
        Err(wrong) => check(Finding::Problem, format!("it cannot be used as it is set: {wrong}"))
            .advice(format!("notifyctl provider update {} --config-file FILE", it.name)),
        Ok(Reach::Away(why)) => Check {
            elapsed_ms: took,
            ..check(Finding::Problem, why).advice(format!(
                "see that it is there and lets notifyd in, then: notifyctl provider test {} --to ADDRESS",
                it.name
            ))
        },
        Ok(Reach::There(who)) => Check { elapsed_ms: took, ..check(Finding::Ok, who) },
        Ok(Reach::Nowhere(why)) => check(Finding::Ok, format!("it is ready; {why}")),
    };
    if seen.result == Finding::Problem {
        return if it.active { seen } else { Check { result: Finding::Warning, ..seen } };
    }
    standing(&room.provider_view(it)).map_or(seen, |standing| Check { elapsed_ms: took, ..standing })
}

/// What keeps new work from it, when its settings are well.
fn standing(it: &ProviderView) -> Option<Check> {
    let name = &it.name;
    let check = |result, found: String| Check::new("provider", result, found).of(&**name);
    let held = |kind| it.holds.iter().find(|hold| hold.kind.known() == Some(kind));
    if let Some(hold) =
        held(HoldKind::Disabled).or_else(|| held(HoldKind::Pause)).or_else(|| held(HoldKind::Drain))
    {
        let what = match hold.kind.known() {
            Some(HoldKind::Disabled) => "it is disabled",
            Some(HoldKind::Pause) => "its queue is paused",
            _ => "its queue is draining",
        };
        let until = hold.until.map_or_else(String::new, |at| format!(" until {}", rfc3339(at)));
        let end = format!("notifyctl queue hold cancel {}", hold.id);
        return Some(check(Finding::Warning, format!("{what}{until} by {}", hold.actor)).advice(end));
    }
    if !it.active {
        let enable = format!("notifyctl provider enable {name}");
        return Some(check(Finding::Skipped, "it is disabled".into()).advice(enable));
    }
    if it.circuit != "closed" {
        let why = it.circuit_reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let found = format!("its circuit is {}{why}", it.circuit.replace('_', "-"));
        let advice = format!("when it is well again: notifyctl provider circuit close {name}");
        return Some(check(Finding::Warning, found).advice(advice));
    }
    let until = it.throttled_until?;
    Some(check(Finding::Warning, format!("it asked to be left alone until {}", rfc3339(until))))
}

fn unasked() -> String {
    "it was not connected to: that takes the role admin, and the first 100 of a kind are".into()
}

async fn webhooks(room: &Room, connects: bool) -> Vec<Check> {
    let endpoints = room.deps.store.webhooks().endpoints();
    // Those that are on come first: they are connected to.
    let mut all: Vec<_> = endpoints.all().cloned().collect();
    all.sort_by_key(|it| !it.settings.active);
    let looks = all.into_iter().enumerate();
    let looks = looks.map(|(at, it)| async move { webhook(room, &it, connects && at < CONNECTED).await });
    stream::iter(looks).buffered(AT_ONCE).collect().await
}

async fn webhook(room: &Room, it: &Arc<Webhook>, connects: bool) -> Check {
    let directory = room.deps.store.directory();
    let of = directory.service_no(it.service).map_or("", |service| service.name.as_str());
    let check = |result, found: String| Check::new("webhook", result, found).of(it.id.to_string());
    if !it.settings.active {
        let Some(fault) = it.fault else {
            return check(Finding::Skipped, format!("of {of}: it is switched off"));
        };
        let why = match fault {
            WebhookFault::Gone => "its endpoint answered that it is gone",
            WebhookFault::Failing => "its endpoint took nothing for too long",
        };
        let found = format!("of {of}: the daemon has switched it off: {why}");
        let advice = format!("when its endpoint is well: notifyctl webhook enable {}", it.id);
        return check(Finding::Problem, found).advice(advice);
    }
    if !connects {
        return check(Finding::Skipped, format!("of {of}: {}", unasked()));
    }
    let begun = tokio::time::Instant::now();
    let reached = room.deps.engine.reach_webhook(it, PATIENCE).await;
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).ok();
    let seen = match reached {
        Reach::There(who) => match it.failing_since {
            None => check(Finding::Ok, format!("of {of}: {who}")),
            Some(since) => {
                let found = format!("of {of}: {who}, but it has taken nothing since {}", rfc3339(since));
                check(Finding::Warning, found).advice(format!("notifyctl webhook deliveries {}", it.id))
            }
        },
        Reach::Away(why) => {
            let advice = format!("mend the endpoint, or: notifyctl webhook update {} --url URL", it.id);
            check(Finding::Problem, format!("of {of}: {why}")).advice(advice)
        }
        Reach::Nowhere(why) => check(Finding::Skipped, format!("of {of}: {why}")),
    };
    Check { elapsed_ms, ..seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_the_bad_news_last() {
        let check = |result| Check::new("webhook", result, "x".repeat(400));
        let mut few = vec![check(Finding::Ok), check(Finding::Problem)];
        fit(&mut few);
        assert_eq!(few.len(), 2);
        let mut many: Vec<_> = (0..20_000).map(|_| check(Finding::Ok)).collect();
        many.push(check(Finding::Problem));
        fit(&mut many);
        assert_eq!((many.len(), many[0].result), (2, Finding::Problem));
        assert!(many[1].found.contains("20000 more"));
    }
}
