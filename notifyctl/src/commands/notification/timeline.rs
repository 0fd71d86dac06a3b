//! `notifyctl notification timeline` and `attempts`: what happened to one notification, in order.

use super::super::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::{Cell, Column, Row, Show, Tone};
use clap::Args;
use notify_proto::view::{AttemptView, EventView, NotificationDetail, rfc3339};
use notify_proto::{AttemptStatus, NotificationId, Timestamp};
use serde::{Serialize, Serializer};
use std::iter::Peekable;

/// One notification.
#[derive(Debug, Args)]
pub struct Which {
    /// Its id
    #[arg(value_name = "ID", value_parser = given::id)]
    id: NotificationId,
}

pub(super) const TIMELINE_HELP: &str = "Examples:
  notifyctl ntf timeline 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf timeline 0197a6c2-5b1e-7cc0-8000-0123456789ab -o jsonl | jq -r '[.after_ms, .what, .reason] | @tsv'";

pub(super) const ATTEMPTS_HELP: &str = "Examples:
  notifyctl ntf attempts 0197a6c2-5b1e-7cc0-8000-0123456789ab -o wide";

impl Which {
    async fn detail(&self, desk: &Desk<'_>) -> Result<NotificationDetail, crate::failure::Stop> {
        let link = desk.link().await?;
        Ok(link.read(link.client.notification_show(link.within(), self.id, false)).await?)
    }

    pub(super) async fn timeline(self, desk: &Desk<'_>) -> Ended {
        let detail = self.detail(desk).await?;
        let mut listing = desk.out.list("notification.timeline")?;
        listing.page(&moments(detail))?;
        listing.close(None, None)?;
        Ok(Exit::Done)
    }

    pub(super) async fn attempts(self, desk: &Desk<'_>) -> Ended {
        let detail = self.detail(desk).await?;
        let mut listing = desk.out.list("notification.attempts")?;
        listing.page(&detail.attempts)?;
        listing.close(None, None)?;
        if detail.attempts.is_empty() {
            desk.out.advise("there was no attempt yet; notifyctl notification timeline says why");
        }
        Ok(Exit::Done)
    }
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Moment {
    #[serde(serialize_with = "write")]
    at: Timestamp,
    /// Since it was accepted, milliseconds; none for what the clock says was before.
    after_ms: Option<u64>,
    /// A word of the story, or an attempt and what became of it.
    what: String,
    /// Number of the attempt.
    attempt: Option<u32>,
    channel: Option<String>,
    provider: Option<String>,
    /// Status of the notification from here on.
    status: Option<String>,
    reason: Option<String>,
    detail: Option<String>,
    #[serde(skip)]
    tone: Tone,
}

impl Row for Moment {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "at", show: Show::Always, cell: |it| it.at.into() },
        Column { name: "after_ms", show: Show::Always, cell: |it| it.after_ms.into() },
        Column { name: "what", show: Show::Always, cell: |it| Cell::Word(it.what.clone(), it.tone) },
        Column { name: "attempt", show: Show::Wide, cell: |it| it.attempt.into() },
        Column { name: "channel", show: Show::Always, cell: |it| it.channel.clone().into() },
        Column { name: "provider", show: Show::Always, cell: |it| it.provider.clone().into() },
        Column { name: "status", show: Show::Always, cell: |it| it.status.clone().into() },
        Column { name: "reason", show: Show::Always, cell: |it| it.reason.clone().into() },
        Column { name: "detail", show: Show::Always, cell: |it| it.detail.clone().into() },
    ];

    fn id(&self) -> String {
        self.what.clone()
    }
}

/// Story and attempts as one, oldest first.
fn moments(detail: NotificationDetail) -> Vec<Moment> {
    let accepted = detail.notification.created_at;
    let mut events = detail.events.into_iter().map(|event| told(event, accepted)).peekable();
    let pieces = detail.attempts.iter().flat_map(|attempt| made(attempt, accepted)).collect::<Vec<_>>();
    let mut attempts = pieces.into_iter().peekable();
    let mut all = Vec::new();
    while let Some(next) = later(&mut events, &mut attempts) {
        all.push(next);
    }
    all
}

/// The next moment of both. What is told of an attempt carries the moment of its end, so among those of one moment each
/// event comes behind the end it tells of.
fn later(
    events: &mut Peekable<impl Iterator<Item = Moment> + Clone>,
    attempts: &mut Peekable<impl Iterator<Item = (bool, Moment)> + Clone>,
) -> Option<Moment> {
    let told_first = match (events.peek(), attempts.peek()) {
        (Some(event), Some((_, attempt))) if event.at == attempt.at => {
            let at = event.at;
            let told = events.clone().take_while(|event| event.at == at).count();
            let ends = attempts.clone().take_while(|(_, it)| it.at == at).filter(|(end, _)| *end).count();
            told > ends
        }
        (Some(event), Some((_, attempt))) => event.at < attempt.at,
        (event, _) => event.is_some(),
    };
    if told_first { events.next() } else { attempts.next().map(|(_, moment)| moment) }
}

