//! Changes the configuration of a running daemon: all of it or nothing. What is wrong is said, and everything stays as it
//! was; what takes a restart is named.

use crate::failure::Failure;
use crate::settings::Settings;
use crate::telemetry::LogFilter;
use arc_swap::ArcSwap;
use notify_proto::upkeep::{ChangedSetting, ReloadView};
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_providers::Network;
use notifyd_store::SqliteStore;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the configuration of this daemon comes from, each time it is asked.
pub type Source = Box<dyn Fn() -> Result<Settings, Failure> + Send + Sync>;

/// Settings, or all that begin so, that change while the daemon runs.
const LIVE: [&str; 9] = [
    "breaker.",
    "delivery.",
    "intake.allowed_hosts",
    "intake.cors_origins",
    "limits.",
    "log.filter",
    "store.free_floor_mib",
    "store.keep_",
    "webhooks.",
];

/// What a reload changes.
pub struct Rooms {
    /// The log.
    pub store: Arc<SqliteStore>,
    /// The engine.
    pub engine: notifyd_engine::Handle,
    /// The intake.
    pub intake: notifyd_intake::Handle,
    /// The rules for new notifications, of intake and control.
    pub rules: Arc<ArcSwap<AdmissionRules>>,
    /// Where providers may go over HTTP.
    pub network: Network,
    /// What is logged.
    pub log: LogFilter,
}

/// Reloads.
pub struct Reloader {
    source: Source,
    /// The settings in force; held while they are changed, so that two reloads come one after the other.
    in_force: Mutex<Settings>,
    rooms: Rooms,
}

impl Reloader {
    /// For a daemon that was started with these settings.
    pub const fn new(source: Source, settings: Settings, rooms: Rooms) -> Self {
        Self { source, in_force: Mutex::new(settings), rooms }
    }

    /// Reads the configuration again and puts it in force, and says in the log what came of it.
    pub fn reload(&self) -> Result<ReloadView, Failure> {
        let done = self.put_in_force();
        match &done {
            Ok(view) => {
                let changed: Vec<_> = view.changed.iter().map(|it| format!("{}={}", it.key, it.to)).collect();
                tracing::info!(
                    event = "reloaded",
                    changed = changed.join(", "),
                    needs_restart = view.needs_restart.join(", "),
                    "configuration reloaded"
                );
            }
            Err(failure) => tracing::error!(
                event = "reload_refused", error = %failure.sentence(),
                "configuration not reloaded: everything is as it was"
            ),
        }
        done
    }

    fn put_in_force(&self) -> Result<ReloadView, Failure> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = (self.source)()?;
        let (settings, view) = merge(&in_force, &wanted)?;
        // Everything that can be refused comes first.
        let rules = settings.admission()?;
        let destinations = settings.destinations()?;
        self.rooms.log.set(&settings.log.filter)?;
        self.rooms.rules.store(Arc::new(rules));
        self.rooms.network.set_policy(destinations);
        self.rooms.engine.set_options(settings.engine());
        self.rooms.intake.set_options(&settings.intake, &settings.limits);
        self.rooms.store.set_retention(settings.store.retention());
        self.rooms.store.set_floor(settings.store.room().floor);
        *in_force = settings;
        Ok(view)
    }
}

/// Puts what may change of `wanted` into `in_force`, and tells the difference.
fn merge(in_force: &Settings, wanted: &Settings) -> Result<(Settings, ReloadView), Failure> {
    let bug = |error: serde_json::Error| Failure::Bug(error.to_string());
    let (mut merged, wanted) =
        (serde_json::to_value(in_force).map_err(bug)?, serde_json::to_value(wanted).map_err(bug)?);
    let (old, new) = (leaves(&merged), leaves(&wanted));
    let mut view = ReloadView::default();
    for (key, to) in &new {
        let from = old.get(key).unwrap_or(&Value::Null);
        if from == to {
            continue;
        }
        if is_live(key) {
            set(&mut merged, key, to.clone());
            view.changed.push(ChangedSetting {
                key: key.clone(),
                from: from.to_string(),
                to: to.to_string(),
            });
        } else {
            view.needs_restart.push(key.clone());
        }
    }
    let merged: Settings = serde_json::from_value(merged).map_err(bug)?;
    merged.check().map_err(Failure::Settings)?;
    Ok((merged, view))
}

fn is_live(key: &str) -> bool {
    LIVE.iter().any(|live| key == *live || (live.ends_with(['.', '_']) && key.starts_with(live)))
}

/// Every setting by its full name. A table whose members are the operator's own is one setting.
fn leaves(settings: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (section, keys) in settings.as_object().into_iter().flatten() {
        for (key, value) in keys.as_object().into_iter().flatten() {
            all.insert(format!("{section}.{key}"), value.clone());
        }
    }
    all
}

fn set(settings: &mut Value, key: &str, value: Value) {
    if let Some((section, key)) = key.split_once('.')
        && let Some(keys) = settings.get_mut(section).and_then(Value::as_object_mut)
    {
        let keys: &mut Map<String, Value> = keys;
        keys.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What takes a restart: what was bound, opened or sized at the start.
    const RESTART: [&str; 20] = [
        "control.group_admin",
        "control.group_read",
        "control.socket",
        "intake.anonymous_service",
        "intake.body_limit_bytes",
        "intake.body_timeout_seconds",
        "intake.header_timeout_seconds",
        "intake.in_flight_mib",
        "intake.listen",
        "intake.max_connections",
        "intake.max_connections_per_peer",
        "intake.metrics_remote",
        "intake.stop_timeout_seconds",
        "intake.write_timeout_seconds",
        "log.directory",
        "log.format",
        "log.keep_files",
        "store.path",
        "store.readers",
        "store.reserve_mib",
    ];

    fn defaults() -> Value {
        serde_json::to_value(Settings::default()).unwrap()
    }

    #[test]
    fn every_setting_is_live_or_takes_a_restart() {
        let all = leaves(&defaults());
        let known: Vec<_> = RESTART.iter().collect();
        for key in all.keys() {
            let restart = known.iter().any(|it| *it == key);
            assert!(is_live(key) != restart, "{key}: live or not?");
        }
        for key in known {
            assert!(all.contains_key(*key), "there is no {key}");
        }
    }

    #[test]
    fn what_may_change_does_and_the_rest_is_named() {
        let old = Settings::default();
        let mut new = old.clone();
        new.log.filter = "debug".into();
        new.store.keep_failed_days = 90;
        new.store.readers = 9;
        let (merged, view) = merge(&old, &new).unwrap();
        let changed: Vec<_> = view.changed.iter().map(|it| (it.key.as_str(), it.to.as_str())).collect();
        assert_eq!(changed, [("log.filter", "\"debug\""), ("store.keep_failed_days", "90")]);
        assert_eq!(view.needs_restart, ["store.readers"]);
        assert_eq!((merged.store.readers, merged.store.keep_failed_days), (old.store.readers, 90));
        // What was named is named again as long as it waits.
        assert_eq!(merge(&merged, &new).unwrap().1.needs_restart, ["store.readers"]);
    }
}
