//! Encryption of the dialogue: when, and under which name.

use crate::config::ConfigError;
use crate::trust;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// When to encrypt.
pub(super) enum Encryption {
    None,
    /// STARTTLS if the server offers it; whoever sits in between can take the offer away.
    IfOffered(Secure),
    /// STARTTLS or nothing is sent.
    StartTls(Secure),
    /// TLS before the first byte.
    FromTheStart(Secure),
}

/// What it takes to encrypt: the trust and the name the certificate must carry.
pub(super) struct Secure {
    pub connector: TlsConnector,
    pub name: ServerName<'static>,
}

impl Secure {
    pub(super) fn new(host: &str, authorities: Option<&str>) -> Result<Self, ConfigError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            let fix = "use the name in the server's certificate, or tls = none";
            ConfigError::invalid("host", "cannot be the name in a certificate", fix)
        })?;
        Ok(Self { connector: TlsConnector::from(Arc::new(trust::config(authorities)?)), name })
    }
}
