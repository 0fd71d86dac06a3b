//! The configuration of a webhook, read and checked once.

use crate::config::{ConfigError, Fields};
use crate::http::{Limits, Target};
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use notifyd_lifecycle::destination::Refusal;
use notifyd_lifecycle::webhook::{Keys, header};
use notifyd_lifecycle::{Destination, Policy, Secret};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_TIMEOUT_SECONDS: f64 = 15.0;
const DEFAULT_CONNECTIONS: u32 = 100;

/// Longest id of a receiver that is kept, bytes.
const MAX_ID: usize = 128;

pub(super) struct Settings {
    /// The operator's URL, in both forms.
    pub url: Option<(Destination, Arc<Target>)>,
    pub method: Method,
    /// Those of every request.
    pub headers: HeaderMap,
    pub keys: Option<Keys>,
    pub limits: Limits,
    pub authorities: Option<String>,
    id_path: Option<String>,
}

impl Settings {
    pub(super) fn read(fields: Fields<'_>, secret: Option<&Secret<String>>) -> Result<Self, ConfigError> {
        let methods = header::METHODS.map(|name| (name, name));
        let method = fields.word("method", &methods)?.and_then(|name| name.parse().ok());
        let timeout = fields.number("timeout_seconds", 0.1..=600.0)?.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        let connections = fields.whole("max_connections", 1..=1_000)?.unwrap_or(DEFAULT_CONNECTIONS);
        Ok(Self {
            url: url(fields)?,
            method: method.unwrap_or(Method::POST),
            headers: headers(fields)?,
            keys: secret.map(keys).transpose()?,
            limits: Limits {
                timeout: Duration::from_secs_f64(timeout),
                connections: usize::try_from(connections).unwrap_or(usize::MAX),
            },
            authorities: fields.text("ca_file")?.map(str::to_owned),
            id_path: id_path(fields)?,
        })
    }

    /// The receiver's id in its answer, where one is looked for and found.
    pub(super) fn id_of(&self, body: &[u8]) -> Option<String> {
        let path = self.id_path.as_deref()?;
        let answer: Value = serde_json::from_slice(body).ok()?;
        let found = path.split('.').try_fold(&answer, |value, step| match value {
            Value::Array(values) => values.get(step.parse::<usize>().ok()?),
            value => value.get(step),
        });
        let id = match found? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let fits = !id.is_empty() && id.len() <= MAX_ID && !id.contains(char::is_control);
        fits.then_some(id)
    }
}

fn wrong_url(problem: &str) -> ConfigError {
    // The refusals say what to do themselves.
    let (problem, fix) = problem.split_once("; ").unwrap_or((problem, "check the URL"));
    ConfigError::invalid("url", problem, fix)
}

fn url(fields: Fields<'_>) -> Result<Option<(Destination, Arc<Target>)>, ConfigError> {
    let Some(text) = fields.text("url")? else { return Ok(None) };
    let destination = Destination::parse(text).map_err(|refusal| match refusal {
        Refusal::NoUrl => {
            ConfigError::invalid("url", "is no URL", "use one such as https://hooks.example.org/in")
        }
        refusal => wrong_url(&refusal.to_string()),
    })?;
    let target = Target::new(destination.clone()).map_err(|error| wrong_url(&error.to_string()))?;
    Ok(Some((destination, Arc::new(target))))
}

/// Whether the operator's URL may be called as things stand.
pub(super) fn admitted(url: &Destination, policy: &Policy) -> Result<(), ConfigError> {
    policy.check_named(url).map_err(|refusal| match refusal {
        Refusal::Forbidden(kind) => ConfigError::invalid(
            "url",
            format!("leads to {kind}, which is not called"),
            "use a public address, or allow it in [webhooks] allow_private of the configuration",
        ),
        refusal => wrong_url(&refusal.to_string()),
    })
}

fn headers(fields: Fields<'_>) -> Result<HeaderMap, ConfigError> {
    let mut all = HeaderMap::new();
    all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    all.insert(USER_AGENT, HeaderValue::from_static(concat!("notifyd/", env!("CARGO_PKG_VERSION"))));
    let Some(given) = fields.get("headers") else { return Ok(all) };
    let wrong = |name: &str, problem: String| {
        let field = if name.is_empty() { "headers".to_owned() } else { format!("headers.{name}") };
        let (problem, fix) = match problem.split_once("; ") {
            Some((problem, fix)) => (problem.to_owned(), fix.to_owned()),
            None => (problem, "use plain names and values, such as {\"X-Team\": \"ops\"}".to_owned()),
        };
        ConfigError::invalid(field, problem, fix)
    };
    for (name, value) in header::read(given).map_err(|it| wrong(&it.name, it.problem))? {
        if ["authorization", "cookie"].iter().any(|it| name.eq_ignore_ascii_case(it)) {
            let problem =
                "would be a credential in the configuration; have the receiver verify the signature";
            return Err(wrong(name, problem.to_owned()));
        }
        let (name, value) = pair(name, value).ok_or_else(|| wrong("", "cannot be sent".to_owned()))?;
        all.insert(name, value);
    }
    Ok(all)
}

