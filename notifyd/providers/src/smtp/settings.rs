//! The configuration of a relay, read and checked once.

use super::mime;
use super::tls::{self, Encryption};
use crate::config::{ConfigError, Fields};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::message::Mailbox;
use notifyd_lifecycle::Secret;
use std::time::Duration;

const DEFAULT_TIMEOUT_SECONDS: f64 = 60.0;
const DEFAULT_CONNECTIONS: u32 = 10;
/// What the big mail hosts take: 25 MiB after encoding.
const DEFAULT_MESSAGE_BYTES: u32 = 25 * 1024 * 1024;

pub(super) struct Settings {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub from: Mailbox,
    pub login: Option<Login>,
    pub hello_name: Option<String>,
    pub timeout: Duration,
    pub max_connections: usize,
    pub max_message_bytes: usize,
    /// The forms in which the password goes over the wire; a server may repeat them in an error.
    hidden: Vec<Secret<String>>,
}

pub(super) struct Login {
    pub username: String,
    pub password: Secret<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    None,
    Opportunistic,
    StartTls,
    Tls,
}

impl Settings {
    pub(super) fn read(fields: Fields<'_>, secret: Option<&Secret<String>>) -> Result<Self, ConfigError> {
        let words = [
            ("none", Mode::None),
            ("opportunistic", Mode::Opportunistic),
            ("starttls", Mode::StartTls),
            ("tls", Mode::Tls),
        ];
        let mode = fields.word("tls", &words)?.unwrap_or(Mode::StartTls);
        let host = host(fields)?;
        let default_port = match mode {
            Mode::None | Mode::Opportunistic => 25,
            Mode::StartTls => 587,
            Mode::Tls => 465,
        };
        let port = fields.whole("port", 1..=65_535)?.and_then(|port| u16::try_from(port).ok());
        let login = login(fields, secret)?;
        if mode == Mode::Opportunistic && login.is_some() {
            // Whoever strips STARTTLS from the greeting would be handed the password.
            let fix = "use starttls or tls together with username";
            return Err(ConfigError::invalid("tls", "is opportunistic, which gives credentials away", fix));
        }
        let authorities = fields.text("ca_file")?;
        let secure = |authorities| tls::Secure::new(&host, authorities);
        let encryption = match mode {
            Mode::None if authorities.is_some() => {
                return Err(ConfigError::invalid("ca_file", "is of no use with tls = none", "leave it out"));
            }
            Mode::None => Encryption::None,
            Mode::Opportunistic => Encryption::IfOffered(secure(authorities)?),
            Mode::StartTls => Encryption::StartTls(secure(authorities)?),
            Mode::Tls => Encryption::FromTheStart(secure(authorities)?),
        };
        let timeout = fields.number("timeout_seconds", 0.1..=600.0)?.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        let connections = fields.whole("max_connections", 1..=1_000)?.unwrap_or(DEFAULT_CONNECTIONS);
        let bytes = fields.whole("max_message_bytes", 1_024..=u32::MAX)?.unwrap_or(DEFAULT_MESSAGE_BYTES);
        Ok(Self {
            port: port.unwrap_or(default_port),
            encryption,
            from: from(fields)?,
            hidden: login.as_ref().map(hidden).unwrap_or_default(),
            login,
            hello_name: hello_name(fields)?,
            timeout: Duration::from_secs_f64(timeout),
            max_connections: usize::try_from(connections).unwrap_or(usize::MAX),
            max_message_bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            host,
        })
    }

    /// `text` without the password in any form that was sent.
    pub(super) fn redact(&self, mut text: String) -> String {
        for hidden in &self.hidden {
            if text.contains(hidden.expose().as_str()) {
                text = text.replace(hidden.expose().as_str(), "••••");
            }
        }
        text
    }
}

/// Longest first, so that no part of a longer form is left over.
fn hidden(login: &Login) -> Vec<Secret<String>> {
    let password = login.password.expose();
    let plain = Secret::new(format!("\0{}\0{password}", login.username));
    let encoded = |text: &str| Secret::new(BASE64_STANDARD.encode(text));
    vec![encoded(plain.expose()), encoded(password), Secret::new(password.clone())]
}

