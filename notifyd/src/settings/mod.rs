//! The configuration: the sum of the rooms' options, from defaults, a TOML file, the environment and flags, in this
//! order. An unknown key is an error that names the nearest known one.

mod keys;
mod sections;

pub use sections::{Breaker, Delivery, Log, LogFormat, Policy, PolicyByPriority, Store, Webhooks};

use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::retry::RetryPolicy;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Everything that may be configured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The HTTP intake.
    pub intake: notifyd_intake::Options,
    /// How much callers may ask for.
    pub limits: notifyd_intake::Limits,
    /// The log.
    pub store: Store,
    /// Delivery.
    pub delivery: Delivery,
    /// Circuit breakers.
    pub breaker: Breaker,
    /// Webhooks, and all else that is called over HTTP.
    pub webhooks: Webhooks,
    /// The control socket.
    pub control: notifyd_control::Options,
    /// From when on something needs attention.
    pub attention: notifyd_control::Thresholds,
    /// Logs.
    pub log: Log,
}

/// What is wrong with the configuration, in one sentence with the way out.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML, or a value has the wrong type.
    #[error("{origin}: {problem}")]
    Wrong {
        /// The file or the environment variable.
        origin: String,
        /// What is wrong.
        problem: String,
    },
    /// No such key.
    #[error("{origin}: there is no setting `{key}`{}", nearest.as_ref().map(|it| format!("; did you mean `{it}`?")).unwrap_or_default())]
    Unknown {
        /// The file or the environment variable.
        origin: String,
        /// What was written.
        key: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A value is out of its range.
    #[error("{key}: {problem}")]
    Range {
        /// Which.
        key: &'static str,
        /// What would be right.
        problem: String,
    },
}

/// What is no TOML and in which line. The line itself is not repeated: somebody may have put a credential there.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message().trim_end())
}

impl Settings {
    /// Reads the file, if there is one, and lays the environment over it. `environment` is all of it.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let Some(path) = file else { return Self::of(None, environment) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
        Self::of(Some((&text, &path.display().to_string())), environment)
    }

    /// Reads the text of a file, by this name, and lays the environment over it.
    pub fn of(
        file: Option<(&str, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let (mut table, origin) = match file {
            None => (toml::Table::new(), String::from("environment")),
            Some((text, origin)) => {
                let origin = origin.to_owned();
                let table = text.parse::<toml::Table>().map_err(|error| SettingsError::Wrong {
                    origin: origin.clone(),
                    problem: not_toml(text, &error),
                })?;
                keys::check(&table, &origin)?;
                (table, origin)
            }
        };
        keys::overlay(&mut table, environment)?;
        let settings: Self =
            serde_path_to_error::deserialize(toml::Value::Table(table)).map_err(|error| {
                let problem = format!("{}: {}", error.path(), error.inner().message());
                SettingsError::Wrong { origin, problem }
            })?;
        settings.check()?;
        Ok(settings)
    }

    /// Ranges that types cannot say.
    pub fn check(&self) -> Result<(), SettingsError> {
        let out_of = |error: notifyd_intake::SettingError| SettingsError::Range {
            key: error.key,
            problem: error.problem,
        };
        self.intake.check().map_err(out_of)?;
        self.limits.check().map_err(out_of)?;
        self.store.check()?;
        self.delivery.check()?;
        self.breaker.check()?;
        self.webhooks.check()?;
        sections::check_attention(&self.attention)?;
        self.admission()?;
        Ok(())
    }

    /// The rules for new notifications.
    pub fn admission(&self) -> Result<AdmissionRules, SettingsError> {
        let mut rules = AdmissionRules::default();
        for (name, policy) in &self.delivery.policies {
            let policy = RetryPolicy::from(policy.clone());
            if let Some((field, problem)) = policy.problem() {
                let problem = format!("policy {name}: {field}: {problem}");
                return Err(SettingsError::Range { key: "delivery.policies", problem });
            }
            rules.policies.insert(name.clone(), policy);
        }
        let by = &self.delivery.policy_by_priority;
        rules.policy_by_priority = [&by.instant, &by.high, &by.normal, &by.low].map(Clone::clone);
        if let Some(name) = rules.policy_by_priority.iter().find(|name| !rules.policies.contains_key(*name)) {
            let known: Vec<_> = rules.policies.keys().map(String::as_str).collect();
            let problem = format!("there is no policy {name}; policies are {}", known.join(", "));
            return Err(SettingsError::Range { key: "delivery.policy_by_priority", problem });
        }
        rules.dedup_window = sections::seconds(self.delivery.dedup_window_seconds);
        rules.destinations = self.destinations()?;
        rules.webhooks_per_service = self.webhooks.per_service;
        rules.on_unknown = self.delivery.on_unknown;
        rules.expires_after = self.delivery.expires_after_seconds.map(sections::seconds);
        Ok(rules)
    }

    /// Where providers and webhooks may go.
    pub fn destinations(&self) -> Result<notifyd_lifecycle::Policy, SettingsError> {
        notifyd_lifecycle::Policy::allowing(&self.webhooks.allow_private)
            .map_err(|problem| SettingsError::Range { key: "webhooks.allow_private", problem })
    }

    /// The engine's options.
    pub fn engine(&self) -> notifyd_engine::Options {
        let delivery = &self.delivery;
        notifyd_engine::Options {
            loaded: delivery.loaded,
            loaded_bytes: delivery.loaded_mib * 1_024 * 1_024,
            ageing: sections::seconds(delivery.ageing_seconds),
            overflow_after: delivery.overflow.then(|| sections::seconds(delivery.overflow_after_seconds)),
            attempt_timeout: sections::seconds(delivery.attempt_timeout_seconds),
            drain_timeout: sections::seconds(delivery.drain_timeout_seconds),
            breaker: self.breaker.rules(),
            webhooks: self.webhooks.options(),
            ..notifyd_engine::Options::default()
        }
    }

    /// As TOML, defaults included.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}

#[cfg(test)]
mod tests;