/// A checked header as it is sent.
pub(super) fn pair(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, value.parse().ok()?))
}

fn keys(secret: &Secret<String>) -> Result<Keys, ConfigError> {
    Keys::parse(secret.expose()).map_err(|error| {
        let fix = "make one with: printf 'whsec_%s' \"$(openssl rand -base64 32)\"; while it is replaced give the new one and the old one, apart by a blank";
        ConfigError::invalid("secret", error.to_string(), fix)
    })
}

fn id_path(fields: Fields<'_>) -> Result<Option<String>, ConfigError> {
    let Some(path) = fields.text("id_path")? else { return Ok(None) };
    if path.len() > MAX_ID || path.split('.').any(str::is_empty) {
        let fix = "name members with dots between them, such as data.id";
        return Err(ConfigError::invalid("id_path", "is no path in a JSON document", fix));
    }
    Ok(Some(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

    fn read(config: &Value, secret: Option<&str>) -> Result<Settings, ConfigError> {
        let secret = secret.map(|secret| Secret::new(secret.to_owned()));
        Settings::read(Fields::new(config.as_object().unwrap()), secret.as_ref())
    }

    #[test]
    fn wrong_settings_name_their_field_and_repeat_nothing() {
        let cases = [
            (json!({"url": "canary"}), None, "url"),
            (json!({"url": "ftp://hooks.example.org/canary"}), None, "url"),
            (json!({"url": "https://canary:canary@hooks.example.org/"}), None, "url"),
            (json!({"url": "https://hooks.example.org/a\nb"}), None, "url"),
            (json!({"url": 7}), None, "url"),
            (json!({"method": "GET"}), None, "method"),
            (json!({"headers": ["canary"]}), None, "headers"),
            (json!({"headers": {"Host": "canary"}}), None, "headers.Host"),
            (json!({"headers": {"Webhook-Id": "canary"}}), None, "headers.Webhook-Id"),
            (json!({"headers": {"X-A": "canary\r\nX-B: canary"}}), None, "headers.X-A"),
            (json!({"headers": {"Authorization": "canary"}}), None, "headers.Authorization"),
            (json!({"id_path": "data..id"}), None, "id_path"),
            (json!({"timeout_seconds": 0}), None, "timeout_seconds"),
            (json!({"max_connections": 0}), None, "max_connections"),
            (json!({}), Some("canary"), "secret"),
            (json!({}), Some(""), "secret"),
        ];
        for (config, secret, field) in cases {
            let error = read(&config, secret).err().expect("an error");
            assert_eq!(error.field(), Some(field), "{config}");
            let text = error.to_string();
            assert!(!text.contains("canary") && text.contains("; "), "{text}");
        }
    }

    #[test]
    fn headers_of_the_operator_go_over_ours() {
        let settings = read(&json!({"headers": {"User-Agent": "acme", "X-Team": "ops"}}), Some(SECRET));
        let settings = settings.ok().unwrap();
        assert_eq!(settings.headers["user-agent"], "acme");
        assert_eq!(settings.headers["x-team"], "ops");
        assert_eq!(settings.headers["content-type"], "application/json");
        assert_eq!((settings.method, settings.url.is_none()), (Method::POST, true));
    }

    #[test]
    fn ids_are_found_where_they_are_said_to_be() {
        let find = |path: &str, body: &str| {
            read(&json!({"id_path": path}), None).ok().unwrap().id_of(body.as_bytes())
        };
        assert_eq!(find("id", r#"{"id": "m-1"}"#).as_deref(), Some("m-1"));
        assert_eq!(find("data.items.1.id", r#"{"data": {"items": [0, {"id": 7}]}}"#).as_deref(), Some("7"));
        let long = format!("{{\"id\": \"{}\"}}", "x".repeat(MAX_ID + 1));
        for body in
            ["", "garbage", "[]", "{}", r#"{"id": null}"#, r#"{"id": {}}"#, r#"{"id": "a\u0000"}"#, &long]
        {
            assert_eq!(find("id", body), None, "{body}");
        }
    }

    #[test]
    fn an_address_that_is_not_public_is_refused_when_it_is_given() {
        let settings = read(&json!({"url": "http://127.1:8080/canary"}), None).ok().unwrap();
        let (url, _) = settings.url.unwrap();
        let text = admitted(&url, &Policy::default()).unwrap_err().to_string();
        assert!(text.contains("a loopback address") && text.contains("[webhooks] allow_private"), "{text}");
        assert!(!text.contains("canary"), "{text}");
        assert!(admitted(&url, &Policy::allowing(["127.0.0.1/32:8080"]).unwrap()).is_ok());
    }
}