fn told(event: EventView, accepted: Timestamp) -> Moment {
    let status = event.to.to_string();
    let tone = match status.as_str() {
        "delivered" => Tone::Good,
        "failed" => Tone::Bad,
        "retrying" => Tone::Warn,
        _ => Tone::Plain,
    };
    Moment {
        at: event.at,
        after_ms: after(event.at, accepted),
        what: event.event,
        attempt: None,
        channel: None,
        provider: None,
        status: Some(status),
        reason: event.reason,
        detail: event.detail,
        tone,
    }
}

/// The start of an attempt and its end, or the one moment at which a candidate was passed over. `true`: an end.
fn made(attempt: &AttemptView, accepted: Timestamp) -> Vec<(bool, Moment)> {
    let skipped = attempt.status.known() == Some(AttemptStatus::Skipped);
    let moment = |at: Timestamp, what: String, tone| Moment {
        at,
        after_ms: after(at, accepted),
        what,
        attempt: Some(attempt.number),
        channel: Some(attempt.channel.to_string()),
        provider: attempt.provider_name.clone(),
        status: None,
        reason: None,
        detail: None,
        tone,
    };
    if skipped {
        let passed = moment(attempt.attempted_at, "passed over".to_owned(), Tone::Dim);
        return vec![(false, Moment { reason: attempt.reason.clone(), ..passed })];
    }
    let begun = moment(attempt.attempted_at, format!("attempt {}", attempt.number), Tone::Plain);
    let ended = attempt.finished_at.map(|at| {
        let tone = match attempt.status.known() {
            Some(AttemptStatus::Delivered) => Tone::Good,
            Some(AttemptStatus::InDoubt) => Tone::Warn,
            _ => Tone::Bad,
        };
        let what = format!("attempt {}: {}", attempt.number, attempt.status);
        let detail = attempt.error_message.clone().or_else(|| attempt.external_id.clone());
        (true, Moment { reason: attempt.reason.clone(), detail, ..moment(at, what, tone) })
    });
    std::iter::once((false, begun)).chain(ended).collect()
}

fn write<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

fn after(at: Timestamp, accepted: Timestamp) -> Option<u64> {
    u64::try_from((at - accepted).num_milliseconds()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(millis).unwrap()
    }

    fn event(millis: i64, word: &str) -> Moment {
        let view = serde_json::json!({"sequence": 1, "at": rfc3339(at(millis)), "event": word,
            "from": null, "to": "queued", "reason": null, "detail": null});
        told(serde_json::from_value(view).unwrap(), at(0))
    }

    fn attempt(number: u32, started: i64, ended: Option<i64>, status: &str) -> AttemptView {
        let time = |millis| rfc3339(at(millis));
        serde_json::from_value(
            serde_json::json!({"id": "x", "number": number, "channel": "sms", "provider_id": null,
            "provider_name": "p", "status": status, "reason": null, "attempted_at": time(started),
            "finished_at": ended.map(time), "duration_ms": null, "external_id": null, "response_data": null,
            "error_message": null, "simulated": true}),
        )
        .unwrap()
    }

    fn order(events: Vec<Moment>, attempts: &[AttemptView]) -> Vec<String> {
        let mut events = events.into_iter().peekable();
        let made: Vec<_> = attempts.iter().flat_map(|it| made(it, at(0))).collect();
        let mut attempts = made.into_iter().peekable();
        std::iter::from_fn(|| later(&mut events, &mut attempts)).map(|it| it.what).collect()
    }

    #[test]
    fn an_event_comes_behind_the_attempt_it_tells_of_also_within_one_moment() {
        let events = vec![event(5, "created"), event(5, "failed_over"), event(5, "delivered")];
        let attempts = [attempt(1, 5, Some(5), "failed"), attempt(2, 5, Some(5), "delivered")];
        assert_eq!(
            order(events, &attempts),
            [
                "created",
                "attempt 1",
                "attempt 1: failed",
                "failed_over",
                "attempt 2",
                "attempt 2: delivered",
                "delivered"
            ]
        );
    }

    #[test]
    fn what_is_not_over_has_a_beginning_only_and_what_was_passed_over_is_one_moment() {
        let attempts = [attempt(1, 7, None, "skipped"), attempt(2, 7, None, "started")];
        assert_eq!(order(vec![event(3, "created")], &attempts), ["created", "passed over", "attempt 2"]);
    }
}
