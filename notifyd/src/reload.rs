//! Changes the configuration of a running daemon: all of it or nothing. What is wrong is said, and everything stays as it
//! was; what takes a restart is named.

use crate::failure::Failure;
use crate::settings::Settings;
use crate::telemetry::{self, LogFilter};
use arc_swap::ArcSwap;
use notify_proto::upkeep::{ChangedSetting, ConfigView, ReloadView, SettingView};
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_providers::Network;
use notifyd_store::SqliteStore;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;

/// Where the configuration of this daemon comes from, each time it is asked: from its file, or from the text that is given in
/// place of the file's.
pub type Source = Box<dyn Fn(Option<&str>) -> Result<Settings, Failure> + Send + Sync>;

/// Settings, or all that begin so, that change while the daemon runs.
const LIVE: [&str; 10] = [
    "attention.",
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
    /// From when on something needs attention.
    pub attention: Arc<ArcSwap<notifyd_control::Thresholds>>,
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
    /// The file.
    file: Option<PathBuf>,
    /// Ends a log filter that is in force for a while.
    filter_ends: Mutex<Option<AbortHandle>>,
}

impl Reloader {
    /// For a daemon that was started with these settings.
    pub fn new(source: Source, file: Option<PathBuf>, settings: Settings, rooms: Rooms) -> Self {
        let (in_force, filter_ends) = (Mutex::new(settings), Mutex::new(None));
        Self { source, in_force, rooms, file, filter_ends }
    }

    /// The settings in force. What looks like a credential is left out.
    pub fn config(&self) -> Result<ConfigView, Failure> {
        let bug = |error: serde_json::Error| Failure::Bug(error.to_string());
        let in_force = serde_json::to_value(&*self.settings()).map_err(bug)?;
        let defaults = leaves(&serde_json::to_value(Settings::default()).map_err(bug)?);
        let setting = |(key, value): (String, Value)| {
            let default = defaults.get(&key).cloned().unwrap_or_default();
            SettingView { live: is_live(&key), value: redacted(&key, value), default, key }
        };
        let file = self.file.as_ref().map(|path| path.display().to_string());
        Ok(ConfigView { file, settings: leaves(&in_force).into_iter().map(setting).collect() })
    }

    /// What a reload would do now, or were this the file.
    pub fn check(&self, text: Option<&str>) -> Result<ReloadView, Failure> {
        let wanted = (self.source)(text)?;
        let (settings, view) = merge(&self.settings(), &wanted)?;
        settings.admission()?;
        settings.destinations()?;
        telemetry::filter(&settings.log.filter)?;
        Ok(view)
    }

    /// The configured log filter, when this one could be used in its place.
    pub fn check_log_filter(&self, filter: &str) -> Result<String, Failure> {
        telemetry::filter(filter)?;
        Ok(self.settings().log.filter.clone())
    }

    /// Logs by this filter for so long; without one, by the configured one from now on. A reload ends it, too.
    pub fn log_filter(&self, filter: Option<&str>, lasts: Duration) -> Result<(), Failure> {
        // Held, so that no reload comes between.
        let configured = self.settings();
        let mut ends = self.filter_ends.lock().unwrap_or_else(PoisonError::into_inner);
        let log = &self.rooms.log;
        log.set(filter.unwrap_or(&configured.log.filter))?;
        let next = filter.map(|filter| {
            tracing::info!(event = "log_filter", filter, seconds = lasts.as_secs(), "log filter changed");
            let (log, configured) = (log.clone(), configured.log.filter.clone());
            tokio::spawn(async move {
                tokio::time::sleep(lasts).await;
                // It was in force before.
                if log.set(&configured).is_ok() {
                    tracing::info!(
                        event = "log_filter",
                        filter = configured,
                        "log filter as configured again"
                    );
                }
            })
            .abort_handle()
        });
        if let Some(before) = std::mem::replace(&mut *ends, next) {
            before.abort();
        }
        Ok(())
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.in_force.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut in_force = self.settings();
        let wanted = (self.source)(None)?;
        let (settings, view) = merge(&in_force, &wanted)?;
        // Everything that can be refused comes first.
        let rules = settings.admission()?;
        let destinations = settings.destinations()?;
        self.rooms.log.set(&settings.log.filter)?;
        if let Some(ends) = self.filter_ends.lock().unwrap_or_else(PoisonError::into_inner).take() {
            ends.abort();
        }
        self.rooms.rules.store(Arc::new(rules));
        self.rooms.attention.store(Arc::new(settings.attention));
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

/// The value, unless its key says that it is a credential and it is a text: places and names of files are told.
fn redacted(key: &str, value: Value) -> Value {
    let secret = ["password", "secret", "token", "credential", "_key"].iter().any(|word| key.contains(word));
    if secret && value.as_str().is_some_and(|text| !text.is_empty()) { Value::from("***") } else { value }
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
    fn what_looks_like_a_credential_is_not_told() {
        let shown = |key: &str, value: Value| redacted(key, value);
        assert_eq!(shown("users.token_secret", "hunter2".into()), "***");
        assert_eq!(shown("intake.listen", "127.0.0.1:8000".into()), "127.0.0.1:8000");
        assert_eq!(shown("users.token_minutes", 5.into()), 5);
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