fn host(fields: Fields<'_>) -> Result<String, ConfigError> {
    let host = fields.text("host")?.ok_or_else(|| ConfigError::missing("host", "name the relay"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@".contains(c)) {
        let fix = "give a bare name or address, such as mail.example.org";
        return Err(ConfigError::invalid("host", "is no host name", fix));
    }
    Ok(host.to_owned())
}

fn from(fields: Fields<'_>) -> Result<Mailbox, ConfigError> {
    let fix = "use an address such as Shop <noreply@example.org>";
    let text = fields.text("from")?.ok_or_else(|| ConfigError::missing("from", fix))?;
    let wrong = |reason: String| ConfigError::invalid("from", reason, fix);
    if text.contains(char::is_control) {
        return Err(wrong(String::from("contains a control character")));
    }
    let mailbox: Mailbox = text.parse().map_err(|error| wrong(format!("is no mail address ({error})")))?;
    mime::punycoded(mailbox).map_err(|error| wrong(format!("is no mail address ({error})")))
}

fn hello_name(fields: Fields<'_>) -> Result<Option<String>, ConfigError> {
    let Some(name) = fields.text("hello_name")? else { return Ok(None) };
    if name.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(name.to_owned()))
    } else {
        Err(ConfigError::invalid("hello_name", "is no host name", "use plain ASCII without spaces"))
    }
}

fn login(fields: Fields<'_>, secret: Option<&Secret<String>>) -> Result<Option<Login>, ConfigError> {
    let password = match secret {
        Some(secret) if secret.expose().is_empty() => {
            return Err(ConfigError::invalid("secret", "is empty", "give the password or leave it out"));
        }
        Some(secret) if secret.expose().contains('\0') => {
            return Err(ConfigError::invalid("secret", "contains NUL", "check the password"));
        }
        secret => secret,
    };
    match (fields.text("username")?, password) {
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(ConfigError::missing("secret", "username needs the password as the provider's secret"))
        }
        (None, Some(_)) => {
            Err(ConfigError::missing("username", "the secret needs the login name it belongs to"))
        }
        (Some(username), Some(_)) if username.contains(char::is_control) => {
            Err(ConfigError::invalid("username", "contains a control character", "check the name"))
        }
        (Some(username), Some(password)) => {
            Ok(Some(Login { username: username.to_owned(), password: password.clone() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(config: &Value, secret: Option<&str>) -> Result<Settings, ConfigError> {
        let secret = secret.map(|secret| Secret::new(secret.to_owned()));
        Settings::read(Fields::new(config.as_object().unwrap()), secret.as_ref())
    }

    fn with(extra: &Value) -> Value {
        let mut config = json!({"host": "mail.example.org", "from": "a@example.org", "tls": "none"});
        config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        config
    }

    #[test]
    fn the_port_follows_the_encryption() {
        for (tls, port) in [("none", 25), ("opportunistic", 25), ("starttls", 587), ("tls", 465)] {
            assert_eq!(read(&with(&json!({"tls": tls})), None).ok().unwrap().port, port);
        }
        assert_eq!(read(&with(&json!({"port": 2525})), None).ok().unwrap().port, 2525);
    }

    #[test]
    fn wrong_settings_name_their_field() {
        let cases = [
            (json!({"host": "smtp://h"}), None, "host"),
            (json!({"from": "nobody"}), None, "from"),
            (json!({"from": "a@b.example\r\nBcc: x@y.example"}), None, "from"),
            (json!({"tls": "ssl"}), None, "tls"),
            (json!({"tls": "opportunistic", "username": "u"}), Some("p"), "tls"),
            (json!({"username": "u"}), None, "secret"),
            (json!({}), Some("p"), "username"),
            (json!({"username": "u"}), Some(""), "secret"),
            (json!({"username": "u\nv"}), Some("p"), "username"),
            (json!({"hello_name": "a b"}), None, "hello_name"),
            (json!({"port": 0}), None, "port"),
            (json!({"timeout_seconds": 0}), None, "timeout_seconds"),
            (json!({"max_connections": 0}), None, "max_connections"),
            (json!({"ca_file": "/nonexistent.pem"}), None, "ca_file"),
            (json!({"tls": "starttls", "ca_file": "/nonexistent.pem"}), None, "ca_file"),
            (json!({"tls": "starttls", "ca_file": "-----BEGIN NOTHING-----"}), None, "ca_file"),
        ];
        for (extra, secret, field) in cases {
            let error = read(&with(&extra), secret).err().unwrap();
            assert_eq!(error.field(), Some(field), "{extra}: {error}");
        }
    }

    #[test]
    fn no_form_of_the_password_is_repeated() {
        let settings = read(&with(&json!({"username": "u"})), Some("hunter2")).ok().unwrap();
        let plain = BASE64_STANDARD.encode("\0u\0hunter2");
        let text = settings.redact(format!("500 AUTH PLAIN {plain} aHVudGVyMg== hunter2?"));
        assert_eq!(text, "500 AUTH PLAIN •••• •••• ••••?");
    }
}
