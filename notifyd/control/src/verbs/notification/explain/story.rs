//! What was decided and done, one sentence each.

use super::words;
use notify_proto::explain::Decision;
use notify_proto::story::{Piece, pieces};
use notify_proto::view::{AttemptView, EventView, NotificationDetail, NotificationView};
use notify_proto::{AttemptStatus, Status, Timestamp};

/// All of it, oldest first.
pub(super) fn decisions(detail: &NotificationDetail) -> Vec<Decision> {
    let mut told = Teller { of: &detail.notification, retries: first_retry(detail) };
    pieces(detail).into_iter().map(|piece| told.decision(piece)).collect()
}

/// Retries spent before the first event that is shown: the oldest ones may be left out.
fn first_retry(detail: &NotificationDetail) -> u32 {
    let whole = detail.events.first().is_none_or(|it| it.sequence == 1);
    let shown = detail.events.iter().filter(|it| it.event == "retry_scheduled").count();
    let shown = u32::try_from(shown).unwrap_or(u32::MAX);
    if whole { 0 } else { detail.notification.retry_count.saturating_sub(shown) }
}

struct Teller<'a> {
    of: &'a NotificationView,
    /// Retries that were scheduled so far, since the last fresh start.
    retries: u32,
}

impl Teller<'_> {
    fn decision(&mut self, piece: Piece<'_>) -> Decision {
        let of_attempt = |what: &str, attempt: &AttemptView, sentence: String| Decision {
            at: piece.at(),
            what: what.to_owned(),
            attempt: Some(attempt.number),
            channel: Some(attempt.channel.clone()),
            provider: attempt.provider_name.clone(),
            status: None,
            reason: attempt.reason.clone(),
            sentence,
        };
        match piece {
            Piece::Told(event) => Decision {
                at: event.at,
                what: event.event.clone(),
                attempt: None,
                channel: None,
                provider: None,
                status: Some(event.to.clone()),
                reason: event.reason.clone(),
                sentence: self.told(event),
            },
            Piece::PassedOver(attempt) => of_attempt("passed_over", attempt, passed_over(attempt)),
            Piece::Begun(attempt) => {
                let begun = of_attempt("attempt_begun", attempt, begun(attempt));
                Decision { reason: None, ..begun }
            }
            Piece::Ended(attempt, _) => of_attempt("attempt_ended", attempt, ended(attempt)),
        }
    }

    fn told(&mut self, event: &EventView) -> String {
        let reason = event.reason.as_deref().unwrap_or_default();
        let by_hand = |sentence: &str| match &event.detail {
            Some(detail) => format!("{sentence} ({detail})"),
            None => sentence.to_owned(),
        };
        match event.event.as_str() {
            "created" => self.created(event),
            "released" => "its time had come, so it was queued".into(),
            "failed_over" => format!("the next candidate was to try at once: {}", words::outcome(reason)),
            "retry_scheduled" => {
                self.retries += 1;
                let (n, of) = (self.retries, self.of.max_retries);
                format!("retry {n} of {of} got a time, as nobody was left to try: {}", words::outcome(reason))
            }
            "held" if event.to.known() == Some(Status::Pending) => {
                format!("it was held for an operator: {}", words::held(reason))
            }
            "held" => format!(
                "nobody could be tried, so it was held in the queue, which spends no retry; the last in the order: {}",
                words::closed(reason, true)
            ),
            "interrupted" => {
                "the daemon ended while it was being sent, so it was queued again as a possible duplicate"
                    .into()
            }
            "delivered" if reason == "receipt" => {
                "a receipt says that the attempt in doubt arrived, so it is not sent again".into()
            }
            "delivered" => "it was delivered".into(),
            "confirmed" => format!("a receipt confirmed it{}", after(self.of.delivered_at, event.at)),
            "undelivered" => by_hand("a receipt says that it was not delivered after all, so it failed"),
            "resumed" => by_hand("a receipt says that the attempt in doubt did not arrive, so it goes on"),
            "receipt" => by_hand(words::heard(reason)),
            "failed" => format!("it was given up: {}", words::failure(reason)),
            "cancelled" => by_hand("it was revoked"),
            "operator_retry" => {
                self.retries = 0;
                by_hand("an operator started it again, with a fresh budget of retries")
            }
            "edited" => "it was edited before it was sent".into(),
            "postponed" => by_hand("an operator postponed it"),
            "moved" => by_hand("an operator gave it another time"),
            "run_now" => by_hand("an operator did not let it wait for its time, so it was queued"),
            "buried" => by_hand("an operator gave it up"),
            other => by_hand(&other.replace('_', " ")),
        }
    }

    fn created(&self, event: &EventView) -> String {
        let channels: Vec<_> = self.of.channels.iter().map(ToString::to_string).collect();
        let (service, channels) = (&self.of.service_name, channels.join(", then "));
        let due =
            if event.to.known() == Some(Status::Pending) { "to be sent at its time" } else { "due at once" };
        format!("it was accepted from {service} for {channels}, {due}")
    }
}

/// How long after the provider took it, as in "a receipt confirmed it after 4.0 s".
pub(super) fn after(taken: Option<Timestamp>, heard: Timestamp) -> String {
    let Some(waited) = taken.and_then(|taken| (heard - taken).to_std().ok()) else { return String::new() };
    match waited.as_secs() {
        0..60 => format!(" after {:.1} s", waited.as_secs_f64()),
        60..3_600 => format!(" after {} min", waited.as_secs() / 60),
        seconds => format!(" after {} h", seconds / 3_600),
    }
}

/// Who it was, as in "through relay on email".
fn through(attempt: &AttemptView) -> String {
    let provider = attempt.provider_name.as_deref().unwrap_or("a provider that is gone");
    format!("through {provider} on {}", attempt.channel)
}

fn passed_over(attempt: &AttemptView) -> String {
    let reason = attempt.reason.as_deref().unwrap_or_default();
    if reason == "expired" {
        return format!("attempt {} {} was not made: it had expired", attempt.number, through(attempt));
    }
    let why = words::closed(reason, true);
    match &attempt.provider_name {
        Some(provider) => format!("{provider} was passed over on {}: {why}", attempt.channel),
        None => format!("{} was passed over: {why}", attempt.channel),
    }
}

fn begun(attempt: &AttemptView) -> String {
    format!("attempt {} {} began", attempt.number, through(attempt))
}

fn ended(attempt: &AttemptView) -> String {
    let status = match (attempt.status.known(), attempt.reason.as_deref()) {
        // A receipt may have settled it since.
        (_, Some("ambiguous" | "interrupted")) => Some(AttemptStatus::InDoubt),
        (status, _) => status,
    };
    let verb = match status {
        Some(AttemptStatus::Delivered) => "was taken",
        Some(AttemptStatus::InDoubt) => "has no known end",
        _ => "failed",
    };
    let told = format!("attempt {} {} {verb}", attempt.number, through(attempt));
    match (status, attempt.reason.as_deref()) {
        (Some(AttemptStatus::Delivered), _) | (_, None) => told,
        (_, Some(reason)) => match &attempt.error_message {
            Some(error) => format!("{told}: {} ({error})", words::outcome(reason)),
            None => format!("{told}: {}", words::outcome(reason)),
        },
    }
}
