//! What it waits for now.

use super::story::after;
use super::words;
use crate::session::Room;
use crate::verbs::provider::{by, forced};
use crate::verbs::shared;
use crate::verbs::status::by_whom;
use notify_proto::explain::Waits;
use notify_proto::view::{AttemptView, EventView, NotificationDetail};
use notify_proto::{DeliveryProof, Open, ReceiptStatus, SharedQueue, Status, Timestamp};
use notifyd_engine::{Step, Verdict, Way};
use notifyd_lifecycle::candidate::{Choice, Skip};
use notifyd_store::api::Job;

/// What it waits for, in one word and in a sentence.
pub(super) fn waits(room: &Room, detail: &NotificationDetail, way: Option<&(Job, Way)>) -> Waits {
    let view = &detail.notification;
    let since = detail.events.last().map(|it| it.at);
    match view.status.known() {
        None => plain("unknown", format!("its status {} is not known here", view.status)),
        Some(Status::Delivered | Status::Failed | Status::Cancelled) => ended(detail),
        Some(Status::Sending) => outcome(detail),
        Some(Status::Pending) if view.next_attempt_at.is_none() => by_hand(detail),
        Some(Status::Pending) => paused(room, SharedQueue::Scheduled, Waits { since, ..time(detail) }),
        Some(Status::Retrying) => paused(room, SharedQueue::Retries, Waits { since, ..time(detail) }),
        Some(Status::Queued) => {
            if let Some(cause) = room.deps.store.latched().filter(|cause| !cause.delivers()) {
                let sentence = format!("nothing is sent until the log can be written again: {cause}");
                return Waits { reason: Some(cause.word().into()), ..plain("log", sentence) };
            }
            match way {
                Some((job, way)) => queued(room, job, way, since),
                None => plain("engine", "it waits for the engine, which does not deliver now".into()),
            }
        }
    }
}

fn plain(what: &str, sentence: String) -> Waits {
    Waits { what: what.into(), reason: None, provider: None, since: None, until: None, sentence }
}

fn ended(detail: &NotificationDetail) -> Waits {
    let view = &detail.notification;
    let since = view.delivered_at.or(view.failed_at).or(view.cancelled_at);
    let reason = view.failure_reason.as_ref().map(ToString::to_string);
    let sentence = match (view.status.known(), &view.provider_name) {
        (Some(Status::Delivered), Some(provider)) => {
            let only = if view.simulated { ", and only simulates: nothing was really sent" } else { "" };
            format!("nothing: {provider} took it{only}{}", proof(detail))
        }
        (Some(Status::Delivered), None) => "nothing: it is delivered".into(),
        (Some(Status::Cancelled), _) => {
            "nothing: it was revoked; notifyctl notification retry sends it after all".into()
        }
        _ => {
            let why = words::failure(reason.as_deref().unwrap_or("it failed"));
            format!("nothing: it is a dead letter, as {why}; notifyctl notification retry starts it again")
        }
    };
    let provider = view.provider_name.clone().filter(|_| view.status.known() == Some(Status::Delivered));
    Waits { reason, provider, since, ..plain("nothing", sentence) }
}

/// What is known of it since the provider took it.
fn proof(detail: &NotificationDetail) -> String {
    let view = &detail.notification;
    if view.delivery_proof.as_ref().and_then(Open::known) == Some(DeliveryProof::Receipt) {
        let told = |it: &&EventView| it.event == "confirmed" || it.event == "delivered";
        let confirmed = detail.events.iter().rev().find(told).filter(|it| it.event == "confirmed");
        let after = confirmed.map_or_else(String::new, |it| after(view.delivered_at, it.at));
        return format!("; it was confirmed by a receipt{after}");
    }
    let awaited =
        |it: &AttemptView| it.receipt.as_ref().and_then(Open::known) == Some(ReceiptStatus::Awaited);
    if detail.attempts.last().is_some_and(awaited) { "; no receipt yet".into() } else { String::new() }
}

fn outcome(detail: &NotificationDetail) -> Waits {
    let Some(attempt) = detail.attempts.last() else {
        return plain("outcome", "it waits for the outcome of the attempt under way".into());
    };
    let provider = attempt.provider_name.clone();
    let whose = provider.as_deref().map_or_else(String::new, |name| format!(" of {name}"));
    let sentence =
        format!("it waits for the answer{whose} to attempt {} on {}", attempt.number, attempt.channel);
    Waits { provider, since: Some(attempt.attempted_at), ..plain("outcome", sentence) }
}

/// Held without a time.
fn by_hand(detail: &NotificationDetail) -> Waits {
    let held = detail.events.iter().rev().find(|it| it.event == "held");
    let reason = held.and_then(|it| it.reason.clone());
    let why = words::held(reason.as_deref().unwrap_or("it was held"));
    let sentence = format!(
        "it waits for an operator: {why}; notifyctl notification retry sends it, cancel or bury ends it"
    );
    Waits { since: held.map(|it| it.at), reason, ..plain("operator", sentence) }
}

