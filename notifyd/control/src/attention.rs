//! What needs attention: the rules, over what is known of everything. What is told has no ages in it, so that it stays the
//! same while nothing changes.

use notify_proto::overview::{Alert, Overview, ProviderLine, QueueLine, WebhookLine};
use notify_proto::{AlertKind, HoldKind, ObjectKind, Severity, SharedQueue, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The `[attention]` section of the configuration: from when on something needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Seconds that the oldest of a line may wait, 1 to 86,400.
    pub queue_age_seconds: u32,
    /// Seconds for which a line with work may have no call under way, 1 to 86,400.
    pub stalled_seconds: u32,
    /// Percent of its tries that a webhook shall take over five minutes, 0 to 100.
    pub ack_percent: u32,
    /// Tries in that time below which nothing is said of it, 1 to 1,000,000.
    pub ack_min_tries: u32,
    /// Dead letters in an hour, 1 to 1,000,000,000.
    pub dead_per_hour: u32,
    /// Free space on the disk of the log below which it is told, MiB, 0 to 1,000,000,000.
    pub disk_free_mib: u32,
    /// Seconds before the end of what an operator forces from which on it is told, 0 to 86,400.
    pub hold_ending_seconds: u32,
    /// Minutes for which it is told that the clock was set, 0 to 1,440.
    pub clock_set_minutes: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            queue_age_seconds: 60,
            stalled_seconds: 15,
            ack_percent: 90,
            ack_min_tries: 20,
            dead_per_hour: 100,
            disk_free_mib: 512,
            hold_ending_seconds: 120,
            clock_set_minutes: 15,
        }
    }
}

/// What is known besides the lines of an overview.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// What operators force, with the name of the provider.
    pub(crate) holds: Vec<(String, notifyd_store::Hold)>,
    /// Services that are locked out, and until when.
    pub(crate) locked: Vec<(String, Timestamp)>,
    /// Why nothing new is taken, and whether what is there is delivered.
    pub(crate) refusing: Option<(&'static str, bool)>,
    /// Free bytes on the disk of the log; none when that is not known.
    pub(crate) disk_free: Option<u64>,
    /// When the clock was set last, and by how many milliseconds.
    pub(crate) clock_set: Option<(Timestamp, i64)>,
    /// Why circuits are not closed, by the name of the provider.
    pub(crate) circuits: Vec<(String, Option<String>)>,
}

/// What needs attention, the worst first.
pub(crate) fn attention(of: &Overview, facts: &Facts, limits: &Thresholds, now: Timestamp) -> Vec<Alert> {
    let mut alerts = Vec::new();
    alerts.extend(daemon(of, facts, limits, now));
    alerts.extend(of.providers.iter().filter_map(|it| circuit(it, facts)));
    alerts.extend(of.queues.iter().filter_map(|it| queue(it, limits, now)));
    alerts.extend(of.webhooks.iter().filter_map(|it| webhook(it, limits)));
    for (name, until) in &facts.locked {
        let fact = "locked out after failed authentications".to_owned();
        let mut it = alert(Severity::Warning, AlertKind::Locked, ObjectKind::Service, name, fact);
        it.until = Some(*until);
        it.look = Some(format!("notifyctl service show {name}"));
        alerts.push(it);
    }
    alerts.extend(facts.holds.iter().map(|(name, hold)| held(name, hold, limits, now)));
    // Stable: what is as bad stays in this order.
    alerts.sort_by_key(|it| it.severity.known());
    alerts
}

fn alert(severity: Severity, kind: AlertKind, object: ObjectKind, name: &str, fact: String) -> Alert {
    Alert {
        severity: severity.into(),
        kind: kind.into(),
        object: object.into(),
        name: name.to_owned(),
        fact,
        since: None,
        until: None,
        look: None,
    }
}

/// The daemon as a whole.
fn daemon(of: &Overview, facts: &Facts, limits: &Thresholds, now: Timestamp) -> Vec<Alert> {
    let mut alerts = Vec::new();
    if let Some((reason, delivers)) = facts.refusing {
        let what = if delivers { "nothing new is taken" } else { "nothing is taken or sent" };
        let fact = format!("{what}: {reason}");
        let mut it = alert(Severity::Critical, AlertKind::Refusing, ObjectKind::Store, "store", fact);
        it.look = Some("notifyctl store stats".into());
        alerts.push(it);
    }
    if !of.providers.iter().any(|it| it.active) {
        let fact = "no provider is active: nothing can be sent".to_owned();
        let mut it = alert(Severity::Critical, AlertKind::NoProvider, ObjectKind::Daemon, "providers", fact);
        it.look = Some("notifyctl provider list".into());
        alerts.push(it);
    }
    let floor = u64::from(limits.disk_free_mib) << 20;
    if facts.disk_free.is_some_and(|free| free < floor) {
        let fact = format!("less than {} MiB are free on the disk of the log", limits.disk_free_mib);
        let mut it = alert(Severity::Warning, AlertKind::Disk, ObjectKind::Store, "store", fact);
        it.look = Some("notifyctl store stats".into());
        alerts.push(it);
    }
    if of.counters.dead_1h > limits.dead_per_hour.into() {
        let fact =
            format!("{} dead letters in the last hour (limit {})", of.counters.dead_1h, limits.dead_per_hour);
        let mut it =
            alert(Severity::Warning, AlertKind::DeadLetters, ObjectKind::Daemon, "dead letters", fact);
        it.look = Some("notifyctl dead group".into());
        alerts.push(it);
    }
    let lately = Duration::from_secs(u64::from(limits.clock_set_minutes) * 60);
    if let Some((at, by)) = facts.clock_set.filter(|(at, _)| is_within(*at, now, lately)) {
        let fact = format!("the clock was set by {by} ms; waits that are under way keep their length");
        let mut it = alert(Severity::Warning, AlertKind::Clock, ObjectKind::Daemon, "clock", fact);
        it.since = Some(at);
        alerts.push(it);
    }
    alerts
}

