//! Changes: what the daemon is asked to do, and the `notifyctl` line that does the same.

mod line;

pub(crate) use line::quoted;

use notify_proto::bulk::{BulkRequest, BulkView, Expect};
use notify_proto::control::{Changed, RemovedService};
use notify_proto::filter::span;
use notify_proto::hold::{Force, HoldRequest};
use notify_proto::upkeep::grouped;
use notify_proto::webhook::{RecoverRequest, RecoverView};
use notify_proto::{BulkOp, DeliveryId, NotificationId, Timestamp, WebhookId};

/// A span of whole minutes, as it is written.
pub(crate) fn minutes(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    }
}

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Something with these notifications.
    Notifications(BulkOp, Vec<NotificationId>, Option<Timestamp>),
    /// Try these again, with this provider alone.
    Reroute(Vec<NotificationId>, String),
    /// Count what matches, before it is changed.
    Count(Box<BulkRequest>),
    /// Start to change what matches.
    Bulk(Box<BulkRequest>),
    /// Force something on a provider.
    Hold(HoldRequest),
    /// End the pause and the drain of a queue.
    Resume(String),
    /// Force a circuit.
    Circuit(String, Force),
    /// Switch a provider on or off.
    Provider(String, bool),
    /// Give a provider another place among those that are tried.
    Priority(String, i32),
    /// Make one real call of a provider, to this recipient.
    Call(String, String),
    /// Switch a webhook on or off.
    Webhook(WebhookId, bool),
    /// Tell a webhook of nothing.
    TestWebhook(WebhookId),
    /// Tell events once more.
    Resend(Vec<DeliveryId>),
    /// Count what a webhook did not take.
    CountFailed(WebhookId, Box<RecoverRequest>),
    /// Tell it once more.
    Recover(WebhookId, Box<RecoverRequest>),
    /// Another secret; the one so far works for so many seconds.
    Rotate(WebhookId, u64),
    /// Switch a service on or off.
    Service(String, bool),
    /// Clear the lock of a service.
    Unlock(String),
    /// A new key; the others work for so many seconds.
    NewKey(String, u64),
    /// End a key.
    RevokeKey(String, String),
    /// A new service.
    NewService(String),
    /// Count what goes with a service.
    CountService(String),
    /// Delete a service; what it sent may stay until its retention is over.
    DeleteService(String, bool),
    /// Give up long work.
    Give(String),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is done.
    Done(String),
    /// Of each of several.
    Each(Vec<Changed>),
    /// How many match.
    Counted(Box<BulkRequest>, Box<BulkView>),
    /// How many a webhook did not take.
    Failed(WebhookId, Box<RecoverRequest>, Box<RecoverView>),
    /// What goes with a service.
    Goes(Box<RemovedService>),
    /// An operation has begun: its id, and how many.
    Started(String, u64),
    /// There is a secret, which is shown this once: what it is, and itself.
    Secret(String, crate::state::Hidden),
}

/// What one says of this change of notifications.
pub const fn verb(op: BulkOp) -> &'static str {
    match op {
        BulkOp::Retry => "retry",
        BulkOp::Cancel => "cancel",
        BulkOp::Discard => "discard",
        BulkOp::Postpone => "postpone",
        BulkOp::Bury => "bury",
        BulkOp::Move => "move",
        BulkOp::Run => "run",
    }
}

impl Deed {
    /// Whether it changes nothing yet.
    pub const fn looks(&self) -> bool {
        matches!(self, Self::Count(_) | Self::CountFailed(..) | Self::CountService(_))
    }

    /// Of how many things it is, and what somebody types who names them.
    pub fn subject(&self) -> (u64, String) {
        let end = |id: String| id.chars().skip(id.chars().count().saturating_sub(12)).collect();
        let many =
            |verb: &str, count: usize| (u64::try_from(count).unwrap_or(u64::MAX), format!("{verb} {count}"));
        let expected = |expect: Option<Expect>| expect.map_or(0, |expect| expect.count);
        match self {
            Self::Notifications(_, all, _) | Self::Reroute(all, _) if all.len() == 1 => {
                (1, end(all[0].to_string()))
            }
            Self::Reroute(all, _) => many("reroute", all.len()),
            Self::Notifications(op, all, _) => many(verb(*op), all.len()),
            Self::Resend(all) => many("resend", all.len()),
            Self::Count(request) | Self::Bulk(request) => {
                let count = expected(request.expect);
                (count, format!("{} {count}", request.op))
            }
            Self::CountFailed(_, request) | Self::Recover(_, request) => {
                let count = expected(request.expect);
                (count, format!("recover {count}"))
            }
            Self::Hold(hold) => (1, hold.provider.clone()),
            Self::Webhook(id, _) | Self::TestWebhook(id) | Self::Rotate(id, _) => (1, end(id.to_string())),
            Self::Resume(name)
            | Self::Circuit(name, _)
            | Self::Provider(name, _)
            | Self::Priority(name, _)
            | Self::Call(name, _)
            | Self::Service(name, _)
            | Self::Unlock(name)
            | Self::NewKey(name, _)
            | Self::RevokeKey(name, _)
            | Self::CountService(name)
            | Self::DeleteService(name, _)
            | Self::Give(name) => (1, name.clone()),
            Self::NewService(_) => (1, "create".into()),
        }
    }
}

/// So many of these: `1 group`, `3 groups`.
pub(crate) fn several(count: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// What one says once the pause of a queue was ended: how it stands now, in words.
pub(crate) fn resumed(name: &str, state: &str) -> String {
    let now = match state {
        "running" => "it runs".to_owned(),
        "limited" => "it runs, with fewer calls at once than its own limit".into(),
        "circuit_open" => "its circuit is open, so nothing goes to it yet".into(),
        "circuit_half_open" => "its circuit is half open: the next call is a probe".into(),
        "throttled" => "the provider asked to be left alone for a while".into(),
        "disabled" => "its provider is switched off".into(),
        other => format!("it is {}", other.replace('_', " ")),
    };
    format!("the pause of {name} has ended; {now}")
}

/// A span that was written, in milliseconds; nothing for nothing.
pub fn milliseconds(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let span = span(text)?;
    u64::try_from(span.num_milliseconds()).map(Some).map_err(|_| "that span is too long".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_goes_on_is_told_in_words() {
        assert_eq!(resumed("relay", "running"), "the pause of relay has ended; it runs");
        let open = resumed("relay", "circuit_open");
        assert_eq!(open, "the pause of relay has ended; its circuit is open, so nothing goes to it yet");
        assert_eq!(resumed("relay", "half_new"), "the pause of relay has ended; it is half new");
    }

    #[test]
    fn spans_are_read_as_the_command_line_reads_them() {
        assert_eq!(milliseconds("10m"), Ok(Some(600_000)));
        assert_eq!(milliseconds(""), Ok(None));
        assert!(milliseconds("10").unwrap_err().contains("10s"));
    }
}
