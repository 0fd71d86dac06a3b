//! What stands in lists: how rows are told apart, found and sorted.

use super::list::{Item, Rank};
use super::weights::{LAST, most};
use notify_proto::hold::QueueView;
use notify_proto::line::NotificationLine;
use notify_proto::view::{ProviderView, ServiceView};
use notify_proto::webhook::{DeliveryView, WebhookView};

impl Item for NotificationLine {
    const SORTS: &'static [&'static str] = &[];
    const HEADS: &'static [&'static str] = &[];

    fn id(&self) -> String {
        // What is told to a webhook may be of a notification that waits there itself.
        self.webhook.as_ref().map_or_else(|| self.id.to_string(), |told| told.id.to_string())
    }

    fn words(&self) -> String {
        String::new()
    }

    fn rank(&self, _by: usize) -> Rank {
        (0.0, String::new())
    }
}

impl Item for QueueView {
    const SORTS: &'static [&'static str] =
        &["order tried", "waiting", "oldest", "rate", "name", "errors", "p95"];
    const HEADS: &'static [&'static str] = &["", "READY", "OLDEST", "OUT/s", "QUEUE", "ERR%", "P95"];

    fn id(&self) -> String {
        self.name.clone()
    }

    fn words(&self) -> String {
        format!("{} {}", self.name, self.state)
    }

    fn rank(&self, by: usize) -> Rank {
        let oldest = || self.oldest_at.map_or(i64::MAX, |at| at.timestamp_millis());
        #[expect(clippy::cast_precision_loss, reason = "it is for sorting")]
        let number = match by {
            1 => most(self.waiting + self.on_disk),
            2 => oldest() as f64,
            3 => -self.rate_per_second,
            5.. => LAST,
            _ => 0.0,
        };
        (number, self.name.clone())
    }
}

impl Item for ProviderView {
    const SORTS: &'static [&'static str] =
        &["order tried", "in flight", "circuit", "name", "ok rate", "p95", "calls"];
    const HEADS: &'static [&'static str] = &["", "BUSY", "CIRCUIT", "PROVIDER", "OK%", "P95", "CALLS/s"];

    fn id(&self) -> String {
        self.name.clone()
    }

    fn words(&self) -> String {
        let channels: Vec<_> = self.channels.iter().map(ToString::to_string).collect();
        let active = if self.active { "active" } else { "off" };
        format!("{} {} {} {active} {}", self.name, self.kind, self.circuit, channels.join(" "))
    }

    fn rank(&self, by: usize) -> Rank {
        let number = match by {
            1 => most(self.in_flight.into()),
            2 => match self.circuit.as_str() {
                "open" => 0.0,
                "half_open" => 1.0,
                _ => 2.0,
            },
            4.. => LAST,
            _ => 0.0,
        };
        (number, self.name.clone())
    }
}

impl Item for WebhookView {
    const SORTS: &'static [&'static str] =
        &["oldest", "service", "state", "ack rate", "waiting", "failed", "p95"];
    const HEADS: &'static [&'static str] = &["", "ENDPOINT", "STATE", "ACK%", "WAIT", "FAILED", "P95"];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn words(&self) -> String {
        let state = if self.is_active { "on" } else { "off" };
        format!("{} {} {} {state}", self.id, self.service_name, self.url)
    }

    fn rank(&self, by: usize) -> Rank {
        let number = match by {
            2 if self.failing_since.is_some() => 0.0,
            2 if self.is_active => 2.0,
            2 => 1.0,
            3.. => LAST,
            _ => 0.0,
        };
        (number, format!("{} {}", self.service_name, self.url))
    }
}

impl Item for DeliveryView {
    const SORTS: &'static [&'static str] = &["newest", "tries"];
    const HEADS: &'static [&'static str] = &["AGE", "TRY"];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn words(&self) -> String {
        format!("{} {} {}", self.id, self.event, self.status)
    }

    fn rank(&self, _by: usize) -> Rank {
        (most(self.attempt_count.into()), String::new())
    }
}

impl Item for ServiceView {
    const SORTS: &'static [&'static str] = &["name", "keys", "failed authentications", "rate", "dead"];
    const HEADS: &'static [&'static str] = &["SERVICE", "KEYS", "AUTH", "ACC/s", "FAILED"];

    fn id(&self) -> String {
        self.name.clone()
    }

    fn words(&self) -> String {
        let active = if self.active { "active" } else { "off" };
        let locked = if self.locked_until.is_some() { "locked" } else { "" };
        format!("{} {active} {locked}", self.name)
    }

    fn rank(&self, by: usize) -> Rank {
        let number = match by {
            1 => most(self.active_keys.into()),
            2 => most(self.auth_failures.into()),
            3 => self.figures.as_ref().map_or(1.0, |it| -it.accepted_per_second),
            4 => self.figures.as_ref().map_or(1.0, |it| most(it.failed_24h)),
            _ => 0.0,
        };
        (number, self.name.clone())
    }
}
