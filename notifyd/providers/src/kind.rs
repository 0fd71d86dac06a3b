//! The provider types. A [`Kind`] is one row of the list: what `provider types` shows, what `provider seed` starts
//! from, and how a stored row becomes a [`Provider`]. Adding a way out is adding a row.

use crate::config::{ConfigError, Fields};
use crate::{Network, Provider, Sink, mock, smtp, webhook};
use notify_proto::{Channel, ProviderId};
use notifyd_lifecycle::{Clock, Secret};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What is handed to a provider from outside, so that tests own it.
#[derive(Clone)]
pub struct BuildContext {
    /// Seed of the randomness a provider may use (the mock's dice).
    pub seed: u64,
    /// The wall clock: the `Date` of a mail, the times in the mock's record.
    pub clock: Arc<dyn Clock>,
    /// Takes what a provider hears later of what it took.
    pub receipts: Sink,
    /// Who may be called over HTTP, and how names are found.
    pub network: Network,
}

impl BuildContext {
    /// The same for this provider: its receipts are told as its own.
    #[must_use]
    pub fn of(&self, provider: ProviderId) -> Self {
        Self { receipts: self.receipts.of(provider), ..self.clone() }
    }
}

/// Whether a type needs a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// It has none; giving one is an error.
    Never,
    /// Depends on the configuration.
    Optional,
    /// Always.
    Required,
}

/// What `provider seed` writes into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// Nothing: the field is left out and its default holds.
    Unset,
    /// This text.
    Text(&'static str),
    /// This number.
    Number(u32),
}

/// One field of a type's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name in the JSON object.
    pub name: &'static str,
    /// What it means, with its default, in one line.
    pub about: &'static str,
    /// Whether a configuration must have it.
    pub required: bool,
    /// What `provider seed` writes.
    pub seed: Seed,
}

impl Field {
    pub(crate) const fn optional(name: &'static str, about: &'static str) -> Self {
        Self { name, about, required: false, seed: Seed::Unset }
    }

