//! What happened to one notification, in order: its events and its attempts as one story.

use crate::view::{AttemptView, EventView, NotificationDetail};
use crate::{AttemptStatus, Timestamp};
use std::iter::Peekable;

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Piece<'a> {
    /// An event was told.
    Told(&'a EventView),
    /// A candidate was passed over.
    PassedOver(&'a AttemptView),
    /// An attempt began.
    Begun(&'a AttemptView),
    /// Its outcome was known, at this moment.
    Ended(&'a AttemptView, Timestamp),
}

impl Piece<'_> {
    /// When.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Told(event) => event.at,
            Self::PassedOver(attempt) | Self::Begun(attempt) => attempt.attempted_at,
            Self::Ended(_, at) => *at,
        }
    }

    const fn is_end(&self) -> bool {
        matches!(self, Self::Ended(..))
    }
}

/// Everything that happened, oldest first.
pub fn pieces(detail: &NotificationDetail) -> Vec<Piece<'_>> {
    let mut events = detail.events.iter().map(Piece::Told).peekable();
    let mut attempts = detail.attempts.iter().flat_map(made).peekable();
    std::iter::from_fn(|| next(&mut events, &mut attempts)).collect()
}

/// The start of an attempt and its end, or the one moment at which a candidate was passed over.
fn made(attempt: &AttemptView) -> impl Iterator<Item = Piece<'_>> + Clone {
    if attempt.status.known() == Some(AttemptStatus::Skipped) {
        return std::iter::once(Piece::PassedOver(attempt)).chain(None);
    }
    let ended = attempt.finished_at.map(|at| Piece::Ended(attempt, at));
    std::iter::once(Piece::Begun(attempt)).chain(ended)
}

/// The next piece of both. What is told of an attempt carries the moment of its end, so among those of one moment each
/// event comes behind the end it tells of.
fn next<'a>(
    events: &mut Peekable<impl Iterator<Item = Piece<'a>> + Clone>,
    attempts: &mut Peekable<impl Iterator<Item = Piece<'a>> + Clone>,
) -> Option<Piece<'a>> {
    let told_first = match (events.peek(), attempts.peek()) {
        (Some(event), Some(attempt)) if event.at() == attempt.at() => {
            let at = event.at();
            let told = events.clone().take_while(|event| event.at() == at).count();
            let ends = attempts.clone().take_while(|it| it.at() == at).filter(Piece::is_end).count();
            told > ends
        }
        (Some(event), Some(attempt)) => event.at() < attempt.at(),
        (event, _) => event.is_some(),
    };
    if told_first { events.next() } else { attempts.next() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rfc3339;
    use serde_json::json;

    fn at(millis: i64) -> String {
        rfc3339(Timestamp::from_timestamp_millis(millis).unwrap())
    }

    fn event(millis: i64, word: &str) -> EventView {
        serde_json::from_value(
            json!({"sequence": 1, "at": at(millis), "event": word, "from": null, "to": "queued",
            "reason": null, "detail": null}),
        )
        .unwrap()
    }

    fn attempt(number: u32, started: i64, ended: Option<i64>, status: &str) -> AttemptView {
        serde_json::from_value(json!({"id": "x", "number": number, "channel": "sms", "provider_id": null,
            "provider_name": "p", "status": status, "reason": null, "attempted_at": at(started),
            "finished_at": ended.map(at), "duration_ms": null, "external_id": null, "response_data": null,
            "error_message": null, "simulated": true}))
        .unwrap()
    }

    fn order(events: &[EventView], attempts: &[AttemptView]) -> Vec<String> {
        let mut events = events.iter().map(Piece::Told).peekable();
        let mut attempts = attempts.iter().flat_map(made).peekable();
        let word = |piece: Piece<'_>| match piece {
            Piece::Told(event) => event.event.clone(),
            Piece::PassedOver(attempt) => format!("passed {}", attempt.number),
            Piece::Begun(attempt) => format!("begun {}", attempt.number),
            Piece::Ended(attempt, _) => format!("ended {}", attempt.number),
        };
        std::iter::from_fn(|| next(&mut events, &mut attempts)).map(word).collect()
    }

    #[test]
    fn an_event_comes_behind_the_attempt_it_tells_of_also_within_one_moment() {
        let events = [event(5, "created"), event(5, "failed_over"), event(5, "delivered")];
        let attempts = [attempt(1, 5, Some(5), "failed"), attempt(2, 5, Some(5), "delivered")];
        assert_eq!(
            order(&events, &attempts),
            ["created", "begun 1", "ended 1", "failed_over", "begun 2", "ended 2", "delivered"]
        );
    }

    #[test]
    fn what_is_not_over_has_a_beginning_only_and_what_was_passed_over_is_one_moment() {
        let attempts = [attempt(1, 7, None, "skipped"), attempt(2, 7, None, "started")];
        assert_eq!(order(&[event(3, "created")], &attempts), ["created", "passed 1", "begun 2"]);
    }
}