/// Whether a moment was so long ago at most; one ahead was not.
fn is_within(at: Timestamp, now: Timestamp, time: Duration) -> bool {
    (now - at).to_std().is_ok_and(|age| age <= time)
}

/// Whether a moment was longer ago.
fn is_older(at: Option<Timestamp>, now: Timestamp, seconds: u32) -> bool {
    let age = at.and_then(|at| (now - at).to_std().ok());
    age.is_some_and(|age| age > Duration::from_secs(seconds.into()))
}

fn circuit(it: &ProviderLine, facts: &Facts) -> Option<Alert> {
    let severity = match it.circuit.as_str() {
        _ if !it.active => return None,
        "open" => Severity::Critical,
        "half_open" => Severity::Warning,
        _ => return None,
    };
    let why = facts.circuits.iter().find(|(name, _)| *name == it.name).and_then(|(_, why)| why.as_deref());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let fact = format!("its circuit is {}{why}", it.circuit.replace('_', "-"));
    let mut alert = alert(severity, AlertKind::Circuit, ObjectKind::Provider, &it.name, fact);
    (alert.since, alert.until) = (it.circuit_since, it.circuit_until);
    alert.look = Some(format!("notifyctl provider circuit show {}", it.name));
    Some(alert)
}

fn queue(it: &QueueLine, limits: &Thresholds, now: Timestamp) -> Option<Alert> {
    // What keeps it from running is told as such.
    let runs = matches!(it.state.as_str(), "running" | "limited" | "late");
    if !runs || it.ready == 0 {
        return None;
    }
    let stalled = it.provider && it.busy == 0 && is_older(it.oldest_at, now, limits.stalled_seconds);
    let (kind, fact) = if stalled {
        (AlertKind::Stalled, "work waits, nothing is under way, and nothing says why".to_owned())
    } else if is_older(it.oldest_at, now, limits.queue_age_seconds) {
        let waits = it.provider || it.name == SharedQueue::Webhooks.as_str();
        let what = if waits { "the oldest waits" } else { "the first is past its time" };
        (AlertKind::Old, format!("{what} for more than {} s", limits.queue_age_seconds))
    } else {
        return None;
    };
    let mut alert = alert(Severity::Warning, kind, ObjectKind::Queue, &it.name, fact);
    alert.since = it.oldest_at;
    let look = match it.name.parse() {
        _ if it.provider => format!("queue show {}", it.name),
        Ok(SharedQueue::Webhooks) => "queue shape webhooks".to_owned(),
        _ => "schedule list".to_owned(),
    };
    alert.look = Some(format!("notifyctl {look}"));
    Some(alert)
}

fn webhook(it: &WebhookLine, limits: &Thresholds) -> Option<Alert> {
    let (kind, fact) = if it.state == "disabled" {
        (AlertKind::WebhookDisabled, format!("of service {}: the daemon has switched it off", it.service))
    } else {
        let share = it.ack_share.filter(|_| it.tries >= limits.ack_min_tries.into())? * 100.0;
        if it.state == "off" || share >= f64::from(limits.ack_percent) {
            return None;
        }
        let fact = format!(
            "of service {}: it took {share:.1} % of {} tries in 5 min (limit {} %), {} waiting",
            it.service, it.tries, limits.ack_percent, it.waiting
        );
        (AlertKind::AckRate, fact)
    };
    let mut alert = alert(Severity::Warning, kind, ObjectKind::Webhook, &it.id, fact);
    alert.since = it.failing_since;
    alert.look = Some(format!("notifyctl webhook stats {}", it.id));
    Some(alert)
}