    pub(crate) const fn seeded(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

type Build = fn(Fields<'_>, Option<&Secret<String>>, &BuildContext) -> Result<Arc<dyn Provider>, ConfigError>;

/// A provider type.
pub struct Kind {
    /// Its name, as in `provider add --type`.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The channels it can serve.
    pub channels: &'static [Channel],
    /// Whether nothing leaves the house through it.
    pub simulated: bool,
    /// The fields of its configuration.
    pub fields: &'static [Field],
    /// Whether it takes a credential.
    pub secret: SecretUse,
    pub(crate) build: Build,
}

impl Kind {
    /// The configuration `provider seed` starts from; it builds as it is.
    pub fn default_config(&self) -> Value {
        let mut config = Map::new();
        for field in self.fields {
            let value = match field.seed {
                Seed::Unset => continue,
                Seed::Text(text) => Value::from(text),
                Seed::Number(number) => Value::from(number),
            };
            config.insert(field.name.to_owned(), value);
        }
        Value::Object(config)
    }

    fn known_fields(&self) -> String {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        names.join(", ")
    }

    fn check(&self, config: &Map<String, Value>, secret: Option<&Secret<String>>) -> Result<(), ConfigError> {
        if let Some(field) = config.keys().find(|key| !self.fields.iter().any(|field| field.name == *key)) {
            let fix = if looks_like_a_credential(field) && self.secret != SecretUse::Never {
                String::from("credentials are never part of the configuration, give it as the secret")
            } else {
                format!("its fields are {}", self.known_fields())
            };
            return Err(ConfigError::Unknown {
                kind: self.name,
                field: field.chars().take(64).collect(),
                fix,
            });
        }
        for field in self.fields.iter().filter(|field| field.required) {
            if config.get(field.name).is_none_or(Value::is_null) {
                return Err(ConfigError::missing(field.name, field.about));
            }
        }
        match (self.secret, secret) {
            (SecretUse::Never, Some(_)) => {
                Err(ConfigError::invalid("secret", format!("is not used by {}", self.name), "leave it out"))
            }
            (SecretUse::Required, None) => Err(ConfigError::missing(
                "secret",
                format!("{} cannot work without its credential", self.name),
            )),
            _ => Ok(()),
        }
    }
}

fn looks_like_a_credential(field: &str) -> bool {
    let field = field.to_lowercase();
    ["pass", "secret", "token", "key", "credential"].iter().any(|word| field.contains(word))
}

/// Every provider type.
pub fn kinds() -> &'static [Kind] {
    static KINDS: [Kind; 3] = [mock::KIND, smtp::KIND, webhook::KIND];
    &KINDS
}

/// The type of that name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.name == name)
}

/// Builds a provider from its stored row. A `null` configuration means the type's defaults.
pub fn build(
    name: &str,
    config: &Value,
    secret: Option<&Secret<String>>,
    context: &BuildContext,
) -> Result<Arc<dyn Provider>, ConfigError> {
    let kind = kind(name).ok_or_else(|| ConfigError::UnknownKind {
        given: name.chars().take(40).collect(),
        known: kinds().iter().map(|kind| kind.name).collect::<Vec<_>>().join(", "),
    })?;
    let defaults;
    let config = if config.is_null() {
        defaults = kind.default_config();
        &defaults
    } else {
        config
    };
    let config = config.as_object().ok_or(ConfigError::NotAnObject)?;
    kind.check(config, secret)?;
    (kind.build)(Fields::new(config), secret, context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notifyd_lifecycle::clock::SystemClock;
    use serde_json::json;

    fn context() -> BuildContext {
        BuildContext {
            seed: 1,
            clock: Arc::new(SystemClock),
            receipts: Sink::default(),
            network: Network::default(),
        }
    }

    fn error(name: &str, config: &Value, secret: Option<&str>) -> ConfigError {
        let context = context();
        let secret = secret.map(|secret| Secret::new(secret.to_owned()));
        build(name, config, secret.as_ref(), &context).err().expect("an error")
    }

    #[test]
    fn every_type_builds_from_its_defaults() {
        let context = context();
        for kind in kinds() {
            let secret = (kind.secret == SecretUse::Required).then(|| Secret::new(String::from("s")));
            for config in [Value::Null, kind.default_config()] {
                assert!(build(kind.name, &config, secret.as_ref(), &context).is_ok(), "{}", kind.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_field_is_explained() {
        for (index, kind) in kinds().iter().enumerate() {
            assert!(kinds()[index + 1..].iter().all(|other| other.name != kind.name));
            assert!(!kind.channels.is_empty());
            assert!(kind.fields.iter().all(|field| !field.about.is_empty()));
        }
    }

    #[test]
    fn errors_name_the_field_and_the_fix() {
        let unknown = error("fax", &Value::Null, None).to_string();
        assert_eq!(unknown, "`fax` is no provider type; use one of mock, smtp, webhook");
        assert_eq!(error("mock", &json!([]), None), ConfigError::NotAnObject);
        let field = error("mock", &json!({"latency": 3}), None);
        assert_eq!(field.field(), Some("latency"));
        assert!(
            field.to_string().starts_with("mock has no field `latency`; its fields are latency_ms"),
            "{field}"
        );
        let range = error("mock", &json!({"failure_rate": 2}), None).to_string();
        assert_eq!(range, "`failure_rate` is out of range or no number; use a number from 0 to 1");
        let missing = error("smtp", &json!({"host": "mail.example.org"}), None);
        assert_eq!(missing.field(), Some("from"));
        let port = error("smtp", &json!({"host": "h.example", "from": "a@b.example", "port": "25"}), None);
        assert_eq!(port.field(), Some("port"));
        assert_eq!(error("mock", &json!({}), Some("x")).field(), Some("secret"));
    }

    #[test]
    fn a_credential_in_the_configuration_is_refused_and_not_repeated() {
        let config = json!({"host": "h.example", "from": "a@b.example", "password": "hunter2"});
        let text = error("smtp", &config, None).to_string();
        assert!(text.contains("give it as the secret"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
