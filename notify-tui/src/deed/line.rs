//! The `notifyctl` line that does the same, and the one that takes it back.

use super::{Deed, verb};
use notify_proto::bulk::BulkRequest;
use notify_proto::control::Limit;
use notify_proto::hold::Force;
use notify_proto::{BulkOp, HoldKind, NotificationId, Open, Timestamp};

/// Most notifications that a hint to take it back names.
const UNDONE: usize = 2;

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

const fn switch(on: bool) -> &'static str {
    if on { "enable" } else { "disable" }
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
            Self::Webhook(id, true) => format!("webhook enable {id}"),
            Self::Webhook(id, false) => format!("webhook disable {id} --yes"),
            Self::TestWebhook(id) => format!("webhook test {id}"),
            Self::Resend(all) => {
                let ids: Vec<_> = all.iter().map(ToString::to_string).collect();
                format!("webhook resend {} --yes", ids.join(" "))
            }
            Self::CountFailed(id, request) | Self::Recover(id, request) => {
                let expect = request.expect.map(|n| format!(" --expect {n}")).unwrap_or_default();
                let until = request.until.map(|at| format!(" --until {}", time(at))).unwrap_or_default();
                let sure =
                    if matches!(self, Self::CountFailed(..)) { " --dry-run" } else { " --no-wait --yes" };
                let rate = rate(request.rate_per_second);
                format!("webhook recover {id} --since {}{until}{expect}{rate}{sure}", time(request.since))
            }
            Self::Rotate(id, 0) => format!("webhook secret rotate {id} --grace 0s --confirm {id}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::hold::HoldRequest;

    #[test]
    fn the_line_is_quoted_for_a_shell() {
        let pause = HoldRequest {
            provider: "relay".into(),
            kind: HoldKind::Pause,
            limit: None,
            for_ms: Some(600_000),
            unless_held: false,
        };
        assert_eq!(
            Deed::Hold(pause).line(Some("the carrier's down")),
            r"notifyctl queue pause relay --for 600s --yes --reason 'the carrier'\''s down'"
        );
        assert_eq!(Deed::Resume("relay".into()).line(None), "notifyctl queue resume relay");
    }
}
