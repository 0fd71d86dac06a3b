//! What is told about services, providers and the daemon.

use crate::session::Room;
use notify_proto::ServiceId;
use notify_proto::hold::HoldView;
use notify_proto::view::{DaemonInfo, ProviderView, ServiceView};
use notify_proto::webhook::WebhookView;
use notifyd_lifecycle::webhook::ask::Headers;
use notifyd_store::webhooks::Webhook;
use notifyd_store::{Directory, Hold, HoldOn, Provider, Service};

impl Room {
    /// A service as it is now.
    pub(crate) fn service_view(&self, service: &Service) -> ServiceView {
        let now = self.now();
        let (failures, locked_until) = self.deps.store.door().failures(service.id, now);
        let answered = self.deps.store.door().answered(service.id);
        ServiceView {
            id: service.id,
            name: service.name.clone(),
            description: service.description.clone(),
            active: service.active,
            rate_per_second: service.rate_per_second,
            created_at: service.created_at,
            active_keys: count(service.keys.iter().filter(|key| key.valid(now)).count()),
            auth_failures: count(failures),
            locked_until,
            deduplicated_24h: answered.duplicates,
            throttled_24h: answered.throttled,
            figures: None,
            latency: None,
        }
    }

    /// A provider as it is now, without its configuration.
    pub(crate) fn provider_view(&self, provider: &Provider) -> ProviderView {
        let state = self.deps.engine.provider_state(provider.id);
        ProviderView {
            id: provider.id,
            name: provider.name.clone(),
            kind: provider.kind.clone(),
            channels: provider.channels.iter().map(|channel| (*channel).into()).collect(),
            priority: provider.priority,
            active: provider.active,
            simulated: provider.simulated,
            rate_per_second: provider.rate_per_second,
            burst: provider.burst,
            max_in_flight: provider.max_in_flight,
            circuit: state.circuit.to_owned(),
            circuit_reason: state.reason,
            circuit_until: state.probe_at,
            throttled_until: state.throttled_until,
            learned_rate: state.learned_rate.map(thousandths),
            in_flight: state.in_flight,
            holds: self.holds_on(provider),
            config: None,
            calls: Vec::new(),
            created_at: provider.created_at,
        }
    }

    /// What operators force on a provider now.
    pub(crate) fn holds_on(&self, provider: &Provider) -> Vec<HoldView> {
        let directory = self.deps.store.directory();
        let holds = directory.holds_on(provider.id, self.now());
        holds.filter_map(|hold| hold_view(hold, &directory)).collect()
    }

    /// A webhook as it is now, with the names of its headers.
    pub(crate) fn webhook_view(&self, it: &Webhook, headers: &Headers) -> WebhookView {
        let directory = self.deps.store.directory();
        let (id, name) = directory
            .service_no(it.service)
            .map_or((ServiceId::from_bytes([0; 16]), String::new()), |service| {
                (service.id, service.name.clone())
            });
        let view = it.view(id, name, headers);
        let old_secret_until = view.old_secret_until.filter(|until| *until > self.now());
        WebhookView { old_secret_until, ..view }
    }

    /// Who answers.
    pub(crate) fn daemon_info(&self) -> DaemonInfo {
        let daemon = &self.deps.daemon;
        let (database, log) = self.deps.store.bytes();
        DaemonInfo {
            version: daemon.version.clone(),
            pid: daemon.pid,
            started_at: daemon.started_at,
            uptime_seconds: u64::try_from((self.now() - daemon.started_at).num_seconds()).unwrap_or_default(),
            listen: daemon.listen.clone(),
            state_dir: daemon.state_dir.display().to_string(),
            socket: self.socket.display().to_string(),
            store_bytes: database + log,
            sqlite_version: daemon.sqlite_version.clone(),
        }
    }
}

/// A rate as precise as anybody needs it.
pub(crate) fn thousandths(rate: f64) -> f64 {
    // Sums of what came and went leave a minus before nothing.
    (rate * 1_000.0).round() / 1_000.0 + 0.0
}

/// What an operator forces; none when it is on a provider that is gone.
pub(crate) fn hold_view(hold: &Hold, directory: &Directory) -> Option<HoldView> {
    Some(HoldView {
        id: hold.id(),
        queue: directory.name_of(hold.on)?.to_owned(),
        provider_id: match hold.on {
            HoldOn::Provider(id) => Some(id),
            HoldOn::Queue(_) => None,
        },
        kind: hold.kind.into(),
        limit: hold.limit,
        reason: hold.reason.clone(),
        actor: hold.actor.clone(),
        made_at: hold.made_at,
        until: hold.until,
    })
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
