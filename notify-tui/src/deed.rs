//! Changes: what the daemon is asked to do, and the `notifyctl` line that does the same.

use notify_proto::bulk::{BulkRequest, BulkView, Expect};
use notify_proto::control::{Changed, Limit, RemovedService};
use notify_proto::filter::span;
use notify_proto::hold::{Force, HoldRequest};
use notify_proto::upkeep::grouped;
use notify_proto::webhook::{RecoverRequest, RecoverView};
use notify_proto::{BulkOp, DeliveryId, HoldKind, NotificationId, Open, Timestamp, WebhookId};

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

/// Most notifications that a hint to take it back names.
const UNDONE: usize = 2;

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

const fn noun(op: BulkOp) -> &'static str {
    match op {
        BulkOp::Discard => "dead",
        BulkOp::Move | BulkOp::Run => "schedule",
        BulkOp::Retry | BulkOp::Cancel | BulkOp::Postpone | BulkOp::Bury => "notification",
    }
}

/// In quotes, where a shell would take it apart.
pub(crate) fn quoted(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.:/,@%+=".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// How fast, as the command line has it.
fn rate(rate: Limit<f64>) -> String {
    match rate {
        Limit::Set(rate) => format!(" --rate {rate}/s"),
        Limit::Lift => " --rate none".into(),
        Limit::Keep => String::new(),
    }
}

/// How long, as the command line has it.
fn lasting(for_ms: Option<u64>) -> String {
    for_ms.map(|ms| format!(" --for {}s", ms / 1_000)).unwrap_or_default()
}

impl Deed {
    /// The line that does the same.
    pub fn line(&self, reason: Option<&str>) -> String {
        let ids = |ids: &[NotificationId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let mut line = match self {
            Self::Notifications(op, all, until) => {
                let (noun, verb) = (noun(*op), verb(*op));
                let when = until.map(|at| {
                    let flag = if *op == BulkOp::Move { "at" } else { "until" };
                    format!(" --{flag} {}", time(at))
                });
                let sure = match op {
                    BulkOp::Discard => format!(" --confirm {}", all.len()),
                    BulkOp::Cancel | BulkOp::Bury => " --yes".into(),
                    _ => String::new(),
                };
                format!("{noun} {verb} {}{}{sure}", ids(all), when.unwrap_or_default())
            }
            Self::Reroute(all, provider) => {
                format!("notification retry {} --provider {}", ids(all), quoted(provider))
            }
            Self::Count(request) | Self::Bulk(request) => Self::bulk(request, matches!(self, Self::Count(_))),
            Self::Hold(hold) => {
                let name = quoted(&hold.provider);
                let lasting = lasting(hold.for_ms);
                match hold.kind {
                    HoldKind::Pause => format!("queue pause {name}{lasting} --yes"),
                    HoldKind::Limit => {
                        format!("queue limit {name} {}{lasting}", hold.limit.unwrap_or_default())
                    }
                    HoldKind::Drain => format!("queue drain {name}{lasting} --yes"),
                    HoldKind::CircuitOpen => format!("provider circuit open {name}{lasting} --yes"),
                    HoldKind::Disabled => format!("provider disable {name}{lasting}"),
                    HoldKind::Enabled => format!("provider enable {name}{lasting}"),
                }
            }
            Self::Resume(name) => format!("queue resume {}", quoted(name)),
            Self::Circuit(name, Force::HalfOpen) => format!("provider circuit half-open {}", quoted(name)),
            Self::Circuit(name, Force::Closed) => format!("provider circuit close {}", quoted(name)),
            Self::Provider(name, on) => format!("provider {} {}", switch(*on), quoted(name)),
            Self::Priority(name, priority) => {
                format!("provider update {} --priority {priority}", quoted(name))
            }
            Self::Call(name, to) => format!("provider test {} --to {}", quoted(name), quoted(to)),
            Self::Webhook(id, on) => format!("webhook {} {id}", switch(*on)),
            Self::TestWebhook(id) => format!("webhook test {id}"),
            Self::Resend(all) => {
                let ids: Vec<_> = all.iter().map(ToString::to_string).collect();
                format!("webhook resend {}", ids.join(" "))
            }
            Self::CountFailed(id, request) | Self::Recover(id, request) => {
                let expect = request.expect.map(|n| format!(" --expect {n}")).unwrap_or_default();
                let until = request.until.map(|at| format!(" --until {}", time(at))).unwrap_or_default();
                let sure =
                    if matches!(self, Self::CountFailed(..)) { " --dry-run" } else { " --no-wait --yes" };
                let rate = rate(request.rate_per_second);
                format!("webhook recover {id} --since {}{until}{expect}{rate}{sure}", time(request.since))
            }
            Self::Rotate(id, grace) => format!("webhook secret rotate {id} --grace {grace}s"),
            Self::Service(name, on) => format!("service {} {}", switch(*on), quoted(name)),
            Self::Unlock(name) => format!("service unlock {}", quoted(name)),
            Self::NewKey(name, grace) => {
                format!("service key reset {0} --grace {grace}s --confirm {0}", quoted(name))
            }
            Self::RevokeKey(name, prefix) => {
                format!("service key revoke {0} {1} --confirm {0}", quoted(name), quoted(prefix))
            }
            Self::NewService(name) => format!("service create {}", quoted(name)),
            Self::CountService(name) => format!("service delete {} --dry-run", quoted(name)),
            Self::DeleteService(name, keep) => {
                let keep = if *keep { " --keep-history" } else { "" };
                format!("service delete {0}{keep} --confirm {0}", quoted(name))
            }
            Self::Give(id) => format!("operation cancel {id} --yes"),
        };
        if let Some(reason) = reason {
            line.push_str(" --reason ");
            line.push_str(&quoted(reason));
        }
        format!("notifyctl {line}")
    }

    /// The line that takes it back, where one does.
    pub fn undo(&self) -> Option<String> {
        let back = match self {
            Self::Hold(hold) => match hold.kind {
                HoldKind::Pause | HoldKind::Drain => Self::Resume(hold.provider.clone()),
                HoldKind::CircuitOpen => Self::Circuit(hold.provider.clone(), Force::Closed),
                HoldKind::Limit | HoldKind::Disabled | HoldKind::Enabled => return None,
            },
            Self::Provider(name, on) => Self::Provider(name.clone(), !on),
            Self::Service(name, on) => Self::Service(name.clone(), !on),
            Self::Webhook(id, on) => Self::Webhook(*id, !on),
            Self::Notifications(op, ids, _) if ids.len() <= UNDONE => match op {
                BulkOp::Cancel | BulkOp::Bury => Self::Notifications(BulkOp::Retry, ids.clone(), None),
                BulkOp::Postpone => Self::Notifications(BulkOp::Run, ids.clone(), None),
                _ => return None,
            },
            _ => return None,
        };
        Some(back.line(None))
    }

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

    fn bulk(request: &BulkRequest, dry: bool) -> String {
        let Open::Known(op) = &request.op else { return "help".into() };
        let filter = request.filter.to_string();
        let filter = if filter.is_empty() { "*".into() } else { filter };
        let expect = request.expect.map(|n| format!(" --expect {n}")).unwrap_or_default();
        let sure = match op {
            _ if dry => " --dry-run".into(),
            BulkOp::Discard => format!(" --confirm {}", request.expect.map_or(0, |expect| expect.count)),
            _ => " --no-wait --yes".to_owned(),
        };
        let expect = if *op == BulkOp::Discard { String::new() } else { expect };
        let rate = rate(request.rate_per_second);
        format!("{} {} --filter {}{expect}{rate}{sure}", noun(*op), verb(*op), quoted(&filter))
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

const fn switch(on: bool) -> &'static str {
    if on { "enable" } else { "disable" }
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
    fn the_line_is_quoted_for_a_shell() {
        let pause = HoldRequest {
            provider: "relay".into(),
            kind: HoldKind::Pause,
            limit: None,
            for_ms: Some(600_000),
        };
        assert_eq!(
            Deed::Hold(pause).line(Some("the carrier's down")),
            r"notifyctl queue pause relay --for 600s --yes --reason 'the carrier'\''s down'"
        );
        assert_eq!(Deed::Resume("relay".into()).line(None), "notifyctl queue resume relay");
    }

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