fn time(detail: &NotificationDetail) -> Waits {
    let view = &detail.notification;
    let by = detail.events.iter().rev().find_map(|it| match it.event.as_str() {
        "postponed" | "moved" => Some(it.event.as_str()),
        "created" | "edited" => Some("scheduled"),
        "retry_scheduled" => Some("retry"),
        _ => None,
    });
    let by_hand = match by {
        Some("postponed") => ", to which an operator postponed it",
        Some("moved") => ", which an operator gave it",
        _ => "",
    };
    let sentence = if view.status.known() == Some(Status::Retrying) {
        let failed = detail.events.iter().rev().find(|it| it.event == "retry_scheduled");
        let why = failed.and_then(|it| it.reason.as_deref()).map_or("", words::outcome);
        let why = if why.is_empty() { String::new() } else { format!(", because {why} before") };
        format!("it waits for its time{by_hand}: retry {} of {}{why}", view.retry_count, view.max_retries)
    } else if by_hand.is_empty() {
        "it waits for its time: it is scheduled".into()
    } else {
        format!("it waits for its time{by_hand}")
    };
    let until = view.next_attempt_at;
    Waits { reason: by.map(str::to_owned), until, ..plain("time", sentence) }
}

/// The same, when an operator has all that waits there wait on.
fn paused(room: &Room, queue: SharedQueue, waits: Waits) -> Waits {
    let Some(hold) = shared::holds(room, queue).into_iter().next() else { return waits };
    let sentence = format!("{}; the queue {queue} is paused{}", waits.sentence, by_whom(&hold));
    // Whichever is later lets it go.
    let until = hold.until.map(|end| waits.until.map_or(end, |due| due.max(end)));
    Waits { reason: Some("paused".into()), until, sentence, ..waits }
}

fn queued(room: &Room, job: &Job, way: &Way, since: Option<Timestamp>) -> Waits {
    let steps = || way.routes.iter().flat_map(|route| &route.steps);
    let of = |wanted: Verdict| steps().find(|step| step.verdict == wanted);
    let waiting = match way.waiting {
        0 | 1 => String::new(),
        many => format!("; {many} wait there"),
    };
    match &way.choice {
        Choice::Try { .. } => {
            let name = of(Verdict::Taken).map(|step| step.name.clone()).unwrap_or_default();
            let place = if way.loaded { "" } else { ", once it is read from disk" };
            let sentence = format!("it waits for its turn in the queue of {name}{place}{waiting}");
            Waits { provider: Some(name), since, ..plain("turn", sentence) }
        }
        Choice::Wait(_) => {
            let Some(step) = of(Verdict::Awaited) else {
                return Waits { since, ..plain("slot", "it waits for a free slot".into()) };
            };
            let why = step.why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
            let next = of(Verdict::Overflow)
                .map_or_else(String::new, |it| format!("; when that lasts, it goes to {}", it.name));
            let sentence = format!("it waits for its turn in the queue of {}{why}{waiting}{next}", step.name);
            let provider = Some(step.name.clone());
            Waits {
                provider,
                reason: Some("busy".into()),
                since,
                until: step.until,
                ..plain("slot", sentence)
            }
        }
        Choice::Closed(_) | Choice::Spent if job.progress.cost => {
            let sentence =
                "nobody is left to try in this cycle, so the next look ends it with a retry or for good";
            Waits { since, ..plain("decision", sentence.into()) }
        }
        Choice::Closed(skipped) => closed(room, way, skipped, since),
        Choice::Spent => {
            let sentence = "everybody was tried in this cycle, so the next look begins another one".into();
            Waits { since, ..plain("decision", sentence) }
        }
        Choice::Dead(reason) => {
            let why = words::failure(reason.as_str());
            let sentence = format!("the next look gives it up: {why}");
            Waits { reason: Some(reason.to_string()), since, ..plain("decision", sentence) }
        }
    }
}

/// Everybody who could take it is closed. It is about the one that opens first, or else about the last one.
fn closed(room: &Room, way: &Way, skipped: &[Skip], since: Option<Timestamp>) -> Waits {
    let mut about: Option<(&Skip, Option<&Step>)> = None;
    let mut said = Vec::new();
    for skip in skipped {
        let of_channel = way.routes.iter().find(|route| route.channel == skip.channel);
        let step =
            of_channel.and_then(|it| it.steps.iter().find(|step| Some(step.provider) == skip.provider));
        said.push(why(room, skip, step));
        let until = |step: Option<&Step>| step.and_then(|step| step.until);
        let sooner = match (until(step), about.and_then(|(_, step)| until(step))) {
            (Some(this), Some(soonest)) => this < soonest,
            (None, Some(_)) => false,
            (_, None) => true,
        };
        if sooner {
            about = Some((skip, step));
        }
    }
    let step = about.and_then(|(_, step)| step);
    Waits {
        reason: about.map(|(skip, _)| skip.reason.to_string()),
        provider: step.map(|step| step.name.clone()),
        since: step.and_then(|step| step.since).or(since),
        until: step.and_then(|step| step.until),
        ..plain("opening", format!("it is held until somebody can be called: {}", said.join("; ")))
    }
}

/// Why one of them was passed over.
fn why(room: &Room, skip: &Skip, step: Option<&Step>) -> String {
    let (channel, why) = (skip.channel, words::closed(skip.reason.as_str(), false));
    let Some(step) = step else { return format!("{channel}: {why}") };
    let more = forced(room, step).as_ref().map(by).or_else(|| step.why.clone());
    let more = more.map_or_else(String::new, |more| format!(" ({more})"));
    format!("{} on {channel}: {why}{more}", step.name)
}
