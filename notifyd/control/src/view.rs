//! What is told about services, providers and the daemon.

use crate::session::Room;
use notify_proto::ServiceId;
use notify_proto::hold::HoldView;
use notify_proto::view::{DaemonInfo, ProviderView, ServiceView};
use notify_proto::webhook::{HIDDEN, WebhookView};
use notifyd_store::webhooks::Webhook;
use notifyd_store::{Hold, Provider, Service};

impl Room {
    /// A service as it is now.
    pub(crate) fn service_view(&self, service: &Service) -> ServiceView {
        let now = self.now();
        let (failures, locked_until) = self.deps.store.door().failures(service.id, now);
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
            created_at: provider.created_at,
        }
    }

    /// What operators force on a provider now.
    pub(crate) fn holds_on(&self, provider: &Provider) -> Vec<HoldView> {
        let directory = self.deps.store.directory();
        directory.holds_on(provider.id, self.now()).map(|hold| hold_view(hold, provider)).collect()
    }

    /// A webhook, with the names of its headers.
    pub(crate) fn webhook_view<'a>(
        &self,
        it: &Webhook,
        headers: impl Iterator<Item = &'a String>,
    ) -> WebhookView {
        let directory = self.deps.store.directory();
        let service = directory.service_no(it.service);
        WebhookView {
            id: it.id,
            service_id: service.map_or(ServiceId::from_bytes([0; 16]), |service| service.id),
            service_name: service.map_or_else(String::new, |service| service.name.clone()),
            url: it.url.clone(),
            description: it.description.clone(),
            is_active: it.active,
            disabled_reason: it.fault.map(Into::into),
            failing_since: it.failing_since,
            events: it.events.iter().map(Into::into).collect(),
            headers: headers.map(|name| (name.clone(), HIDDEN.to_owned())).collect(),
            max_retries: it.schedule.max_retries,
            timeout_seconds: u32::try_from(it.timeout.as_secs()).unwrap_or(u32::MAX),
            retry_profile: it.schedule.profile.into(),
            redact: it.redact,
            old_secret_until: it.old_until.filter(|until| *until > self.now()),
            created_at: it.created_at,
            updated_at: it.updated_at,
        }
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
    (rate * 1_000.0).round() / 1_000.0
}

/// What an operator forces on a provider.
pub(crate) fn hold_view(hold: &Hold, provider: &Provider) -> HoldView {
    HoldView {
        id: hold.id(),
        provider_id: provider.id,
        provider_name: provider.name.clone(),
        kind: hold.kind.into(),
        limit: hold.limit,
        reason: hold.reason.clone(),
        actor: hold.actor.clone(),
        made_at: hold.made_at,
        until: hold.until,
    }
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