fn held(name: &str, hold: &notifyd_store::Hold, limits: &Thresholds, now: Timestamp) -> Alert {
    let ahead = hold.until.and_then(|until| (until - now).to_std().ok());
    let ends = ahead.is_some_and(|left| left <= Duration::from_secs(limits.hold_ending_seconds.into()));
    let (severity, kind) =
        if ends { (Severity::Warning, AlertKind::HoldEnding) } else { (Severity::Info, AlertKind::Held) };
    let what = match hold.kind {
        HoldKind::Pause => "paused",
        HoldKind::Limit => "limited",
        HoldKind::Drain => "draining",
        HoldKind::CircuitOpen => "its circuit is kept open",
        HoldKind::Disabled => "disabled for a time",
        HoldKind::Enabled => "enabled for a time",
    };
    let why = hold.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let soon = if ends { ", which ends soon" } else { "" };
    let fact = format!("{what} by {}{why}{soon}", hold.actor);
    let mut alert = alert(severity, kind, ObjectKind::Queue, name, fact);
    (alert.since, alert.until) = (Some(hold.made_at), hold.until);
    alert.look = Some("notifyctl queue hold list".into());
    alert
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::ProviderId;
    use notify_proto::overview::Counters;
    use notifyd_store::{Hold, HoldOn};

    fn now() -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn ago(seconds: i64) -> Timestamp {
        now() - chrono::TimeDelta::seconds(seconds)
    }

    fn calm() -> Overview {
        let mut it: Overview = serde_json::from_str(r#"{"as_of":"2027-01-15T08:00:00Z"}"#).unwrap();
        it.providers = vec![ProviderLine {
            name: "msg91".into(),
            active: true,
            circuit: "closed".into(),
            ..ProviderLine::default()
        }];
        it.queues = vec![QueueLine {
            name: "msg91".into(),
            provider: true,
            state: "running".into(),
            ready: 3,
            busy: 1,
            oldest_at: Some(ago(60)),
            ..QueueLine::default()
        }];
        it.webhooks = vec![WebhookLine {
            id: "wh".into(),
            service: "acme".into(),
            state: "ok".into(),
            tries: 20,
            ack_share: Some(0.9),
            ..WebhookLine::default()
        }];
        it.counters = Counters { dead_1h: 100, ..Counters::default() };
        it
    }

    fn told(of: &Overview, facts: &Facts) -> Vec<String> {
        let alerts = attention(of, facts, &Thresholds::default(), now());
        alerts.iter().map(|it| format!("{} {} {}", it.severity, it.kind, it.name)).collect()
    }

    #[test]
    fn at_its_limits_nothing_needs_attention() {
        let facts = Facts { disk_free: Some(512 << 20), clock_set: Some((ago(901), 5)), ..Facts::default() };
        assert_eq!(told(&calm(), &facts), [""; 0]);
    }

    #[test]
    fn each_rule_tells_of_its_own_fault() {
        let mut it = calm();
        it.queues[0].oldest_at = Some(ago(61));
        assert_eq!(told(&it, &Facts::default()), ["warning old msg91"]);
        it.queues[0].busy = 0;
        assert_eq!(told(&it, &Facts::default()), ["warning stalled msg91"]);
        it.queues[0].state = "paused".into();
        assert_eq!(told(&it, &Facts::default()), [""; 0], "the pause is told as what it is");
        it.webhooks[0].ack_share = Some(0.89);
        assert_eq!(told(&it, &Facts::default()), ["warning ack_rate wh"]);
        it.webhooks[0].tries = 19;
        assert_eq!(told(&it, &Facts::default()), [""; 0], "too few to say anything");
        it.webhooks[0].state = "disabled".into();
        it.counters.dead_1h = 101;
        it.providers[0].circuit = "half_open".into();
        assert_eq!(
            told(&it, &Facts::default()),
            ["warning dead_letters dead letters", "warning circuit msg91", "warning webhook_disabled wh"]
        );
        it.providers[0].circuit = "open".into();
        let facts = Facts { circuits: vec![("msg91".into(), Some("5 in a row".into()))], ..Facts::default() };
        let first = attention(&it, &facts, &Thresholds::default(), now()).remove(0);
        assert_eq!(
            (first.severity.known(), first.fact.as_str()),
            (Some(Severity::Critical), "its circuit is open: 5 in a row")
        );
        it.providers[0].active = false;
        assert_eq!(told(&it, &facts)[0], "critical no_provider providers");
    }

    #[test]
    fn the_house_itself_is_looked_at() {
        let hold = |until| Hold {
            no: 1,
            on: HoldOn::Provider(ProviderId::from_bytes([1; 16])),
            kind: HoldKind::Pause,
            limit: None,
            reason: Some("upgrade".into()),
            actor: "ada".into(),
            made_at: now(),
            until,
        };
        let facts = Facts {
            holds: vec![
                ("a".into(), hold(Some(ago(-120)))),
                ("b".into(), hold(Some(ago(-121)))),
                ("c".into(), hold(None)),
            ],
            locked: vec![("acme".into(), now())],
            refusing: Some(("the disk is full", true)),
            disk_free: Some(1),
            clock_set: Some((ago(900), -5_000)),
            circuits: vec![],
        };
        assert_eq!(
            told(&calm(), &facts),
            [
                "critical refusing store",
                "warning disk store",
                "warning clock clock",
                "warning locked acme",
                "warning hold_ending a",
                "info held b",
                "info held c"
            ]
        );
    }
}
